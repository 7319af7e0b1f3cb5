"""Demagnetising field: Newell tensor, far field, periodic images, spectrum cache, convolution."""

from fdmag.demag.cache import SpectrumCache, default_cache
from fdmag.demag.convolution import DemagConvolution
from fdmag.demag.edges import EdgeField, edges_of
from fdmag.demag.host import HostDemag, demag_convolution, prepare_demag
from fdmag.demag.spectrum import demag_spectrum, padded_lengths
from fdmag.demag.tensor import demag_tensor

__all__ = [
    "DemagConvolution",
    "EdgeField",
    "HostDemag",
    "SpectrumCache",
    "default_cache",
    "demag_convolution",
    "demag_spectrum",
    "demag_tensor",
    "edges_of",
    "padded_lengths",
    "prepare_demag",
]

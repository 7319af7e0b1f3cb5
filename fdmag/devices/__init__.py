"""Devices: what is read out of a simulation, and what it costs to write.

>>> from fdmag.devices import TunnelJunction
>>> float(TunnelJunction(RA_P=5e-12, TMR=1.5).resistance(-1, area=5e-15))
2500.0
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fdmag.devices.bias_table import BiasTable
    from fdmag.devices.binary_synapse import BinarySynapse
    from fdmag.devices.compact_model import CompactModel, tabulate
    from fdmag.devices.crossbar import write_crossbar
    from fdmag.devices.junction_curve import fit_bias
    from fdmag.devices.junction_device import JunctionDevice
    from fdmag.devices.mtj import TunnelJunction
    from fdmag.devices.multilevel_mtj import MultilevelMTJ
    from fdmag.devices.nanopillar import Channel, Nanopillar
    from fdmag.devices.oscillator import SpinTorqueOscillator
    from fdmag.devices.pillar_diagram import field_diagram, pulse_diagram
    from fdmag.devices.pillar_stability import escape_rates, stability
    from fdmag.devices.pillar_switching import switching_times
    from fdmag.devices.pillar_threshold import critical_current
    from fdmag.devices.pillar_write_errors import write_errors
    from fdmag.devices.spin_diffusion import SpinDiffusion
    from fdmag.devices.spin_layers import End, Interface, Layer
    from fdmag.devices.spread import Spread
    from fdmag.devices.synapse import synapse_figures
    from fdmag.devices.threshold_spread import ThresholdSpread
    from fdmag.devices.tolerance import tolerable_spread
    from fdmag.devices.track_readout import TrackReadout
    from fdmag.devices.variability import with_elliott_yafet
    from fdmag.devices.wall_neuron import WallNeuron
    from fdmag.devices.wall_neuron_track import DomainWallNeuron
    from fdmag.devices.wall_synapse import DomainWallSynapse, PulseTrain
    from fdmag.devices.write_energy import write_energy_scaling
    from fdmag.devices.write_mechanisms import FreeLayer, SpinOrbitWrite, SpinTransferWrite, VoltageWrite

_HOME = {
    "BiasTable": "bias_table",
    "BinarySynapse": "binary_synapse",
    "Channel": "nanopillar",
    "CompactModel": "compact_model",
    "DomainWallNeuron": "wall_neuron_track",
    "DomainWallSynapse": "wall_synapse",
    "End": "spin_layers",
    "FreeLayer": "write_mechanisms",
    "Interface": "spin_layers",
    "JunctionDevice": "junction_device",
    "Layer": "spin_layers",
    "MultilevelMTJ": "multilevel_mtj",
    "Nanopillar": "nanopillar",
    "PulseTrain": "wall_synapse",
    "SpinDiffusion": "spin_diffusion",
    "SpinOrbitWrite": "write_mechanisms",
    "SpinTorqueOscillator": "oscillator",
    "SpinTransferWrite": "write_mechanisms",
    "Spread": "spread",
    "ThresholdSpread": "threshold_spread",
    "TrackReadout": "track_readout",
    "TunnelJunction": "mtj",
    "VoltageWrite": "write_mechanisms",
    "WallNeuron": "wall_neuron",
    "critical_current": "pillar_threshold",
    "escape_rates": "pillar_stability",
    "field_diagram": "pillar_diagram",
    "fit_bias": "junction_curve",
    "pulse_diagram": "pillar_diagram",
    "stability": "pillar_stability",
    "switching_times": "pillar_switching",
    "synapse_figures": "synapse",
    "tabulate": "compact_model",
    "tolerable_spread": "tolerance",
    "with_elliott_yafet": "variability",
    "write_crossbar": "crossbar",
    "write_energy_scaling": "write_energy",
    "write_errors": "pillar_write_errors",
}
# ``variability`` and ``wall_velocity`` are names of modules too: they are imported from there
__all__ = [
    "BiasTable",
    "BinarySynapse",
    "Channel",
    "CompactModel",
    "DomainWallNeuron",
    "DomainWallSynapse",
    "End",
    "FreeLayer",
    "Interface",
    "JunctionDevice",
    "Layer",
    "MultilevelMTJ",
    "Nanopillar",
    "PulseTrain",
    "SpinDiffusion",
    "SpinOrbitWrite",
    "SpinTorqueOscillator",
    "SpinTransferWrite",
    "Spread",
    "ThresholdSpread",
    "TrackReadout",
    "TunnelJunction",
    "VoltageWrite",
    "WallNeuron",
    "critical_current",
    "escape_rates",
    "field_diagram",
    "fit_bias",
    "pulse_diagram",
    "stability",
    "switching_times",
    "synapse_figures",
    "tabulate",
    "tolerable_spread",
    "with_elliott_yafet",
    "write_crossbar",
    "write_energy_scaling",
    "write_errors",
]


def __getattr__(name: str) -> Any:
    """Import a public name at its first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)

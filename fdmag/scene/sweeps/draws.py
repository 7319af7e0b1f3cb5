"""Random values of swept quantities: member k's depend on the seed, the quantity's name and k alone."""

import hashlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.grains import PerGrain
from fdmag.noise import philox

Distribution = Literal["normal", "lognormal", "uniform"]


def chances(seed: int, name: str, count: int) -> NDArray[np.float64]:
    """Return uniform numbers in (0, 1), (count,): Philox4x32-10 with a key of seed and name, and the counter k.

    They have 53 random bits. More members leave the first ones as they are.

    >>> bool((chances(1, "Ms", 3) == chances(1, "Ms", 5)[:3]).all())
    True
    """
    digest = hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()
    key = np.frombuffer(digest, dtype="<u4").astype(np.uint64)[:, None]
    counter = np.zeros((4, count), dtype=np.uint64)
    counter[0] = np.arange(count)
    high, low, *_ = philox(counter, key).astype(np.float64)
    return (np.floor(high / 2**5) * 2.0**26 + np.floor(low / 2**6) + 0.5) / 2.0**53


def draw(form: Distribution, options: dict[str, Any], uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quantiles of a distribution at numbers between 0 and 1.

    Parameters
    ----------
    form : "normal", "lognormal" or "uniform"
    options : dict
        ``mean``, ``sigma``, ``lowest``, ``highest`` as numbers; of "uniform" the bounds alone.
    uniform : array (n,)

    Raises
    ------
    ParameterError
        If the distribution is impossible.
    """
    try:
        return _drawn(form, options, uniform)
    except ParameterError as error:
        raise ParameterError(str(error).removeprefix("PerGrain: ")) from error


def _drawn(form: Distribution, options: dict[str, Any], uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    if form == "uniform":
        low, high = options["lowest"], options["highest"]
        if not low < high:
            raise ParameterError(f"lowest = {low:g}, highest = {high:g}; give lowest < highest")
        mean, sigma = (low + high) / 2, (high - low) / np.sqrt(12)
        # The bounds say what mean and standard deviation say but for rounding.
        return PerGrain(mean, sigma, 0, distribution="uniform", lowest=low, highest=high).draw(uniform)
    return PerGrain(seed=0, distribution=form, **options).draw(uniform)

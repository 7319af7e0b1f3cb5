"""Parameters of a synapse for simulators of crossbar arrays: NeuroSim and IBM's aihwkit.

Both are written as JSON with the names of the simulators' own parameters, and with the mapping from conductances. The
rules by which the simulators use them are stated here; the tests apply them, and get the fitted curves back.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.devices.response_fit import ResponseFit
from fdmag.devices.synapse import SynapseFigures
from fdmag.errors import ParameterError, did_you_mean
from fdmag.output.provenance import machine_info, write_json

__all__ = ["aihwkit_piecewise", "aihwkit_soft_bounds", "neurosim", "write_crossbar"]


def neurosim(figures: SynapseFigures) -> dict[str, Any]:
    """Return the parameters of ``RealDevice`` in NeuroSim's ``Cell.cpp``.

    Its rule: from G at the pulse position x = −A ln(1 − (G − G_min)/B), one pulse leads to
    G_min + B (1 − e^{−(x ± 1)/A}) with B = (G_max − G_min)/(1 − e^{−N/A}), A = ``paramALTP`` up and ``paramALTD`` down.
    Positions are counted upwards for both, so that A and the label ``NL_LTD`` of a depression that saturates are
    negative there. ``sigmaCtoC`` is the standard deviation of one update [S], ``sigmaDtoD`` that of the labels over
    devices, ``sigmaReadNoise`` that of a reading over the conductance, here the highest.

    Source: P.-Y. Chen, X. Peng, S. Yu, IEDM 2017, 6.1.1; user manual of MLP+NeuroSim V3.0.
    """
    p, d = figures.potentiation, figures.depression
    update = figures.update_noise
    return {
        "maxConductance": figures.G_max,
        "minConductance": figures.G_min,
        "maxNumLevelLTP": p.pulses,
        "maxNumLevelLTD": d.pulses,
        "NL_LTP": p.nonlinearity,
        "NL_LTD": -d.nonlinearity,
        "paramALTP": p.A,
        "paramALTD": -d.A,
        "nonlinearWrite": True,
        "sigmaCtoC": update if np.isfinite(update) else 0.0,
        "sigmaDtoD": figures.label_spread if np.isfinite(figures.label_spread) else 0.0,
        "readNoise": bool(p.assumed == "read" and max(p.noise, d.noise) > 0),
        "sigmaReadNoise": max(p.noise, d.noise) / figures.G_max if p.assumed == "read" else 0.0,
    }


def aihwkit_piecewise(figures: SynapseFigures, nodes: int = 11, *, of: str = "fit") -> dict[str, Any]:
    """Return the parameters of ``PiecewiseStepDevice`` of aihwkit, for weights from −1 (G_min) to 1 (G_max).

    Its rule: w ← w ± dw_min v(w) (1 + dw_min_std ξ), then clipped, v being interpolated linearly between the nodes of
    ``piecewise_up`` or ``piecewise_down``, equally spaced from w_min to w_max, and ξ normal.

    Parameters
    ----------
    figures : SynapseFigures
    nodes : int
        From 2 to 63.
    of : "fit" or "data"
        Steps of the fitted exponentials, which are linear in w and thus exact for any number of nodes; or those of the
        mean curves, whatever their form, as long as they rise and fall steadily.

    Source: M. J. Rasch et al., IEEE AICAS 2021 (arXiv:2104.02184); the class's documentation.
    """
    if of not in ("fit", "data"):
        raise ParameterError(f'of = {of!r}; allowed: "fit", "data"{did_you_mean(of, ["fit", "data"])}')
    if not 2 <= nodes <= 63:
        raise ParameterError(f"nodes = {nodes}; allowed: from 2 to 63")
    G = np.linspace(figures.G_min, figures.G_max, nodes)
    step = _fitted_step if of == "fit" else _step_of_data
    up = step(figures.potentiation, figures.G_p, G)
    down = -step(figures.depression, figures.G_d, G)
    if min(up.min(), down.min()) < 0:
        raise ParameterError("aihwkit: a step has the wrong sign somewhere in the range; smooth the data")
    scale = 2 / figures.range  # weight per conductance
    mean = float(np.concatenate([up, down]).mean())
    update, device = figures.update_noise, figures.device_to_device
    return {
        "dw_min": mean * scale,
        "dw_min_std": update / mean if np.isfinite(update) else 0.0,
        "dw_min_dtod": 0.0,
        "up_down": 0.0,
        "up_down_dtod": 0.0,
        "w_max": 1.0,
        "w_min": -1.0,
        "w_max_dtod": device * scale if np.isfinite(device) else 0.0,
        "w_min_dtod": device * scale if np.isfinite(device) else 0.0,
        "piecewise_up": (up / mean).tolist(),
        "piecewise_down": (down / mean).tolist(),
    }


def aihwkit_soft_bounds(figures: SynapseFigures) -> dict[str, Any]:
    """Return the parameters of ``SoftBoundsPmaxDevice`` of aihwkit, for weights from −1 (G_min) to 1 (G_max).

    Its pulse response is that of `fdmag.analytic.pulse_response`, with the same ``alpha`` = 1/A for both directions:
    here the mean of both.

    Raises
    ------
    ParameterError
        If a response does not saturate, or the directions saturate with different numbers of pulses by more than 10 %.
    """
    p, d = figures.potentiation, figures.depression
    if not (p.curvature > 0 and d.curvature > 0):
        raise ParameterError("aihwkit: soft bounds need responses that saturate (A > 0); use the piecewise device")
    rates = np.array([1 / p.A, 1 / d.A])
    if abs(rates[0] - rates[1]) > 0.1 * rates.mean():
        raise ParameterError(
            f"aihwkit: A is {p.A:.3g} pulses up and {d.A:.3g} down; soft bounds have one for both: "
            "use the piecewise device"
        )
    return {"p_max": (p.pulses + d.pulses) // 2, "alpha": float(rates.mean()), "range_min": -1.0, "range_max": 1.0}


FORMATS: dict[str, tuple[Callable[..., dict[str, Any]], str]] = {
    "neurosim": (neurosim, "RealDevice of MLP+NeuroSim"),
    "aihwkit_piecewise": (aihwkit_piecewise, "aihwkit.simulator.configs.devices.PiecewiseStepDevice"),
    "aihwkit_soft_bounds": (aihwkit_soft_bounds, "aihwkit.simulator.configs.devices.SoftBoundsPmaxDevice"),
}


def write_crossbar(path: str | os.PathLike[str], figures: SynapseFigures, form: str, **options: Any) -> dict[str, Any]:
    """Write the parameters of a synapse for a simulator as JSON, atomically, and return what was written.

    The keys are ``device``, the class they belong to; ``parameters``; ``mapping``, how weights and conductances are
    related; ``figures`` with their uncertainties; ``made_with``. In aihwkit: ``PiecewiseStepDevice(**parameters)``.

    Parameters
    ----------
    path : path
    figures : SynapseFigures
    form : str
        A key of `FORMATS`.
    **options
        Of the function for this form.
    """
    if form not in FORMATS:
        raise ParameterError(f"form = {form!r}; allowed: {', '.join(FORMATS)}{did_you_mean(form, FORMATS)}")
    make, device = FORMATS[form]
    content = {
        "device": device,
        "parameters": make(figures, **options),
        "mapping": {
            "G_min": figures.G_min,
            "G_max": figures.G_max,
            "unit": "S",
            "weight": "w = 2 (G - G_min)/(G_max - G_min) - 1" if form != "neurosim" else "conductances are given in S",
        },
        "figures": {
            "potentiation": figures.potentiation,
            "depression": figures.depression,
            "cycle_to_cycle": figures.cycle_to_cycle,
            "device_to_device": figures.device_to_device,
            "levels": figures.levels,
        },
        "made_with": machine_info(),
    }
    write_json(path, content)
    return content


def _fitted_step(fit: ResponseFit, _: NDArray, G: NDArray) -> NDArray[np.float64]:
    """Return what one pulse adds at the conductances G: linear in G for an exponential."""
    k = fit.curvature
    if abs(k) < 1e-9:
        return np.full_like(G, (fit.end - fit.start) / fit.pulses)
    limit = fit.start - (fit.end - fit.start) / np.expm1(-k)
    return np.asarray((limit - G) * -np.expm1(-k / fit.pulses))


def _step_of_data(_: ResponseFit, curve: NDArray, G: NDArray) -> NDArray[np.float64]:
    """Return what one pulse adds at the conductances G, from the mean curve."""
    steps = np.diff(curve)
    if not (np.all(steps > 0) or np.all(steps < 0)):
        raise ParameterError("aihwkit: the mean curve does not rise or fall steadily; use of = 'fit'")
    last = steps[-1] + (steps[-1] - steps[-2])
    whole = np.append(steps, last if last * steps[-1] > 0 else 0.0)
    order = np.argsort(curve)
    return np.interp(G, curve[order], whole[order])

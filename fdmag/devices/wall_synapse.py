"""A domain wall in a track as a synapse: pulses move it, and a junction above the track reads where it is."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.checks import checked, lost_walls
from fdmag.devices.current_drive import CurrentDrive
from fdmag.devices.device import Device, Told
from fdmag.devices.junction_device import JunctionDevice
from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.devices.synapse import SynapseFigures, synapse_figures
from fdmag.errors import ParameterError
from fdmag.quantities import Column, evaluate
from fdmag.simulation import Simulation

__all__ = ["DomainWallSynapse", "PulseTrain", "WallSynapseCurves"]

REPLICAS = ("devices", "cycles")


@dataclass(frozen=True)
class PulseTrain:
    """Equal pulses up, then as many down, any number of times.

    Attributes
    ----------
    J : float [A/m²]
        Of a pulse of potentiation; its sign says which way.
    width : float [s]
    gap : float [s]
        Without current after each pulse, in which the wall comes to rest; read at its end.
    pulses : int
        In each direction.
    cycles : int
    J_depression : float [A/m²], optional
        By default −J.

    Raises
    ------
    ParameterError
        For a time or number out of range, or currents that are 0 or of the same sign.

    >>> PulseTrain(J=5e11, width=1e-9, gap=1e-9, pulses=16, cycles=2).duration
    1.28e-07
    """

    J: float
    width: float
    gap: float
    pulses: int
    cycles: int = 1
    J_depression: float | None = None

    def __post_init__(self) -> None:
        checked("pulse train", self, J="finite A/m^2", width="positive s", gap="at least 0 s")
        for name, least in (("pulses", 2), ("cycles", 1)):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < least:
                raise ParameterError(f"pulse train: {name} = {getattr(self, name)!r}; allowed: at least {least}")
        if not self.J * self.down < 0:
            raise ParameterError(
                f"pulse train: J = {self.J:g} and J_depression = {self.down:g} A/m^2; allowed: opposite signs"
            )

    @property
    def down(self) -> float:
        """Current density of a pulse of depression [A/m²]."""
        return -self.J if self.J_depression is None else self.J_depression

    @property
    def duration(self) -> float:
        """Of all pulses with their gaps [s]."""
        return float(2 * self.cycles * self.pulses * (self.width + self.gap))

    def currents(self) -> NDArray[np.float64]:
        """Return the current density of each pulse in turn, (2 cycles pulses,) [A/m²]."""
        return np.tile(np.repeat([self.J, self.down], self.pulses), self.cycles)


@dataclass(frozen=True)
class WallSynapseCurves(Result):
    """A wall and what the junction says of it, before the first pulse and after each.

    Attributes
    ----------
    figures : SynapseFigures or None
        Fits and spreads, of which the numbers below are a part; None with fewer than 4 pulses in each direction,
        or the conductance does not go up and down.
    step_p, step_d
        Mean displacement of the wall by a pulse up and down; NaN where the wall was lost.
    energy_p, energy_d
        J² ρ t A t_pulse of the conductor; NaN without its resistivity and thickness.
    """

    figures: SynapseFigures | None
    pulse: NDArray = quantity("1", "pulses so far", "pulse")
    J: NDArray = quantity("A/m^2", "current density of the last pulse", "pulse")
    position: NDArray = quantity("m", "position of the wall", "replica", "pulse")
    conductance: NDArray = quantity("S", "conductance", "replica", "pulse")
    step_p: NDArray = quantity("m", "displacement by a pulse of potentiation", "replica")
    step_d: NDArray = quantity("m", "displacement by a pulse of depression", "replica")
    G_min: float = quantity("S", "lowest conductance")
    G_max: float = quantity("S", "highest conductance")
    nonlinearity_p: float = quantity("1", "nonlinearity of potentiation")
    nonlinearity_d: float = quantity("1", "nonlinearity of depression")
    asymmetry: float = quantity("1", "asymmetry, over the range")
    cycle_to_cycle: float = quantity("S", "standard deviation over cycles")
    device_to_device: float = quantity("S", "standard deviation over devices")
    levels: float = quantity("1", "distinguishable levels")
    energy_p: float = quantity("J", "heat of a pulse of potentiation in the conductor")
    energy_d: float = quantity("J", "heat of a pulse of depression in the conductor")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the conductance of each replica over the pulses, dots for readings up and down."""
        ax = axes_for(ax, "pulses", "G [µS]", "potentiation and depression by a domain wall")
        for number, G in enumerate(self.conductance):
            ax.plot(self.pulse, G * 1e6, "-", color="0.7", linewidth=0.7, zorder=1)
            for rising, colour in ((True, COLOURS[0]), (False, COLOURS[1])):
                chosen = (self.J > 0) == (self.J[1] > 0) if rising else (self.J > 0) != (self.J[1] > 0)
                chosen[0] = False
                label = ("potentiation" if rising else "depression") if number == 0 else None
                ax.plot(self.pulse[chosen], G[chosen] * 1e6, "o", color=colour, markersize=3, label=label)
        ax.legend()
        return ax


class DomainWallSynapse(Device):
    """Drives a wall by pulses of current, and reads a junction after each.

    Parameters
    ----------
    simulation : Simulation
        A track along x with one wall across it, at rest, and the torque that moves it.
    junction : JunctionDevice
        The junction above, below, or at part of the track; its reference along ±z.
    train : PulseTrain
    term : str
        Whose J the pulses are: "spin_orbit_torque" for a current in the heavy metal, "zhang_li" for one in the track.
    replicas : "devices" or "cycles"
        What the replicas are: different tracks, or repetitions that noise tells apart.
    noise : "read" or "update"
        What the scatter is; see `fdmag.devices.synapse.synapse_figures`.
    resistivity, thickness : float [Ω m], [m], optional
        Of the conductor that the pulses heat, a strip as long and wide as the mesh: J² ρ t A t_pulse.

    Raises
    ------
    ParameterError
        For a term without current, or values out of range.

    Notes
    -----
    *A wall that moves towards +x enlarges the domain towards −x: with this domain along the reference, the conductance
    rises.* Which sign of J does that follows from the torque: with the heavy metal below the track, a positive spin
    Hall angle and a left-handed Néel wall (D > 0) it is J > 0; by Zhang–Li with P > 0 it is J < 0.

    Source: the device is that of A. Sengupta, Y. Shim, K. Roy, IEEE Trans. Biomed. Circuits Syst. 10, 1152 (2016).
    """

    operates = True

    def __init__(
        self,
        simulation: Simulation,
        junction: JunctionDevice,
        train: PulseTrain,
        *,
        term: str = "spin_orbit_torque",
        replicas: str = "devices",
        noise: str = "read",
        resistivity: float | None = None,
        thickness: float | None = None,
    ) -> None:
        if replicas not in REPLICAS:
            raise ParameterError(f'synapse: replicas = "{replicas}"; allowed: {", ".join(REPLICAS)}')
        if (resistivity is None) != (thickness is None):
            raise ParameterError("synapse: the energy of a pulse needs both resistivity and thickness of the conductor")
        if resistivity is not None:
            heated = {"resistivity": resistivity, "thickness": thickness}
            checked("synapse", heated, resistivity="positive ohm m", thickness="positive m")
        self.simulation = simulation
        self.junction = junction
        self.train = train
        self.replicas = replicas
        self.noise = noise
        self.resistivity, self.thickness = resistivity, thickness
        self._drive = CurrentDrive(simulation, term)
        self._positions: list[NDArray] = []
        self._conductances: list[NDArray] = []
        self._currents: list[float] = []

    def columns(self) -> list[Column]:
        """Return position and conductance."""
        return [
            Column("position", "m", lambda s: evaluate(s, "wall_position.z"), "x of the wall"),
            Column("conductance", "S", lambda s: self.junction.conductance(), "conductance of the junction"),
            Column("pulses", "1", lambda s: np.full(s.batch, max(len(self._currents) - 1.0, 0.0)), "pulses so far"),
        ]

    def operate(self, told: Told | None = None, **options: Any) -> None:
        """Apply the train; ``told`` is called before the first pulse and after each."""
        currents = self.train.currents()
        self._read(0.0)
        if told is not None:
            told(0, currents.size)
        for number, J in enumerate(currents.tolist(), start=1):
            self._drive.set(J)
            self.simulation.run(self.train.width, **options)
            self._drive.set(0.0)
            if self.train.gap > 0:
                self.simulation.run(self.train.gap, **options)
            self._read(J)
            if told is not None:
                told(number, currents.size)

    def _read(self, J: float) -> None:
        self._positions.append(evaluate(self.simulation, "wall_position.z"))
        self._conductances.append(self.junction.conductance())
        self._currents.append(J)

    def doubts(self) -> list[str]:
        """Return after which pulse a wall has left the track."""
        return lost_walls(np.stack(self._positions, axis=1), lambda pulse: f"after pulse {pulse}")

    def result(self) -> WallSynapseCurves:
        """Return the curves and figures of what was applied.

        Raises
        ------
        ParameterError
            Before `operate`.
        """
        if not self._currents:
            raise ParameterError("synapse: no pulse yet; call operate first")
        position, G = np.stack(self._positions, axis=1), np.stack(self._conductances, axis=1)
        up, down = self._sweeps(G)
        moves = self._sweeps(position)
        rises = up[..., -1].mean() > up[..., 0].mean() and down[..., -1].mean() < down[..., 0].mean()
        figures = self._figures(up, down) if rises else None
        step_p, step_d = (np.mean(moved[..., -1] - moved[..., 0], axis=1) / self.train.pulses for moved in moves)

        def figure(name: str) -> float:
            return np.nan if figures is None else float(getattr(figures, name))

        return WallSynapseCurves(
            figures, np.arange(len(self._currents)), np.array(self._currents), position, G, step_p, step_d,
            float(G.min()), float(G.max()), figure("nonlinearity_p"), figure("nonlinearity_d"), figure("asymmetry"),
            figure("cycle_to_cycle"), figure("device_to_device"), figure("levels"),
            self._heat(self.train.J), self._heat(self.train.down),
        )  # fmt: skip

    def _figures(self, up: NDArray, down: NDArray) -> SynapseFigures | None:
        """Return the figures; None where no curve can be laid through the conductances."""
        with warnings.catch_warnings():
            warnings.simplefilter("error", scipy.optimize.OptimizeWarning)
            try:
                return synapse_figures(self._arranged(up), self._arranged(down), noise=self.noise)
            except (ParameterError, scipy.optimize.OptimizeWarning):
                return None

    def _sweeps(self, values: NDArray) -> tuple[NDArray, NDArray]:
        """Return what was read from before the first pulse to after the last, up and down: (batch, cycles, N + 1)."""
        N = self.train.pulses
        starts = 2 * N * np.arange(self.train.cycles)[:, None] + np.arange(N + 1)
        return values[:, starts], values[:, starts + N]

    def _arranged(self, sweeps: NDArray) -> NDArray:
        """Return sweeps as (devices, cycles, N + 1)."""
        return sweeps if self.replicas == "devices" else sweeps.reshape(1, -1, sweeps.shape[2])

    def _heat(self, J: ArrayLike) -> float:
        if self.resistivity is None or self.thickness is None:
            return np.nan
        length, width, _ = self.simulation.mesh.size
        return float(np.square(J) * self.resistivity * self.thickness * length * width * self.train.width)

"""A tunnel junction in a circuit: the voltage across it depends on the state of its whole free layer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.analytic.tunnel_junction import voltage_across
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Parameter, derived, parameter
from fdmag.regions import Regions
from fdmag.terms.junction_area import has_two_references, junction_area
from fdmag.terms.term import Context, Term

LEAST_TMR = -2 / 3
"""Where TMR falls with the bias the current of the antiparallel state goes as v (1 + v²)/(1 + TMR + v²), v = V/V_h. Its
slope has the sign of 1 + TMR + (2 + 3 TMR) v² + v⁴: from here on no part of it is negative, and below −8/9 there are
voltages where the slope is, and several voltages with one current."""


@dataclass
class InCircuit(Term):
    """What makes a tunnel torque that of a source of current, or of voltage over junction and series resistance."""

    by_current: Any = parameter("1", "1 for a source of current, 0 for one of voltage", default=0.0, choices=(0, 1),
                                time_dependent=False)  # fmt: skip
    area: Parameter = derived("m^2", "area of the junction in each cell")
    across: Parameter = derived("V", "voltage across the junction", sums=2)

    def complete(self, mesh: Mesh, regions: Regions, Ms: Parameter) -> None:
        """Find the cells of the junction, and what any tunnel torque needs."""
        super().complete(mesh, regions, Ms)
        magnetic = Ms.base > 0
        if hasattr(self, "below") and has_two_references(self, magnetic):
            raise ParameterError(
                f"{self.by_current.where.rpartition('.')[0]}: the reference region lies both below and above the free "
                "layer: two junctions in series; with a current or R_series name a region on one side alone"
            )
        self.derive(mesh, regions, area=junction_area(self, mesh, magnetic), across=np.zeros((1, 1, 1, 1, 1)))

    def check_source(self) -> None:
        """Raise `ParameterError` if the voltage across the junction would not be one number, or not be known."""
        term: Any = self  # a tunnel torque
        for quantity in (term.voltage, term.current, term.R_series, term.TMR, term.V_h):
            if any(quantity.varies_along(axis) for axis in range(3)):
                raise ParameterError(
                    f"{quantity.where} differs between cells; a junction driven by a current, or with R_series, has "
                    "one for all its cells: give one number, and P = 0 where there is no junction"
                )
        for quantity in (term.TMR, term.V_h):
            if not quantity.constant:
                raise ParameterError(f"{quantity.where} depends on time; with a current or R_series it must not")
        if np.any((term.V_h.base > 0) & (term.TMR.base < LEAST_TMR)):
            raise ParameterError(
                f"{term.TMR.where} = {float(term.TMR.base.min()):g}; with V_h and a current or R_series allowed: at "
                "least -2/3, so that the current rises with the voltage in every state"
            )
        by_current = bool(self.by_current.base.any())
        for other in (term.voltage, term.R_series) if by_current else (term.current,):
            if other.base.any():
                source = "current, which flows whatever is in series" if by_current else "voltage"
                raise ParameterError(f"{other.where}: the source of this junction is a {source}; leave it out")
        if hasattr(self, "area") and not np.all(self.area.base.any(axis=(1, 2, 3, 4))):
            raise ParameterError(f"{term.current.where}: there is no magnetic cell that the current could go through")

    def bias(self, m: NDArray, context: Context) -> NDArray:
        """Return the voltage V [V] across the junction, (batch, 1, 1, 1, 1)."""
        xp, value = context.xp, context.value
        term: Any = self  # a tunnel torque
        each = value(self.area) / value(term.RA_P)
        parallel, aligned = (
            xp.ascontiguousarray(xp.broadcast_to(part, (len(m), 1, *m.shape[2:])))
            .reshape(len(m), -1)
            .sum(axis=1, dtype=np.float64)[:, None, None, None, None]
            for part in (each, each * term.cosine(m, context)[:, None])
        )
        by_current = value(self.by_current)
        drive = xp.where(by_current > 0, value(term.current), value(term.voltage))
        load = xp.where(by_current > 0, 1, value(term.R_series))
        V = voltage_across(drive, 1 - by_current, load, parallel, aligned, value(term.TMR), value(term.V_h))
        return V.astype(m.dtype)

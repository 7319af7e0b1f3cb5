"""Torques and energies written anew, cell by cell, from publications: replicas, holes and Ms that differ in one batch.

What is written here shares no line with the terms. It is in other forms, too: LLG with the torque on the right of the
implicit equation, Slonczewski's torque by the current of electrons and with m × (p × m), energies by sums over pairs.
"""

import numpy as np
import pytest

from fdmag.constants import ELEMENTARY_CHARGE, GAMMA_E, HBAR
from fdmag.mesh import Mesh
from fdmag.parameter import Driven, PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import (
    BulkDMI,
    CubicAnisotropy,
    D2dDMI,
    Exchange,
    ExchangeBias,
    InterfaceAnisotropy,
    InterfacialDMI,
    Slonczewski,
    SpinOrbitTorque,
    TunnelTorque,
    UniaxialAnisotropy,
    ZhangLi,
)

RNG = np.random.default_rng(7)
CELLS, SIZE = (5, 4, 3), (2e-9, 3e-9, 1.5e-9)
SHAPE, VOLUME = CELLS[::-1], np.prod(SIZE)
MS = RNG.uniform(5e5, 1.5e6, SHAPE)
MS[0, 1, 2] = MS[2, 0, 0] = 0
FULL = [cell for cell in np.ndindex(SHAPE) if MS[cell] > 0]


def unit(v, axis=-1):
    return v / np.linalg.norm(v, axis=axis, keepdims=True)


M = unit(RNG.normal(size=(3, 3, *SHAPE)), 1)
ALPHA, J = np.array([0.02, 0.3, 1.2]), np.array([1e11, -2e11, 3e11])
P, LAMBDA, PRIME = np.array([0.3, 0.6, 0.8]), np.array([0.7, 1.0, 2.0]), np.array([-0.1, 0.0, 0.2])
P_DIRECTION, SIDE, THICKNESS = unit(RNG.normal(size=(3, 3))), np.array([-1.0, 1.0, -1.0]), 2.5e-9


def at(replica, cell):
    return M[(replica, slice(None), *cell)]


def rates(torque):
    """Solution (T + α m × T)/(1 + α²) of dm/dt = T + α m × dm/dt, with T = torque(replica, cell, m) across m."""
    expected = np.zeros_like(M)
    for replica, alpha in enumerate(ALPHA):
        for cell in FULL:
            m = at(replica, cell)
            T = torque(replica, cell, m)
            expected[(replica, slice(None), *cell)] = (T + alpha * np.cross(m, T)) / (1 + alpha**2)
    return expected


def fields(energy):
    """Field [T] and energy [J] of the energy density energy(replica, cell, m), by a complex step."""
    B, total, step = np.zeros_like(M), np.zeros(3), 1e-20
    for replica in range(3):
        for cell in FULL:
            m = at(replica, cell)
            total[replica] += energy(replica, cell, m) * VOLUME
            for k, along in enumerate(np.eye(3)):
                B[(replica, k, *cell)] = -energy(replica, cell, m + 1j * step * along).imag / step / MS[cell]
    return B, total


def simulation(terms, periodic="", Ms=MS):
    return Simulation(Mesh(CELLS, SIZE, periodic), terms, Ms=Ms, alpha=PerReplica(ALPHA), m=M, device="numpy")


def same(given, expected):
    np.testing.assert_allclose(given, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_slonczewski_by_its_electrons():
    """T = γ β [ε m × (p × m) + ε' p × m], β = ħ J_e/(e Ms t), J_e > 0 from the reference into the free layer."""
    term = Slonczewski(
        J=PerReplica(J), P=PerReplica(P), Lambda=PerReplica(LAMBDA), epsilon_prime=PerReplica(PRIME),
        p=PerReplica(P_DIRECTION.tolist()), side=PerReplica(SIDE), thickness=THICKNESS,
    )  # fmt: skip

    def torque(r, cell, m):
        p, square = P_DIRECTION[r], LAMBDA[r] ** 2
        # Electrons move against J: J > 0, along +z, takes them out of a free layer that lies above its reference.
        beta = HBAR * (-J[r] if SIDE[r] < 0 else J[r]) / (ELEMENTARY_CHARGE * MS[cell] * THICKNESS)
        epsilon = P[r] * square / ((square + 1) + (square - 1) * (m @ p))
        return GAMMA_E * beta * (epsilon * np.cross(m, np.cross(p, m)) + PRIME[r] * np.cross(p, m))

    same(simulation([term]).dm_dt(), rates(torque))


def test_tunnel_torque_by_two_conductances():
    V, TMR, V_h, RA = np.array([0.3, -0.5, 1.0]), np.array([1.0, 1.5, 2.0]), np.array([0.0, 0.4, 0.6]), 5e-12
    term = TunnelTorque(
        voltage=PerReplica(V), TMR=PerReplica(TMR), V_h=PerReplica(V_h), RA_P=RA, b2=0.05, P=PerReplica(P),
        Lambda=PerReplica(LAMBDA), epsilon_prime=PerReplica(PRIME), p=PerReplica(P_DIRECTION.tolist()),
        side=PerReplica(SIDE), thickness=THICKNESS,
    )  # fmt: skip

    def torque(r, cell, m):
        p, square = P_DIRECTION[r], LAMBDA[r] ** 2
        tmr = TMR[r] / (1 + (V[r] / V_h[r]) ** 2) if V_h[r] else TMR[r]
        parallel, antiparallel = 1 / RA, 1 / (RA * (1 + tmr))
        share = (1 + m @ p) / 2
        current = -SIDE[r] * V[r] * (share * parallel + (1 - share) * antiparallel)
        beta = -HBAR * current / (ELEMENTARY_CHARGE * MS[cell] * THICKNESS)
        left = P[r] * np.sqrt(tmr / (2 + tmr) / (TMR[r] / (2 + TMR[r])))  # Jullière, like electrodes
        epsilon = left * square / ((square + 1) + (square - 1) * (m @ p))
        T = beta * (epsilon * np.cross(m, np.cross(p, m)) + PRIME[r] * np.cross(p, m))
        return GAMMA_E * (T + 0.05 * V[r] ** 2 * np.cross(m, p))

    same(simulation([term]).dm_dt(), rates(torque))


def test_spin_orbit_torque_of_a_film_whose_normal_is_x():
    normal, along = np.array([1.0, 0, 0]), unit(np.array([[0, 1, 0], [0, -1, 1], [0, 0.3, 1.0]]))
    theta, t_HM, scale, field_like = (
        np.array([0.1, -0.2, 0.3]),
        np.array([3e-9, 5e-9, 1e-9]),
        1.4e-9,
        np.array([0.05, -0.1, 0]),
    )
    term = SpinOrbitTorque(
        J=PerReplica(J), theta_SH=PerReplica(theta), t_HM=PerReplica(t_HM), lambda_sf=scale,
        xi_FL=PerReplica(field_like), direction=PerReplica(along.tolist()), normal=normal, thickness=THICKNESS,
    )  # fmt: skip

    def torque(r, cell, m):
        sigma, efficiency = np.cross(normal, along[r]), theta[r] * (1 - 1 / np.cosh(t_HM[r] / scale))
        tau = HBAR * J[r] / (2 * ELEMENTARY_CHARGE * MS[cell] * THICKNESS)
        return GAMMA_E * tau * (efficiency * np.cross(m, np.cross(m, sigma)) + field_like[r] * np.cross(m, sigma))

    same(simulation([term]).dm_dt(), rates(torque))


def neighbour(cell, axis, step, periodic=""):
    """Index of a neighbour along x, y or z, or None outside the mesh."""
    there = list(cell)
    there[2 - axis] += step
    n = CELLS[axis]
    if not 0 <= there[2 - axis] < n:
        if "xyz"[axis] not in periodic:
            return None
        there[2 - axis] %= n
    return tuple(there)


def test_zhang_li_with_a_current_map():
    """T = −(u·∇)m + ξ m × (u·∇)m, u = −γ ħ P J/(2 e Ms) of the cell; across m."""
    current, xi = RNG.normal(size=(3, *SHAPE)) * 1e12, np.array([0.0, 0.1, 0.5])
    term = ZhangLi(J=current, P=PerReplica(P), xi=PerReplica(xi))

    def torque(r, cell, m):
        change = np.zeros(3)
        for axis in range(3):
            ends = []
            for step in (1, -1):
                there = neighbour(cell, axis, step)
                ends.append(m if there is None or MS[there] == 0 else at(r, there))
            u = -GAMMA_E * HBAR * P[r] * current[(axis, *cell)] / (2 * ELEMENTARY_CHARGE * MS[cell])
            change += u * (ends[0] - ends[1]) / (2 * SIZE[axis])
        T = -change + xi[r] * np.cross(m, change)
        return T - m * (m @ T)

    same(simulation([term]).dm_dt(), rates(torque))


def test_anisotropies_voltage_and_bias_together():
    """A cube turned at random, an axis for each replica, a film whose normal is y, under a voltage that grows."""
    edges = np.linalg.qr(RNG.normal(size=(3, 3)))[0].T
    edges[2] = np.cross(edges[0], edges[1])
    Kc = np.array([[4e4, -2e4, 1e4], [-3e4, 1e4, 0], [1e4, 5e4, -2e4]])
    Ku, axes = np.array([[1e5, -3e4], [-2e5, 5e4], [0, 1e5]]), unit(RNG.normal(size=(3, 3)))
    V, B, u = np.array([-0.5, 0, 1.0]), np.array([0.01, -0.02, 0]), np.array([1, 2, -2]) / 3
    terms = [
        CubicAnisotropy(Kc1=PerReplica(Kc[:, 0]), Kc2=PerReplica(Kc[:, 1]), Kc3=PerReplica(Kc[:, 2]), axis1=edges[0],
                        axis2=edges[1]),
        UniaxialAnisotropy(Ku1=PerReplica(Ku[:, 0]), Ku2=PerReplica(Ku[:, 1]), axis=PerReplica(axes.tolist())),
        InterfaceAnisotropy(Ks=1e-3, xi=8e-14, voltage=Driven(PerReplica(V), lambda t: 1 + t / 1e-9), t_ox=1.1e-9,
                            normal=(0, 1, 0), thickness=1.7e-9),
        ExchangeBias(direction=(1, 2, -2), B=PerReplica(B), J=-2e-4, thickness=3e-9),
    ]  # fmt: skip

    def energy(r, cell, m):
        a, b, c = (edges @ m) ** 2
        cubic = Kc[r] @ [a * b + b * c + c * a, a * b * c, (a * b) ** 2 + (b * c) ** 2 + (c * a) ** 2]
        cosine = axes[r] @ m
        uniaxial = -Ku[r, 0] * cosine**2 - Ku[r, 1] * cosine**4
        interface = -(1e-3 + 8e-14 * 1.3 * V[r] / 1.1e-9) / 1.7e-9 * m[1] ** 2
        return cubic + uniaxial + interface - (MS[cell] * B[r] - 2e-4 / 3e-9) * (m @ u)

    magnet = simulation(terms)
    magnet.t = 0.3e-9
    expected, total = fields(energy)
    same(magnet.effective_field(), expected)
    same(magnet.energy(), total)


@pytest.mark.parametrize("periodic", ["", "x", "yz"])
def test_exchange_over_pairs(periodic):
    """Σ over pairs of A |m − m'|² V/d², A the harmonic mean; no pair with an empty cell."""
    A = RNG.uniform(5e-12, 2e-11, SHAPE)
    expected = np.zeros(3)
    for r in range(3):
        for cell in FULL:
            for axis in range(3):
                there = neighbour(cell, axis, 1, periodic)
                if there is not None and MS[there] > 0:
                    mean = 2 / (1 / A[cell] + 1 / A[there])
                    expected[r] += mean * np.sum((at(r, cell) - at(r, there)) ** 2) / SIZE[axis] ** 2 * VOLUME
    same(simulation([Exchange(A=A)], periodic).energy(), expected)


def test_dmi_by_the_formulas_of_the_continuum():
    """Central differences in a periodic mesh, D of both signs, a tilted normal, axes turned by 45°."""
    D, n = np.array([-3e-3, 1e-3, 2e-3]), unit(np.array([1.0, 2, 3]))
    a, b = unit(np.array([1.0, 1, 0])), unit(np.array([-1.0, 1, 0]))

    def slopes(r, cell):
        return np.array([(at(r, neighbour(cell, k, 1, "xyz")) - at(r, neighbour(cell, k, -1, "xyz"))) / (2 * SIZE[k])
                         for k in range(3)])  # fmt: skip

    def interfacial(m, d):
        return (m @ n) * np.trace(d) - m @ (d @ n)

    def bulk(m, d):
        return m @ [d[1, 2] - d[2, 1], d[2, 0] - d[0, 2], d[0, 1] - d[1, 0]]

    def d2d(m, d):
        return m @ np.cross(a @ d, a) - m @ np.cross(b @ d, b)

    densities = {"interfacial_dmi": interfacial, "bulk_dmi": bulk, "d2d_dmi": d2d}
    terms = [
        InterfacialDMI(D=PerReplica(D), A=1e-11, normal=n),
        BulkDMI(D=PerReplica(D), A=1e-11),
        D2dDMI(D=PerReplica(D), A=1e-11, a=(1, 1, 0), b=(-1, 1, 0)),
    ]
    for name, given in simulation(terms, "xyz", Ms=8e5).energies().items():
        density = densities[name]
        expected = [D[r] * VOLUME * sum(density(at(r, cell), slopes(r, cell)) for cell in np.ndindex(SHAPE))
                    for r in range(3)]  # fmt: skip
        same(given, np.array(expected))

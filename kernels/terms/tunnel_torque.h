// B = -s (hbar g V / (e Ms t)) (epsilon m x p + epsilon_prime p) - b2 V² p, with the conductance per area g(m·p, V)
// and the efficiency left at this bias; s = 1 with the reference layer below, -1 above.
struct TunnelTorque : Parameters {
    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i;
        return tunnel_torque(magnet.m(i), p[i], voltage[i], real(side[i] < 0 ? kHbarOverE : -kHbarOverE),
                             magnet.inverse_Ms(i), thickness[i], RA_P[i], TMR[i], V_h[i], P[i], Lambda[i],
                             epsilon_prime[i], b2[i]);
    }
};

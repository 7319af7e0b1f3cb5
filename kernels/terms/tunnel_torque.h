// B = -s (hbar g V / (e Ms t)) (epsilon m x p + epsilon_prime p) - b2 V² p, with the conductance per area g(m·p, V)
// and the efficiency left at this bias; s = 1 with the reference layer below, -1 above.
struct TunnelTorque : Parameters {
    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i;
        const vec3 m = magnet.m(i), d = p[i];
        const real V = voltage[i], ratio = V_h[i] > 0 ? V / V_h[i] : 0, left = 1 / (1 + ratio * ratio);
        const real cosine = dot(m, d), fall = square_root(left * (2 + TMR[i]) / (2 + TMR[i] * left));
        const real current = V * tunnel_conductance(cosine, TMR[i] * left) / RA_P[i];
        const real a = real(side[i] < 0 ? -kHbarOverE : kHbarOverE) * current * magnet.inverse_Ms(i) / thickness[i];
        const real even = P[i] != 0 ? b2[i] * V * V : 0, odd = P[i] != 0 ? a * epsilon_prime[i] : 0;
        return a * fall * slonczewski_efficiency(cosine, P[i], Lambda[i]) * cross(m, d) + (odd - even) * d;
    }
};

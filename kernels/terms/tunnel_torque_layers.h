// As TunnelTorque, p being the m of the facing cells: `below` cells down with s = 1, and `above` cells up with s = -1.
struct TunnelTorqueLayers : Parameters {
    // The field of one polariser d, at the distance `steps`; 0 for none.
    FD_HD vec3 from(Index i, vec3 m, vec3 d, real steps, real s, const Magnet& magnet) const {
        const real V = voltage[i], ratio = V_h[i] > 0 ? V / V_h[i] : 0, left = 1 / (1 + ratio * ratio);
        const real cosine = dot(m, d), fall = square_root(left * (2 + TMR[i]) / (2 + TMR[i] * left));
        const real current = V * tunnel_conductance(cosine, TMR[i] * left) / RA_P[i];
        const real a = -s * real(kHbarOverE) * current * magnet.inverse_Ms(i) / thickness[i];
        const real even = P[i] != 0 ? b2[i] * V * V : 0, odd = P[i] != 0 ? a * epsilon_prime[i] : 0;
        const vec3 B = a * fall * slonczewski_efficiency(cosine, P[i], Lambda[i]) * cross(m, d) + (odd - even) * d;
        return real(steps > 0 ? 1 : 0) * B;
    }

    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i, layer = site.layer();
        const vec3 m = magnet.m(i);
        return from(i, m, magnet.m(i - Index(below[i]) * layer), below[i], 1, magnet) +
               from(i, m, magnet.m(i + Index(above[i]) * layer), above[i], -1, magnet);
    }
};

// As TunnelTorque, p being the m of the facing cells: `below` cells down with s = 1, and `above` cells up with s = -1.
struct TunnelTorqueLayers : Parameters {
    // The field of one polariser d, at the distance `steps`; 0 for none.
    FD_HD vec3 from(Index i, vec3 m, vec3 d, real steps, real s, const Magnet& magnet) const {
        return real(steps > 0 ? 1 : 0) * tunnel_torque(m, d, voltage[i], s * real(kHbarOverE), magnet.inverse_Ms(i),
                                                       thickness[i], RA_P[i], TMR[i], V_h[i], P[i], Lambda[i],
                                                       epsilon_prime[i], b2[i]);
    }

    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i, layer = site.layer();
        const vec3 m = magnet.m(i);
        return from(i, m, magnet.m(i - Index(below[i]) * layer), below[i], 1, magnet) +
               from(i, m, magnet.m(i + Index(above[i]) * layer), above[i], -1, magnet);
    }
};

// As TunnelTorqueLayers, under the voltage that a circuit leaves across the whole junction.
struct TunnelTorqueLayersInCircuit : Parameters {
    // Of the conductance of the parallel state, and of this times the cosine.
    FD_HD real share(int which, const Site& site, const Magnet& magnet) const {
        const Index i = site.i, steps = below[i] > 0 ? -Index(below[i]) : Index(above[i]);
        const real parallel = area[i] / RA_P[i];
        return which == 0 ? parallel : parallel * dot(magnet.m(i), magnet.m(i + steps * site.layer()));
    }

    // The voltage across the junction.
    FD_HD double total(const double* sums) const {
        const bool given = by_current[0] > 0;
        return junction_voltage(given ? current[0] : voltage[0], given ? 0 : 1, given ? 1 : R_series[0], sums[0],
                                sums[1], TMR[0], V_h[0]);
    }

    // The field of one polariser d, at the distance `steps`; 0 for none.
    FD_HD vec3 from(Index i, vec3 m, vec3 d, real steps, real s, const Magnet& magnet) const {
        return real(steps > 0 ? 1 : 0) * tunnel_torque(m, d, across[i], s * real(kHbarOverE), magnet.inverse_Ms(i),
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

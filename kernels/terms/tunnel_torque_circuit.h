// As TunnelTorque, under the voltage that a circuit leaves across the whole junction.
struct TunnelTorqueInCircuit : Parameters {
    // Of the conductance of the parallel state, and of this times the cosine.
    FD_HD real share(int which, const Site& site, const Magnet& magnet) const {
        const Index i = site.i;
        const real parallel = area[i] / RA_P[i];
        return which == 0 ? parallel : parallel * dot(magnet.m(i), p[i]);
    }

    // The voltage across the junction.
    FD_HD double total(const double* sums) const {
        const bool given = by_current[0] > 0;
        return junction_voltage(given ? current[0] : voltage[0], given ? 0 : 1, given ? 1 : R_series[0], sums[0],
                                sums[1], TMR[0], V_h[0]);
    }

    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i;
        return tunnel_torque(magnet.m(i), p[i], across[i], real(side[i] < 0 ? kHbarOverE : -kHbarOverE),
                             magnet.inverse_Ms(i), thickness[i], RA_P[i], TMR[i], V_h[i], P[i], Lambda[i],
                             epsilon_prime[i], b2[i]);
    }
};

// B = -de/dc m_j / (Ms edge) of the partners j across the spacer, c = m_i·m_j, with the energy per area
// e = -J1 c - J2 c² - q (J1 + 2 J2 c)² (1 - c²); energy density, half of each pair, e / (2 edge); both times the share
// of the area that a cell has in common with its partner.
struct InterlayerExchange : Parameters {
    struct Pair {
        vec3 m;
        real J1, J2, q, c;
    };

    // Of one layer; q is the mean of both: edge (1 / A_i + 1 / A_j) / 8.
    FD_HD real compliance(Index i) const { return A[i] > 0 ? edge[i] / (4 * A[i]) : 0; }

    FD_HD Pair across(real steps, Index i, const Magnet& magnet) const {
        const Index j = i + Index(steps) * Index(row[i]) * Index(rows[i]);
        const real half = steps != 0 ? real(0.5) : 0;
        const vec3 m = magnet.m(j);
        return {m, half * (J1[i] + J1[j]), half * (J2[i] + J2[j]), half * (compliance(i) + compliance(j)),
                dot(magnet.m(i), m)};
    }

    FD_HD static vec3 pull(const Pair& pair) {
        const real f = pair.J1 + 2 * pair.J2 * pair.c;
        return (f + pair.q * f * (4 * pair.J2 * (1 - pair.c * pair.c) - 2 * pair.c * f)) * pair.m;
    }

    FD_HD static real gain(const Pair& pair) {
        const real f = pair.J1 + 2 * pair.J2 * pair.c;
        return (pair.J1 + pair.J2 * pair.c) * pair.c + pair.q * f * f * (1 - pair.c * pair.c);
    }

    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i;
        return (magnet.inverse_Ms(i) / edge[i]) *
               (shared_above[i] * pull(across(to_above[i], i, magnet)) +
                shared_below[i] * pull(across(to_below[i], i, magnet)));
    }

    FD_HD real energy_density(const Site& site, const Magnet& magnet) const {
        const Index i = site.i;
        return -(shared_above[i] * gain(across(to_above[i], i, magnet)) +
                 shared_below[i] * gain(across(to_below[i], i, magnet))) /
               (2 * edge[i]);
    }
};

// B_i = (2 / Ms_i) sum over neighbours n of A_in (m_n - m_i) / distance², A_in the harmonic mean of A_i and A_n.
struct Exchange : Parameters {
    FD_HD real stiffness(Index cell, Index neighbour, const Magnet& magnet) const {
        if (A.uniform && magnet.Ms.uniform) return A[cell];
        const real one = A[cell], other = magnet.magnetic(neighbour) ? A[neighbour] : 0, total = one + other;
        return total > 0 ? 2 * one * (other / total) : 0;
    }

    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const vec3 m = magnet.m(site.i);
        vec3 sum = {0, 0, 0};
        for (int axis = 0; axis < 3; ++axis) {
            const Index below = site.below[axis], above = site.above[axis];
            sum = sum + magnet.inverse_square[axis] * (stiffness(site.i, below, magnet) * (magnet.m(below) - m) +
                                                       stiffness(site.i, above, magnet) * (magnet.m(above) - m));
        }
        return (2 * magnet.inverse_Ms(site.i)) * sum;
    }
};

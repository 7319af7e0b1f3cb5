// B_i = (2 / Ms_i) sum over neighbours n of A_in (m_n - m_i) / distance², A_in the harmonic mean of A_i and A_n, times
// link_scale plus link_added of the lower of the two cells.
struct Exchange : Parameters {
    FD_HD static real along(int axis, vec3 v) { return axis == 0 ? v.x : axis == 1 ? v.y : v.z; }

    // Between a cell and its neighbour along an axis; `lower` is the one of them that holds the link.
    FD_HD real stiffness(int axis, Index cell, Neighbour neighbour, Neighbour lower, const Magnet& magnet) const {
        const bool there = magnet.Ms.uniform | magnet.magnetic(neighbour);
        const real one = A[cell], other = there ? A[neighbour] : 0, total = one + other;
        const real mean = total > 0 ? 2 * one * (other / total) : 0;
        if (link_scale.uniform) return mean;
        return along(axis, link_scale[lower]) * mean + (there ? along(axis, link_added[lower]) : 0);
    }

    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i;
        const vec3 m = magnet.m(i);
        vec3 sum = {0, 0, 0};
        if (A.uniform && magnet.Ms.uniform && link_scale.uniform) {
            for (int axis = 0; axis < kAxes; ++axis)
                sum = sum + magnet.inverse_square[axis] *
                                ((magnet.m(site.below[axis]) - m) + (magnet.m(site.above[axis]) - m));
            return (2 * A[i] * magnet.inverse_Ms(i)) * sum;
        }
        FD_UNROLL
        for (int axis = 0; axis < kAxes; ++axis) {
            const Neighbour below = site.below[axis], above = site.above[axis];
            sum = sum + magnet.inverse_square[axis] * (stiffness(axis, i, below, below, magnet) * (magnet.m(below) - m) +
                                                       stiffness(axis, i, above, i, magnet) * (magnet.m(above) - m));
        }
        return (2 * magnet.inverse_Ms(i)) * sum;
    }
};

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

    // Differences of m to its neighbours along an axis, times A unless it is the same everywhere.
    FD_HD vec3 bent(int axis, const Site& site, const Magnet& magnet) const {
        const Neighbour below = site.below[axis], above = site.above[axis];
        const vec3 m = magnet.m(site.i), down = magnet.m(below) - m, up = magnet.m(above) - m;
        if (A.uniform && magnet.Ms.uniform && link_scale.uniform) return down + up;
        return stiffness(axis, site.i, below, below, magnet) * down +
               stiffness(axis, site.i, above, site.i, magnet) * up;
    }

    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        vec3 sum = magnet.inverse_square[0] * bent(0, site, magnet);
        FD_UNROLL
        for (int axis = 1; axis < kAxes; ++axis)
            sum = fused(magnet.inverse_square[axis], bent(axis, site, magnet), sum);
        const real factor = A.uniform && magnet.Ms.uniform && link_scale.uniform ? 2 * A[site.i] : real(2);
        return (factor * magnet.inverse_Ms(site.i)) * sum;
    }
};

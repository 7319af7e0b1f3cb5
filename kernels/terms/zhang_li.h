// B = (hbar P / (2 e Ms)) [m x (J·grad) m + xi (J·grad) m], by central differences; a missing neighbour is the cell.
struct ZhangLi : Parameters {
    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const vec3 m = magnet.m(site.i), current = J[site.i];
        const real along[3] = {current.x, current.y, current.z};
        vec3 change = {0, 0, 0};
        FD_UNROLL
        for (int axis = 0; axis < kAxes; ++axis) {
            const Neighbour below = site.below[axis], above = site.above[axis];
            const vec3 lower = magnet.missing(site, below) ? m : magnet.m(below);
            const vec3 upper = magnet.missing(site, above) ? m : magnet.m(above);
            change = change + (along[axis] / (2 * magnet.cell_size[axis])) * (upper - lower);
        }
        const real amplitude = real(kHbarOverE / 2) * P[site.i] * magnet.inverse_Ms(site.i);
        return amplitude * (cross(m, change) + xi[site.i] * change);
    }
};

// B = -(1 / Ms) dE/dm of the links d_ij·(m_i x m_j) / distance, d_ij = (A_j d_i + A_i d_j) / (A_i + A_j), and of
// -|u x m|² / (8 A_i) at a surface, u = d_i, or / (16 (A_i + A_j)) at an interface, u = d_i - d_j; d = D along_k. A
// link of s times the mean stiffness is the share s of a whole one and 1 - |s| of two surfaces.
struct DMI : Parameters {
    FD_HD static real component(int axis, vec3 v) { return axis == 0 ? v.x : axis == 1 ? v.y : v.z; }

    FD_HD vec3 vector(int axis, Neighbour cell) const {
        return D[cell] * (axis == 0 ? along_x[cell] : axis == 1 ? along_y[cell] : along_z[cell]);
    }

    // Stiffness of the link with neighbour j over the harmonic mean of both cells; `lower` of the two holds it.
    FD_HD real factor_of_mean(int axis, Index i, Neighbour j, Neighbour lower) const {
        const real added = component(axis, link_added[lower]), total = A[i] + A[j];
        const real mean = total > 0 ? 2 * A[i] * (A[j] / total) : 0;
        return component(axis, link_scale[lower]) + (mean > 0 ? added / mean : real(added != 0));
    }

    FD_HD static vec3 easy(vec3 u, vec3 m) { return dot(u, u) * m - dot(u, m) * u; }

    // Ms B of cell i from the neighbour j: sign is +1 if j is above i, -1 if it is below.
    FD_HD vec3 from(int axis, real sign, const Site& site, Neighbour j, const Magnet& magnet) const {
        const bool missing = axis >= kAxes || magnet.missing(site, j);
        const vec3 m = magnet.m(site.i), here = vector(axis, site.i);
        vec3 link = here, u = missing ? here : vec3{0, 0, 0};
        const real total = A[site.i] + (missing ? 0 : A[j]);
        if (!(D.uniform && along_x.uniform)) {
            const vec3 there = missing ? vec3{0, 0, 0} : vector(axis, j);
            const real share = total > 0 ? (total - A[site.i]) / total : real(0.5);
            link = share * here + (1 - share) * there;
            u = here - there;
        }
        const real factor = missing ? 0 : sign / magnet.cell_size[axis];
        const real ends = j == site.i ? component(axis, edge[site.i]) : faces[site.i];
        const real weight = total > 0 ? ends / ((missing ? 4 : 8) * total) : 0;
        const vec3 whole = factor * cross(link, magnet.m(j)), face = weight * easy(u, m);
        if (link_scale.uniform || missing) return whole + face;
        const real s = factor_of_mean(axis, site.i, j, sign > 0 ? Neighbour(site.i) : j), size = s < 0 ? -s : s;
        const real free = A[site.i] > 0 ? (1 - size) * ends / (4 * A[site.i]) : 0;
        return s * whole + size * face + free * easy(here, m);
    }

    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        vec3 sum = {0, 0, 0};
        FD_UNROLL
        for (int axis = 0; axis < 3; ++axis)
            sum = sum + (from(axis, 1, site, site.above[axis], magnet) +
                         from(axis, -1, site, site.below[axis], magnet));
        return magnet.inverse_Ms(site.i) * sum;
    }
};

// B = -(1 / Ms) dE/dm of the links d_ij·(m_i x m_j) / distance, d_ij = (A_j d_i + A_i d_j) / (A_i + A_j), and of
// -|u x m|² / (8 A_i) at a surface, u = d_i, or / (16 (A_i + A_j)) at an interface, u = d_i - d_j; d = D along_k. A
// link of s times the mean stiffness is the share s of a whole one and 1 - |s| of two surfaces.
struct DMI : Parameters {
    FD_HD static real component(int axis, vec3 v) { return axis == 0 ? v.x : axis == 1 ? v.y : v.z; }

    FD_HD vec3 vector(int axis, Neighbour cell) const {
        return D[cell] * (axis == 0 ? along_x[cell] : axis == 1 ? along_y[cell] : along_z[cell]);
    }

    FD_HD static real is_zero(real x) { return x > 0 ? real(0) : real(1); }  // of what is never negative

    // Stiffness of the link with neighbour j over the harmonic mean of both cells; `lower` of the two holds it.
    FD_HD real factor_of_mean(int axis, Index i, Neighbour j, Neighbour lower) const {
        const real added = component(axis, link_added[lower]), A_i = A[i], A_j = A[j], total = A_i + A_j;
        const real mean = 2 * A_i * (A_j / (total + is_zero(total))), none = is_zero(mean);
        const real alone = added != 0 ? real(1) : real(0);
        return component(axis, link_scale[lower]) + (1 - none) * (added / (mean + none)) + none * alone;
    }

    FD_HD static vec3 easy(vec3 u, vec3 m) { return dot(u, u) * m - dot(u, m) * u; }

    // Ms B of cell i from the neighbour j, but for `surface` easy(d_i, m_i); sign is +1 if j is above i, -1 if below.
    // All is computed and then multiplied by 0 or 1, without a branch: a loop over cells is done in vectors.
    FD_HD vec3 from(int axis, real sign, const Site& site, Neighbour j, const Magnet& magnet, real& surface) const {
        const real there = axis < kAxes ? magnet.there(site, j) : 0, A_i = A[site.i], total = A_i + there * A[j];
        const real inside = differs(j, site.i), edges = component(axis, edge[site.i]);
        const real ends = inside * faces[site.i] + (1 - inside) * edges;
        const real inverse = total > 0 ? 1 / total : 0, weight = (real(0.25) - real(0.125) * there) * inverse * ends;
        const vec3 here = vector(axis, site.i);
        real s = 1, size = 1;
        if (!link_scale.uniform) {
            s = there * factor_of_mean(axis, site.i, j, sign > 0 ? Neighbour(site.i) : j) + (1 - there);
            size = s < 0 ? -s : s;
            const real none = is_zero(A_i);
            surface += (1 - none) * (1 - size) * ends / (4 * A_i + none);
        }
        const real factor = s * there * (sign / magnet.cell_size[axis]);
        if (D.uniform && along_x.uniform) {
            surface += size * weight * (1 - there);
            return factor * cross(here, magnet.m(j));
        }
        const vec3 beyond = there * vector(axis, j);
        const real share = total > 0 ? (total - A_i) * inverse : real(0.5);
        return factor * cross(share * here + (1 - share) * beyond, magnet.m(j)) +
               size * weight * easy(here - beyond, magnet.m(site.i));
    }

    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        vec3 sum = {0, 0, 0};
        FD_UNROLL
        for (int axis = 0; axis < 3; ++axis) {
            real surface = 0;
            const vec3 links = from(axis, 1, site, site.above[axis], magnet, surface) +
                               from(axis, -1, site, site.below[axis], magnet, surface);
            const bool settled = link_scale.uniform && !(D.uniform && along_x.uniform);
            sum = sum + (settled ? links : links + surface * easy(vector(axis, site.i), magnet.m(site.i)));
        }
        return magnet.inverse_Ms(site.i) * sum;
    }
};

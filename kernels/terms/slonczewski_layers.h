// As Slonczewski, p being the m of the facing cells: `below` cells down with s = 1, and `above` cells up with s = -1.
struct SlonczewskiLayers : Parameters {
    FD_HD vec3 from(Index i, vec3 m, vec3 d) const {
        const real field_like = P[i] != 0 ? epsilon_prime[i] : 0;
        return slonczewski_efficiency(dot(m, d), P[i], Lambda[i]) * cross(m, d) + field_like * d;
    }

    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i, layer = site.layer();
        const vec3 m = magnet.m(i);
        const vec3 lower = from(i, m, magnet.m(i - Index(below[i]) * layer));
        const vec3 upper = from(i, m, magnet.m(i + Index(above[i]) * layer));
        const real amplitude = real(kHbarOverE) * J[i] * magnet.inverse_Ms(i) / thickness[i];
        return (above[i] > 0 ? amplitude : 0) * upper - (below[i] > 0 ? amplitude : 0) * lower;
    }
};

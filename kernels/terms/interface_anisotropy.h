// B = 2 (Ks + xi V / t_ox) (m·n) n / (Ms t); t is that of the magnetic column where none is given.
struct InterfaceAnisotropy : Parameters {
    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i;
        const vec3 n = normal[i];
        const real oxide = t_ox[i] > 0 ? t_ox[i] : 1, t = thickness[i] > 0 ? thickness[i] : column[i];
        const real from_field = t_ox[i] > 0 ? xi[i] * voltage[i] / oxide : 0;
        return (2 * (Ks[i] + from_field) / t * dot(magnet.m(i), n) * magnet.inverse_Ms(i)) * n;
    }
};

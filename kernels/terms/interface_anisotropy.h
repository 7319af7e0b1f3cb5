// B = 2 (Ks + xi V / t_ox) (m·n) n / (Ms t); t is that of the magnetic column where none is given.
struct InterfaceAnisotropy : Parameters {
    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i;
        const vec3 n = normal[i];
        const real given = thickness[i], whole = column[i], oxide = t_ox[i];
        const real t = given > 0 ? given : whole, shift = xi[i] * voltage[i] / (oxide > 0 ? oxide : 1);
        const real total = Ks[i] + (oxide > 0 ? shift : 0);
        return (2 * total / t * dot(magnet.m(i), n) * magnet.inverse_Ms(i)) * n;
    }
};

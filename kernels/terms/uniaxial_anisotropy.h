// B = [2 Ku1 (m·u) + 4 Ku2 (m·u)³] u / Ms; energy density -Ku1 (m·u)² - Ku2 (m·u)⁴.
struct UniaxialAnisotropy : Parameters {
    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const vec3 u = axis[site.i];
        const real projection = dot(magnet.m(site.i), u);
        const real amplitude = (2 * Ku1[site.i] + 4 * Ku2[site.i] * projection * projection) * projection;
        return (amplitude * magnet.inverse_Ms(site.i)) * u;
    }

    FD_HD real energy_density(const Site& site, const Magnet& magnet) const {
        const real projection = dot(magnet.m(site.i), axis[site.i]), squared = projection * projection;
        return -(Ku1[site.i] + Ku2[site.i] * squared) * squared;
    }
};

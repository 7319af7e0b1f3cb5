// Components a, b, c of m along axis1, axis2 and their vector product; along each
// B_a = -2a [Kc1 (b² + c²) + Kc2 b²c² + 2 Kc3 a² (b⁴ + c⁴)] / Ms.
struct CubicAnisotropy : Parameters {
    FD_HD vec3 squares(vec3 components) const {
        return {components.x * components.x, components.y * components.y, components.z * components.z};
    }

    FD_HD vec3 components(Index cell, const Magnet& magnet) const {
        const vec3 m = magnet.m(cell), one = axis1[cell], two = axis2[cell];
        return {dot(m, one), dot(m, two), dot(m, cross(one, two))};
    }

    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const vec3 c = components(site.i, magnet), s = squares(c), one = axis1[site.i], two = axis2[site.i];
        const real first = Kc1[site.i], second = Kc2[site.i], third = 2 * Kc3[site.i];
        const real along_1 = first * (s.y + s.z) + second * s.y * s.z + third * s.x * (s.y * s.y + s.z * s.z);
        const real along_2 = first * (s.z + s.x) + second * s.z * s.x + third * s.y * (s.z * s.z + s.x * s.x);
        const real along_3 = first * (s.x + s.y) + second * s.x * s.y + third * s.z * (s.x * s.x + s.y * s.y);
        const vec3 sum = (c.x * along_1) * one + (c.y * along_2) * two + (c.z * along_3) * cross(one, two);
        return (-2 * magnet.inverse_Ms(site.i)) * sum;
    }

    FD_HD real energy_density(const Site& site, const Magnet& magnet) const {
        const vec3 s = squares(components(site.i, magnet));
        const real xy = s.x * s.y, yz = s.y * s.z, zx = s.z * s.x;
        return Kc1[site.i] * (xy + yz + zx) + Kc2[site.i] * s.x * yz + Kc3[site.i] * (xy * xy + yz * yz + zx * zx);
    }
};

// B = -s (hbar J / (e Ms t)) (epsilon(m·p) m x p + epsilon_prime p), s = 1 with the reference layer below, -1 above.
struct Slonczewski : Parameters {
    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i;
        const vec3 m = magnet.m(i), d = p[i];
        const real amplitude = real(kHbarOverE) * J[i] * magnet.inverse_Ms(i) / thickness[i];
        const real damping_like = slonczewski_efficiency(dot(m, d), P[i], Lambda[i]);
        const real field_like = P[i] != 0 ? epsilon_prime[i] : 0;
        return (side[i] < 0 ? -amplitude : amplitude) * (damping_like * cross(m, d) + field_like * d);
    }
};

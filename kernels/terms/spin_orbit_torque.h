// B = -(hbar J / (2 e Ms t)) (efficiency m x s + xi_FL s), s the direction sigma, or normal x direction if that is 0;
// efficiency = xi_DL + theta_SH (1 - sech(t_HM / lambda_sf)).
struct SpinOrbitTorque : Parameters {
    FD_HD real efficiency(Index i) const {
        const real lengths = lambda_sf[i] > 0 ? t_HM[i] / lambda_sf[i] : 0, decay = exponential(-lengths);
        return xi_DL[i] + theta_SH[i] * (1 - 2 * decay / (1 + decay * decay));
    }

    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i;
        const vec3 m = magnet.m(i), given = sigma[i], usual = cross(normal[i], direction[i]);
        const real square = dot(given, given), inverse = square > 0 ? 1 / square_root(square) : 0;
        const vec3 s = {square > 0 ? inverse * given.x : usual.x, square > 0 ? inverse * given.y : usual.y,
                        square > 0 ? inverse * given.z : usual.z};
        const real amplitude = real(-kHbarOverE / 2) * J[i] * magnet.inverse_Ms(i) / thickness[i];
        return amplitude * (efficiency(i) * cross(m, s) + xi_FL[i] * s);
    }
};

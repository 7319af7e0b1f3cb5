// B = [B + J / (Ms thickness)] u.
struct ExchangeBias : Parameters {
    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i;
        return (B[i] + J[i] / thickness[i] * magnet.inverse_Ms(i)) * direction[i];
    }
};

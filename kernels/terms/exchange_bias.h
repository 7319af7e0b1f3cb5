// B = [B + J / (Ms t)] u; t is that of the magnetic column where none is given.
struct ExchangeBias : Parameters {
    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const Index i = site.i;
        const real t = thickness[i] > 0 ? thickness[i] : column[i];
        return (B[i] + J[i] / t * magnet.inverse_Ms(i)) * direction[i];
    }
};

// The applied field B.
struct Zeeman : Parameters {
    FD_HD vec3 field(const Site& site, const Magnet&) const { return B[site.i]; }
};

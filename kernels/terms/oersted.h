// The field of a current map, worked out beforehand.
struct Oersted : Parameters {
    FD_HD vec3 field(const Site& site, const Magnet&) const { return B[site.i]; }
};

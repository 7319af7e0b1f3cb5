// The field of a straight conductor: its current density times the field of a unit of it.
struct StraightConductor : Parameters {
    FD_HD vec3 field(const Site& site, const Magnet&) const { return J[site.i] * unit[site.i]; }
};

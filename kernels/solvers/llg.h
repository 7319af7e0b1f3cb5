// dm/dt = -gamma / (1 + alpha²) [m x B + alpha m x (m x B)], the Landau-Lifshitz-Gilbert equation solved for dm/dt.
FD_HD vec3 llg(vec3 m, vec3 B, real gamma, real alpha) {
    const vec3 torque = cross(m, B);
    return (-gamma / (1 + alpha * alpha)) * (torque + alpha * cross(m, torque));
}

// The field that moves m: none where gamma is 0, since m is frozen there.
template <class Damping>
FD_HD vec3 acting(vec3 B, const Damping& damping, Index i) {
    const bool moves = damping.gamma[i] > 0;
    return {moves ? B.x : 0, moves ? B.y : 0, moves ? B.z : 0};
}

// -m x (m x B): the direction in which m turns straight into the field.
FD_HD vec3 steepest_descent(vec3 m, vec3 B) { return cross(cross(m, B), m); }

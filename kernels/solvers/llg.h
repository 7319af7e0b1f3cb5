// dm/dt = -gamma / (1 + alpha²) [m x B + alpha m x (m x B)], the Landau-Lifshitz-Gilbert equation solved for dm/dt.
FD_HD vec3 llg(vec3 m, vec3 B, real gamma, real alpha) {
    const vec3 torque = cross(m, B);
    return (-gamma / (1 + alpha * alpha)) * (torque + alpha * cross(m, torque));
}

// -m x (m x B): the direction in which m turns straight into the field.
FD_HD vec3 steepest_descent(vec3 m, vec3 B) { return cross(cross(m, B), m); }

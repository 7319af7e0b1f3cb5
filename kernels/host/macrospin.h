// Macrospins by the thousand: steps of the stochastic LLG equation, SIMD lanes and threads over trajectories.
//
// B = S m + B0 + noise - m x (A + a p / (1 + q m·p)), S symmetric; `fdmag/macrospin/reference.py` is the specification.
// A block is kBlock trajectories of one row, each in a lane of its own: what a trajectory does depends neither on the
// others nor on threads. The text in front of this one defines real, vec3, and `normals` for its numbers.

#define FD_EXPORT extern "C" __attribute__((visibility("default")))

constexpr Index kBlock = 64;
constexpr int kSums = 7;  // m, m² by component, and how many are at or below the level

enum Parameter {
    kRate, kAlpha, kKick, kSxx, kSyy, kSzz, kSxy, kSxz, kSyz, kBx, kBy, kBz, kAx, kAy, kAz, kPx, kPy, kPz, ka, kq,
    kParameters
};

struct Values {
    const real* data;
    Index per_row, per_trajectory;  // 0 where they do not vary
};

struct Ensemble {
    Index rows, trajectories;  // of a row
    const Values* values;      // kParameters
    real* m;                   // (3, rows, trajectories)
    double* passage;           // [s], NaN where there was none; (rows, trajectories)
    double* sums;              // kSums per block; may be null
    Parallel parallel;
    double start, dt;  // [s], of this call
    double along[3], level;
    Index steps;
    unsigned first_step, first_trajectory, key[2];
    int noisy, asymmetric, fourth_order, watched, stops;
};

struct Lanes {
    real values[kParameters][kBlock];
    real m[3][kBlock], next[3][kBlock], noise[3][kBlock];
    real above[kBlock];  // m·along - level
    bool moving[kBlock];
    unsigned number[kBlock];
};

// dt dm/dt.
template <bool asymmetric>
FD_HD vec3 advance(const Lanes& v, Index k, vec3 m, vec3 noise) {
    const auto at = [&](int parameter) __attribute__((always_inline)) { return v.values[parameter][k]; };
    vec3 source = {at(kAx), at(kAy), at(kAz)};
    if (asymmetric) {
        const vec3 p = {at(kPx), at(kPy), at(kPz)};
        source = source + (at(ka) / (1 + at(kq) * dot(m, p))) * p;
    }
    const vec3 linear = {at(kSxx) * m.x + at(kSxy) * m.y + at(kSxz) * m.z,
                         at(kSxy) * m.x + at(kSyy) * m.y + at(kSyz) * m.z,
                         at(kSxz) * m.x + at(kSyz) * m.y + at(kSzz) * m.z};
    const vec3 B = linear + vec3{at(kBx), at(kBy), at(kBz)} + noise - cross(m, source);
    const vec3 torque = cross(m, B);
    return (-at(kRate)) * (torque + at(kAlpha) * cross(m, torque));
}

template <bool noisy, bool asymmetric, bool fourth_order>
static void step(Lanes& v) {
    FD_INDEPENDENT
    for (Index k = 0; k < kBlock; ++k) {
        const vec3 m = {v.m[0][k], v.m[1][k], v.m[2][k]};
        const vec3 noise = {noisy ? v.noise[0][k] : 0, noisy ? v.noise[1][k] : 0, noisy ? v.noise[2][k] : 0};
        const vec3 k1 = advance<asymmetric>(v, k, m, noise);
        vec3 change;
        if (fourth_order) {
            const vec3 k2 = advance<asymmetric>(v, k, m + real(0.5) * k1, noise);
            const vec3 k3 = advance<asymmetric>(v, k, m + real(0.5) * k2, noise);
            const vec3 k4 = advance<asymmetric>(v, k, m + k3, noise);
            change = real(1.0 / 6) * (k1 + real(2) * (k2 + k3) + k4);
        } else {
            change = real(0.5) * (k1 + advance<asymmetric>(v, k, m + k1, noise));
        }
        const vec3 end = m + change;
        const real scale = 1 / square_root(dot(end, end));
        v.next[0][k] = scale * end.x;
        v.next[1][k] = scale * end.y;
        v.next[2][k] = scale * end.z;
    }
}

static void draw(Lanes& v, unsigned number_of_step, const unsigned* key) {
    static const Word cell[kBlock] = {};
    normals<kBlock>(cell, v.number, number_of_step, 0, key[0], key[1], v.noise);
    for (int c = 0; c < 3; ++c)
        for (Index k = 0; k < kBlock; ++k) v.noise[c][k] *= v.values[kKick][k];
}

// Note who falls to the level in step n, by a straight line between its ends; return whether anyone still moves.
static bool watch(const Ensemble& e, Lanes& v, double* passage, Index lanes, Index n) {
    const real x = real(e.along[0]), y = real(e.along[1]), z = real(e.along[2]), level = real(e.level);
    real above[kBlock];
    int below = 0;
    for (Index k = 0; k < kBlock; ++k) {
        above[k] = x * v.next[0][k] + y * v.next[1][k] + z * v.next[2][k] - level;
        below += above[k] <= 0 ? 1 : 0;
    }
    if (below)
        for (Index k = 0; k < lanes; ++k)
            if (above[k] <= 0 && passage[k] != passage[k])
                passage[k] = e.start + e.dt * (double(n) + double(v.above[k]) / (double(v.above[k]) - double(above[k])));
    for (Index k = 0; k < kBlock; ++k) v.above[k] = above[k];
    if (!e.stops) return true;
    bool any = false;
    for (Index k = 0; k < lanes; ++k) {  // the step that passes is still made
        if (!v.moving[k])
            for (int c = 0; c < 3; ++c) v.next[c][k] = v.m[c][k];
        v.moving[k] = v.moving[k] && passage[k] != passage[k];
        any = any || v.moving[k];
    }
    return any;
}

template <bool noisy, bool asymmetric, bool fourth_order>
static void block(void* data, long long number) {
    const Ensemble& e = *static_cast<const Ensemble*>(data);
    const Index blocks = (e.trajectories + kBlock - 1) / kBlock, row = number / blocks;
    const Index first = number % blocks * kBlock, left = e.trajectories - first, lanes = left < kBlock ? left : kBlock;
    const Index place = row * e.trajectories + first, all = e.rows * e.trajectories;
    Lanes v;
    const auto lane = [=](Index k) { return k < lanes ? k : lanes - 1; };  // those without a trajectory repeat the last
    for (int parameter = 0; parameter < kParameters; ++parameter) {
        const Values& given = e.values[parameter];
        for (Index k = 0; k < kBlock; ++k)
            v.values[parameter][k] = given.data[row * given.per_row + (first + lane(k)) * given.per_trajectory];
    }
    double* const passage = e.passage + place;
    const real x = real(e.along[0]), y = real(e.along[1]), z = real(e.along[2]), level = real(e.level);
    bool any = false;
    for (Index k = 0; k < kBlock; ++k) {
        for (int c = 0; c < 3; ++c) v.m[c][k] = e.m[c * all + place + lane(k)];
        v.number[k] = e.first_trajectory + unsigned(place + lane(k));
        v.above[k] = x * v.m[0][k] + y * v.m[1][k] + z * v.m[2][k] - level;
        v.moving[k] = true;
        if (e.watched && k < lanes) {
            if (v.above[k] <= 0 && passage[k] != passage[k]) passage[k] = e.start;
            v.moving[k] = !e.stops || passage[k] != passage[k];
        }
        any = any || (v.moving[k] && k < lanes);
    }
    for (Index n = 0; n < e.steps && any; ++n) {
        if (noisy) draw(v, e.first_step + unsigned(n), e.key);
        step<noisy, asymmetric, fourth_order>(v);
        if (e.watched) any = watch(e, v, passage, lanes, n);
        __builtin_memcpy(v.m, v.next, sizeof(v.m));
    }
    double sums[kSums] = {};
    for (Index k = 0; k < lanes; ++k) {
        for (int c = 0; c < 3; ++c) {
            e.m[c * all + place + k] = v.m[c][k];
            sums[c] += double(v.m[c][k]);
            sums[3 + c] += double(v.m[c][k]) * double(v.m[c][k]);
        }
        sums[6] += x * v.m[0][k] + y * v.m[1][k] + z * v.m[2][k] - level <= 0 ? 1 : 0;
    }
    if (e.sums)
        for (int s = 0; s < kSums; ++s) e.sums[number * kSums + s] = sums[s];
}

template <bool noisy, bool asymmetric>
static Task task_of(const Ensemble& e) {
    return e.fourth_order ? block<noisy, asymmetric, true> : block<noisy, asymmetric, false>;
}

FD_EXPORT void fdmag_macrospins(Ensemble* e) {
    const Task task = e->noisy ? (e->asymmetric ? block<true, true, false> : block<true, false, false>)
                               : (e->asymmetric ? task_of<false, true>(*e) : task_of<false, false>(*e));
    const Index blocks = e->rows * ((e->trajectories + kBlock - 1) / kBlock);
    e->parallel(task, e, blocks, blocks);
}

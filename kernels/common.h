// Vocabulary of every kernel: numbers, vectors, parameters, cells and the magnet they belong to.
//
// Portable C++17 without any library, for the host's compiler and for NVRTC. The text in front of this one defines
// FD_REAL (float or double), FD_MS_PER_CELL (whether Ms differs between cells) and FD_AXES (see kAxes).

#ifdef __CUDACC__
#define FD_HD __host__ __device__ __forceinline__
#else
#define FD_HD inline __attribute__((always_inline))
#endif

using real = FD_REAL;
// Axes 0 ... kAxes - 1 are those along which a cell may have neighbours: 2 in a film of one layer.
constexpr int kAxes = FD_AXES;

using Index = long long;  // of a cell in one component of one replica: (z ny + y) nx + x

#ifdef __CUDACC__
using Neighbour = Index;
#else
// A cell beside another one: `next` in memory, or `edge` where the other is at the end of its line. A parameter is read
// at either, not at a chosen one, so that a loop over a whole line is done in vectors, with some lanes masked.
struct Neighbour {
    Index next, edge;
    bool at_edge;

    Neighbour() = default;
    FD_HD Neighbour(Index cell) : next(cell), edge(cell), at_edge(false) {}
    FD_HD Neighbour(Index beside, Index end, bool at) : next(beside), edge(end), at_edge(at) {}
    FD_HD operator Index() const { return at_edge ? edge : next; }
    FD_HD bool operator==(Index cell) const { return (at_edge & (edge == cell)) | (!at_edge & (next == cell)); }
    FD_HD bool operator!=(Index cell) const { return !(*this == cell); }
};
FD_HD real read_at(const real* values, Neighbour cell) { return cell.at_edge ? values[cell.edge] : values[cell.next]; }
FD_HD real differs(Neighbour one, Index other) {
    const real beside = one.next == other ? real(0) : real(1), end = one.edge == other ? real(0) : real(1);
    return one.at_edge ? end : beside;
}
#endif
FD_HD real read_at(const real* values, Index cell) { return values[cell]; }
// A number, not a bool: see `there`. It never is an int on its way, of which more fit into a vector.
FD_HD real differs(Index one, Index other) { return one == other ? real(0) : real(1); }

struct vec3 {
    real x, y, z;
};

FD_HD vec3 operator+(vec3 a, vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
FD_HD vec3 operator-(vec3 a, vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
FD_HD vec3 operator*(real factor, vec3 a) { return {factor * a.x, factor * a.y, factor * a.z}; }
FD_HD vec3 cross(vec3 a, vec3 b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }

#ifdef __CUDACC__
#define FD_COPY memcpy
#define FD_UNROLL _Pragma("unroll")
FD_HD real square_root(real x) { return sqrt(x); }
FD_HD real exponential(real x) { return exp(x); }
FD_HD real fused(real a, real b, real c) { return fma(a, b, c); }
#else
#define FD_COPY __builtin_memcpy
#define FD_UNROLL _Pragma("GCC unroll 16")
FD_HD real square_root(real x) { return sizeof(real) == 4 ? real(__builtin_sqrtf(float(x))) : real(__builtin_sqrt(x)); }
FD_HD real exponential(real x) { return sizeof(real) == 4 ? real(__builtin_expf(float(x))) : real(__builtin_exp(x)); }
// a b + c: rounded once where the processor can, which does not depend on the loop it stands in.
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
FD_HD real fused(real a, real b, real c) {
    return sizeof(real) == 4 ? real(__builtin_fmaf(float(a), float(b), float(c))) : real(__builtin_fma(a, b, c));
}
#else
FD_HD real fused(real a, real b, real c) { return a * b + c; }
#endif
#endif

FD_HD vec3 fused(real factor, vec3 a, vec3 b) {
    return {fused(factor, a.x, b.x), fused(factor, a.y, b.y), fused(factor, a.z, b.z)};
}
FD_HD real dot(vec3 a, vec3 b) { return fused(a.z, b.z, fused(a.y, b.y, a.x * b.x)); }

// The values of one parameter in memory; a stride is 0 where the values do not vary.
struct View {
    const real* data;
    Index per_replica;  // replicas counted in the simulation
    Index per_row;      // replicas counted in this call
};

// Where a parameter of a row is that is found from all of its cells.
FD_HD real* total_at(const View& view, Index row) { return const_cast<real*>(view.data) + view.per_row * row; }

// A scalar parameter of one replica: one number, or one per cell. The kind is known when the unit is compiled, so
// that a uniform parameter stays in a register.
template <bool per_cell>
struct Scalar;

template <>
struct Scalar<false> {
    static constexpr bool uniform = true;
    real value;
    FD_HD real operator[](Index) const { return value; }
    FD_HD void read(const real* first, Index) { value = first[0]; }
};

template <>
struct Scalar<true> {
    static constexpr bool uniform = false;
    const real* values;
    template <class Cell>
    FD_HD real operator[](Cell cell) const {
        return read_at(values, cell);
    }
    FD_HD void read(const real* first, Index) { values = first; }
};

// A vector parameter of one replica.
template <bool per_cell>
struct Vector;

template <>
struct Vector<false> {
    static constexpr bool uniform = true;
    real x, y, z;  // not a vec3: compilers keep numbers in registers more willingly than structs
    FD_HD vec3 operator[](Index) const { return {x, y, z}; }
    FD_HD void read(const real* first, Index) {
        x = first[0];
        y = first[1];
        z = first[2];
    }
};

template <>
struct Vector<true> {
    static constexpr bool uniform = false;
    const real* values;
    Index cells;
    template <class Cell>
    FD_HD vec3 operator[](Cell cell) const {
        return {read_at(values, cell), read_at(values + cells, cell), read_at(values + 2 * cells, cell)};
    }
    FD_HD void read(const real* first, Index count) {
        values = first;
        cells = count;
    }
};

// One cell and its six neighbours. A neighbour beyond an open edge is the cell itself.
struct Site {
    Index i;             // the cell
    Neighbour below[3];  // its neighbours towards -x, -y, -z
    Neighbour above[3];  // and towards +x, +y, +z

    // Number of cells from one layer to the next along z; 0 if there is only one.
    FD_HD Index layer() const {
        const Index up = above[2] - i, down = i - below[2];
        return up > down ? up : down;
    }
};

// One replica: its magnetisation, Ms and cell size.
struct Magnet {
    const real* values;
    Index cells;
    Scalar<FD_MS_PER_CELL> Ms;  // [A/m]
    real inverse_square[3];     // 1 / cell size², along x, y, z [1/m²]
    real cell_size[3];          // [m]

    // Unit vector; zero where Ms = 0.
    template <class Cell>
    FD_HD vec3 m(Cell cell) const {
        return {read_at(values, cell), read_at(values + cells, cell), read_at(values + 2 * cells, cell)};
    }

    template <class Cell>
    FD_HD bool magnetic(Cell cell) const {
        return Ms[cell] > 0;
    }

    // 1 / Ms [m/A], 0 where Ms = 0.
    template <class Cell>
    FD_HD real inverse_Ms(Cell cell) const {
        return magnetic(cell) ? 1 / Ms[cell] : 0;
    }

    // Whether a site has no neighbour there: beyond an open edge, or where Ms = 0.
    FD_HD bool missing(const Site& site, Neighbour neighbour) const {
        return (neighbour == site.i) | (!Ms.uniform & !magnetic(neighbour));
    }

    // 1 if a site has a neighbour there, else 0. Compilers do a loop in vectors with numbers to multiply by where they
    // give up on bools that are the same in all cells of a line.
    FD_HD real there(const Site& site, Neighbour neighbour) const {
        const real magnetic_one = Ms.uniform || magnetic(neighbour) ? real(1) : real(0);
        return differs(neighbour, site.i) * magnetic_one;
    }
};

// hbar / e [V s], exact.
constexpr double kHbarOverE = 6.62607015e-34 / (2 * 3.141592653589793) / 1.602176634e-19;

// Slonczewski's efficiency P L² / ((L² + 1) + (L² - 1) m·p).
FD_HD real slonczewski_efficiency(real cosine, real P, real Lambda) {
    const real square = Lambda * Lambda;
    return P * square / ((square + 1) + (square - 1) * cosine);
}

// Conductance of a tunnel junction over that of the parallel state, linear in the cosine of the angle.
FD_HD real tunnel_conductance(real cosine, real TMR) {
    const real antiparallel = 1 / (1 + TMR);
    return real(0.5) * ((1 + antiparallel) + (1 - antiparallel) * cosine);
}

// Voltage V across a junction in a circuit, V (line + load G(V)) = drive, as voltage_across in
// fdmag/analytic/tunnel_junction.py finds it: Newton's steps come down to the one solution of a cubic equation, until
// rounding stops them.
FD_HD double junction_voltage(double drive, double line, double load, double parallel, double aligned, double TMR,
                              double V_h) {
    const double always = line + load * (parallel + aligned) / 2, rest = load * (parallel - aligned) / 2;
    const double full = always + rest, least = always + rest / (1 + TMR), size = drive < 0 ? -drive : drive;
    const double sign = drive < 0 ? -1 : 1;
    if (!(V_h > 0)) return sign * size / least;
    const double s = size / V_h, slope = always * (1 + TMR) + rest;
    double v = s / (full < least ? full : least);
    for (int step = 0; step < 60; ++step) {
        const double excess = ((full * v - s) * v + slope) * v - s * (1 + TMR);
        const double following = v - excess / ((3 * full * v - 2 * s) * v + slope);
        if (!(following < v)) break;
        v = following;
    }
    return sign * v * V_h;
}

// Field of a tunnel torque by a polariser d under the bias V, which its magnetoresistance and polarisation fall with;
// `unit` is s hbar / e, s = 1 with the polariser below, -1 above.
FD_HD vec3 tunnel_torque(vec3 m, vec3 d, real V, real unit, real inverse_Ms, real thickness, real RA_P, real TMR,
                         real V_h, real P, real Lambda, real epsilon_prime, real b2) {
    const real ratio = V_h > 0 ? V / V_h : 0, left = 1 / (1 + ratio * ratio);
    const real cosine = dot(m, d), fall = square_root(left * (2 + TMR) / (2 + TMR * left));
    const real J = V * tunnel_conductance(cosine, TMR * left) / RA_P;
    const real a = -unit * J * inverse_Ms / thickness;
    const real even = P != 0 ? b2 * V * V : 0, odd = P != 0 ? a * epsilon_prime : 0;
    return a * fall * slonczewski_efficiency(cosine, P, Lambda) * cross(m, d) + (odd - even) * d;
}

// Arithmetic on vectors of all cells that depends on no term: a library for each precision, FD_REAL, which the text in
// front of this one defines.

using Index = long long;
typedef FD_REAL real;

constexpr Index kChunk = 1024;  // cells handled while they sit in the first-level cache
constexpr Index kCellsPerThread = 16384;

// Arrays are (rows, 3, cells).
struct Vectors {
    Index cells, chunks;  // of one row
    const real *a, *b;
    const double* steps;  // one per row
    real* out;
    real* largest;  // one per chunk of each row

    // Where a chunk starts in the first component, and its length.
    Index start(Index block) const { return 3 * (block / chunks) * cells + block % chunks * kChunk; }
    Index length(Index block) const {
        const Index left = cells - block % chunks * kChunk;
        return left < kChunk ? left : kChunk;
    }
};

// Largest |v|² of a chunk, NaN if one is.
static real largest_square(const real* x, const real* y, const real* z, Index n) {
    real square[kChunk];
    for (Index k = 0; k < n; ++k) square[k] = x[k] * x[k] + y[k] * y[k] + z[k] * z[k];
    for (Index k = n; k < kChunk; ++k) square[k] = 0;
    for (Index half = kChunk / 2; half > 0; half /= 2)
        for (Index k = 0; k < half; ++k) square[k] = larger(square[k], square[k + half]);
    return square[0];
}

static void length_chunk(void* data, long long block) {
    const Vectors& v = *static_cast<const Vectors*>(data);
    const real* const x = v.a + v.start(block);
    v.largest[block] = largest_square(x, x + v.cells, x + 2 * v.cells, v.length(block));
}

static void cross_chunk(const real* a, const real* b, Index cells, Index n, real (*out)[kChunk]) {
    for (int i = 0; i < 3; ++i) {
        const Index j = (i + 1) % 3 * cells, l = (i + 2) % 3 * cells;
        for (Index k = 0; k < n; ++k) out[i][k] = a[j + k] * b[l + k] - a[l + k] * b[j + k];
    }
}

static void torque_chunk(void* data, long long block) {
    const Vectors& v = *static_cast<const Vectors*>(data);
    real torque[3][kChunk];
    cross_chunk(v.a + v.start(block), v.b + v.start(block), v.cells, v.length(block), torque);
    v.largest[block] = largest_square(torque[0], torque[1], torque[2], v.length(block));
}

// m x (m x B).
static void gradient_chunk(void* data, long long block) {
    const Vectors& v = *static_cast<const Vectors*>(data);
    const Index start = v.start(block), n = v.length(block);
    real torque[3][kChunk];
    cross_chunk(v.a + start, v.b + start, v.cells, n, torque);
    for (int i = 0; i < 3; ++i) {
        const int j = (i + 1) % 3, l = (i + 2) % 3;
        const real *one = v.a + start + j * v.cells, *other = v.a + start + l * v.cells;
        real* const out = v.out + start + i * v.cells;
        for (Index k = 0; k < n; ++k) out[k] = one[k] * torque[l][k] - other[k] * torque[j][k];
    }
}

static inline real root(real square) { return sizeof(real) == 4 ? __builtin_sqrtf(square) : __builtin_sqrt(square); }

// [(4 - s² g²) m - 4 s g] / (4 + s² g²), scaled to length 1; zero vectors stay zero.
static void turned_chunk(void* data, long long block) {
    const Vectors& v = *static_cast<const Vectors*>(data);
    const Index start = v.start(block), n = v.length(block), y = v.cells, z = 2 * v.cells;
    const real step = real(v.steps[block / v.chunks]);
    const real *const m = v.a + start, *const g = v.b + start;
    real* const out = v.out + start;
    FD_INDEPENDENT
    for (Index k = 0; k < n; ++k) {
        const real square = step * step * (g[k] * g[k] + g[k + y] * g[k + y] + g[k + z] * g[k + z]);
        const real ahead = (4 - square) / (4 + square), aside = 4 * step / (4 + square);
        const real a = ahead * m[k] - aside * g[k];
        const real b = ahead * m[k + y] - aside * g[k + y];
        const real c = ahead * m[k + z] - aside * g[k + z];
        const real length = root(a * a + b * b + c * c), divisor = length == 0 ? 1 : length;
        out[k] = a / divisor;
        out[k + y] = b / divisor;
        out[k + z] = c / divisor;
    }
}

static void run(Parallel parallel, Task task, Vectors& vectors, Index rows) {
    vectors.chunks = (vectors.cells + kChunk - 1) / kChunk;
    parallel(task, &vectors, rows * vectors.chunks, rows * vectors.cells / kCellsPerThread);
}

static void run_largest(Parallel parallel, Task task, Vectors& vectors, Index rows, double* out) {
    const Index chunks = (vectors.cells + kChunk - 1) / kChunk;
    vectors.largest = static_cast<real*>(__builtin_malloc(rows * chunks * sizeof(real) + 1));
    run(parallel, task, vectors, rows);
    for (Index row = 0; row < rows; ++row) {
        real worst = 0;
        for (Index k = 0; k < chunks; ++k) worst = larger(worst, vectors.largest[row * chunks + k]);
        out[row] = double(root(worst));
    }
    __builtin_free(vectors.largest);
}

#define FD_EXPORT extern "C" __attribute__((visibility("default")))

// Largest |v| over the cells of each row.
FD_EXPORT void fdmag_largest(Parallel parallel, Index rows, Index cells, const real* v, double* out) {
    Vectors vectors = {cells, 0, v, nullptr, nullptr, nullptr, nullptr};
    run_largest(parallel, length_chunk, vectors, rows, out);
}

// Largest |a x b| over the cells of each row.
FD_EXPORT void fdmag_torque(Parallel parallel, Index rows, Index cells, const real* a, const real* b, double* out) {
    Vectors vectors = {cells, 0, a, b, nullptr, nullptr, nullptr};
    run_largest(parallel, torque_chunk, vectors, rows, out);
}

FD_EXPORT void fdmag_gradient(Parallel parallel, Index rows, Index cells, const real* m, const real* B, real* out) {
    Vectors vectors = {cells, 0, m, B, nullptr, out, nullptr};
    run(parallel, gradient_chunk, vectors, rows);
}

FD_EXPORT void fdmag_turned(Parallel parallel, Index rows, Index cells, const real* m, const real* gradient,
                            const double* steps, real* out) {
    Vectors vectors = {cells, 0, m, gradient, steps, out, nullptr};
    run(parallel, turned_chunk, vectors, rows);
}

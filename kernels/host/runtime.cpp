// Runtime library of the host, behind its threads: arithmetic that depends on no term.

using Index = long long;

// ---- arithmetic on vectors of all cells ------------------------------------------------------------------------

constexpr Index kChunk = 1024;  // cells handled while they sit in the first-level cache
constexpr Index kSerialCells = 32768;

// Arrays are (rows, 3, cells).
template <class T>
struct Vectors {
    Index cells, chunks;  // of one row
    const T *a, *b;
    const double* steps;  // one per row
    T* out;
    T* largest;  // one per chunk of each row

    // Where a chunk starts in the first component, and its length.
    Index start(Index block) const { return 3 * (block / chunks) * cells + block % chunks * kChunk; }
    Index length(Index block) const {
        const Index left = cells - block % chunks * kChunk;
        return left < kChunk ? left : kChunk;
    }
};

// Largest |v|² of a chunk, NaN if one is.
template <class T>
static T largest_square(const T* x, const T* y, const T* z, Index n) {
    T square[kChunk];
    for (Index k = 0; k < n; ++k) square[k] = x[k] * x[k] + y[k] * y[k] + z[k] * z[k];
    for (Index k = n; k < kChunk; ++k) square[k] = 0;
    for (Index half = kChunk / 2; half > 0; half /= 2)
        for (Index k = 0; k < half; ++k) square[k] = larger(square[k], square[k + half]);
    return square[0];
}

template <class T>
static void length_chunk(void* data, long long block) {
    const Vectors<T>& v = *static_cast<const Vectors<T>*>(data);
    const T* const x = v.a + v.start(block);
    v.largest[block] = largest_square(x, x + v.cells, x + 2 * v.cells, v.length(block));
}

template <class T>
static void cross_chunk(const T* a, const T* b, Index cells, Index n, T (*out)[kChunk]) {
    for (int i = 0; i < 3; ++i) {
        const Index j = (i + 1) % 3 * cells, l = (i + 2) % 3 * cells;
        for (Index k = 0; k < n; ++k) out[i][k] = a[j + k] * b[l + k] - a[l + k] * b[j + k];
    }
}

template <class T>
static void torque_chunk(void* data, long long block) {
    const Vectors<T>& v = *static_cast<const Vectors<T>*>(data);
    T torque[3][kChunk];
    cross_chunk(v.a + v.start(block), v.b + v.start(block), v.cells, v.length(block), torque);
    v.largest[block] = largest_square(torque[0], torque[1], torque[2], v.length(block));
}

// m x (m x B).
template <class T>
static void gradient_chunk(void* data, long long block) {
    const Vectors<T>& v = *static_cast<const Vectors<T>*>(data);
    const Index start = v.start(block), n = v.length(block);
    T torque[3][kChunk];
    cross_chunk(v.a + start, v.b + start, v.cells, n, torque);
    for (int i = 0; i < 3; ++i) {
        const int j = (i + 1) % 3, l = (i + 2) % 3;
        const T *one = v.a + start + j * v.cells, *other = v.a + start + l * v.cells;
        T* const out = v.out + start + i * v.cells;
        for (Index k = 0; k < n; ++k) out[k] = one[k] * torque[l][k] - other[k] * torque[j][k];
    }
}

template <class T>
static inline T root(T square) {
    return sizeof(T) == 4 ? T(__builtin_sqrtf(float(square))) : T(__builtin_sqrt(double(square)));
}

// [(4 - s² g²) m - 4 s g] / (4 + s² g²), scaled to length 1; zero vectors stay zero.
template <class T>
static void turned_chunk(void* data, long long block) {
    const Vectors<T>& v = *static_cast<const Vectors<T>*>(data);
    const Index start = v.start(block), n = v.length(block), y = v.cells, z = 2 * v.cells;
    const T step = T(v.steps[block / v.chunks]);
    const T *const m = v.a + start, *const g = v.b + start;
    T* const out = v.out + start;
    FD_INDEPENDENT
    for (Index k = 0; k < n; ++k) {
        const T square = step * step * (g[k] * g[k] + g[k + y] * g[k + y] + g[k + z] * g[k + z]);
        const T ahead = (4 - square) / (4 + square), aside = 4 * step / (4 + square);
        const T a = ahead * m[k] - aside * g[k];
        const T b = ahead * m[k + y] - aside * g[k + y];
        const T c = ahead * m[k + z] - aside * g[k + z];
        const T length = root(a * a + b * b + c * c), divisor = length == 0 ? 1 : length;
        out[k] = a / divisor;
        out[k + y] = b / divisor;
        out[k + z] = c / divisor;
    }
}

template <class T>
static void run(Task task, Vectors<T>& vectors, Index rows) {
    vectors.chunks = (vectors.cells + kChunk - 1) / kChunk;
    fdmag_parallel(task, &vectors, rows * vectors.chunks, rows * vectors.cells >= kSerialCells);
}

template <class T>
static void run_largest(Task task, Vectors<T>& vectors, Index rows, double* out) {
    const Index chunks = (vectors.cells + kChunk - 1) / kChunk;
    vectors.largest = static_cast<T*>(__builtin_malloc(rows * chunks * sizeof(T) + 1));
    run(task, vectors, rows);
    for (Index row = 0; row < rows; ++row) {
        T worst = 0;
        for (Index k = 0; k < chunks; ++k) worst = larger(worst, vectors.largest[row * chunks + k]);
        out[row] = double(root(worst));
    }
    __builtin_free(vectors.largest);
}

#define FD_VECTOR_FUNCTIONS(T)                                                                                         \
    /* Largest |v| over the cells of each row. */                                                                      \
    FD_EXPORT void fdmag_largest_##T(Index rows, Index cells, const T* v, double* out) {                               \
        Vectors<T> vectors = {cells, 0, v, nullptr, nullptr, nullptr, nullptr};                                        \
        run_largest(length_chunk<T>, vectors, rows, out);                                                              \
    }                                                                                                                  \
    /* Largest |a x b| over the cells of each row. */                                                                  \
    FD_EXPORT void fdmag_torque_##T(Index rows, Index cells, const T* a, const T* b, double* out) {                    \
        Vectors<T> vectors = {cells, 0, a, b, nullptr, nullptr, nullptr};                                              \
        run_largest(torque_chunk<T>, vectors, rows, out);                                                              \
    }                                                                                                                  \
    FD_EXPORT void fdmag_gradient_##T(Index rows, Index cells, const T* m, const T* B, T* out) {                       \
        Vectors<T> vectors = {cells, 0, m, B, nullptr, out, nullptr};                                                  \
        run(gradient_chunk<T>, vectors, rows);                                                                         \
    }                                                                                                                  \
    FD_EXPORT void fdmag_turned_##T(Index rows, Index cells, const T* m, const T* gradient, const double* steps,       \
                                    T* out) {                                                                          \
        Vectors<T> vectors = {cells, 0, m, gradient, steps, out, nullptr};                                             \
        run(turned_chunk<T>, vectors, rows);                                                                           \
    }

FD_VECTOR_FUNCTIONS(double)
FD_VECTOR_FUNCTIONS(float)

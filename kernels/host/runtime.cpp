// Runtime library of the host: threads, and the arithmetic of Runge-Kutta stages, which depends on no term.

#include <math.h>
#ifndef _WIN32
#include <pthread.h>
#endif

#define FD_EXPORT extern "C" __attribute__((visibility("default")))

using Index = long long;

// ---- threads -------------------------------------------------------------------------------------------------
//
// Idle threads sleep in the kernel. The caller works too, and never waits for a thread that has not yet woken.

static int thread_count = 1;

#ifdef _WIN32
FD_EXPORT void fdmag_set_threads(int) {}
FD_EXPORT void fdmag_parallel(Task task, void* data, long long blocks, int) {
    for (long long block = 0; block < blocks; ++block) task(data, block);
}
#else
static pthread_mutex_t in_use = PTHREAD_MUTEX_INITIALIZER;  // held by the call that has the threads
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;    // guards what follows
static pthread_cond_t work_is_there = PTHREAD_COND_INITIALIZER;
static pthread_cond_t work_is_done = PTHREAD_COND_INITIALIZER;
static Task job = nullptr;
static void* job_data;
static long long job_blocks, job_next;
static unsigned long long job_number = 0;
static int started = 0, working = 0, wanted = 0;

static void work_on(Task task, void* data, long long blocks) {
    for (;;) {
        const long long block = __atomic_fetch_add(&job_next, 1, __ATOMIC_RELAXED);
        if (block >= blocks) return;
        task(data, block);
    }
}

static void* serve(void*) {
    unsigned long long seen = 0;
    pthread_mutex_lock(&lock);
    for (;;) {
        while (!job || job_number == seen || working >= wanted) {
            if (job && working >= wanted) seen = job_number;
            pthread_cond_wait(&work_is_there, &lock);
        }
        seen = job_number;
        ++working;
        const Task task = job;
        void* const data = job_data;
        const long long blocks = job_blocks;
        pthread_mutex_unlock(&lock);
        work_on(task, data, blocks);
        pthread_mutex_lock(&lock);
        if (--working == 0) pthread_cond_signal(&work_is_done);
    }
    return nullptr;
}

// After a fork only the calling thread is left: begin anew.
static void after_fork() {
    pthread_mutex_init(&in_use, nullptr);
    pthread_mutex_init(&lock, nullptr);
    pthread_cond_init(&work_is_there, nullptr);
    pthread_cond_init(&work_is_done, nullptr);
    job = nullptr;
    started = working = 0;
}

static void start_threads() {
    static bool watched = false;
    if (!watched) pthread_atfork(nullptr, nullptr, after_fork);
    watched = true;
    while (started < thread_count - 1) {
        pthread_t thread;
        if (pthread_create(&thread, nullptr, serve, nullptr)) break;  // fewer threads, the same result
        pthread_detach(thread);
        ++started;
    }
}

FD_EXPORT void fdmag_set_threads(int threads) { __atomic_store_n(&thread_count, threads, __ATOMIC_RELAXED); }

FD_EXPORT void fdmag_parallel(Task task, void* data, long long blocks, int several_threads) {
    if (!several_threads || blocks < 2 || thread_count < 2 || pthread_mutex_trylock(&in_use)) {
        for (long long block = 0; block < blocks; ++block) task(data, block);
        return;
    }
    pthread_mutex_lock(&lock);
    start_threads();
    job = task;
    job_data = data;
    job_blocks = blocks;
    job_next = 0;
    wanted = thread_count - 1;
    ++job_number;
    pthread_cond_broadcast(&work_is_there);
    pthread_mutex_unlock(&lock);
    work_on(task, data, blocks);
    pthread_mutex_lock(&lock);
    job = nullptr;
    while (working > 0) pthread_cond_wait(&work_is_done, &lock);
    pthread_mutex_unlock(&lock);
    pthread_mutex_unlock(&in_use);
}
#endif

// ---- Runge-Kutta stages ----------------------------------------------------------------------------------------

constexpr Index kChunk = 1024;  // cells handled while they sit in the first-level cache
constexpr Index kSerialCells = 32768;

template <class T>
struct Stage {
    Index cells, chunks;  // of one replica
    int count;
    const T* const* slopes;
    const T* weights;
    const double* dt;
    const T* m;
    T* out;
    T* largest;  // one per chunk of one replica

    Index start(Index chunk) const { return chunk * kChunk; }
    Index length(Index chunk) const { return start(chunk) + kChunk < cells ? kChunk : cells - start(chunk); }
};

// total (+)= weights[0] × vectors[0] + ... of N arrays, in this order.
template <int N, class T>
static void add_arrays(const T* const* vectors, const T* weights, bool start, Index offset, Index n,
                       T* __restrict total) {
    const T* v[N];
    T w[N];
    for (int j = 0; j < N; ++j) {
        v[j] = vectors[j] + offset;
        w[j] = weights[j];
    }
    FD_INDEPENDENT
    for (Index k = 0; k < n; ++k) {
        T sum = start ? w[0] * v[0][k] : total[k] + w[0] * v[0][k];
#pragma GCC unroll 4
        for (int j = 1; j < N; ++j) sum += w[j] * v[j][k];
        total[k] = sum;
    }
}

// total = sum of weights × slopes, of n numbers from `offset` on; four arrays at a time.
template <class T>
static void weighted_sum(const Stage<T>& stage, Index offset, Index n, T* total) {
    for (int j = 0; j < stage.count; j += 4) {
        const T* const* vectors = stage.slopes + j;
        const T* weights = stage.weights + j;
        const int left = stage.count - j;
        if (left >= 4) add_arrays<4>(vectors, weights, j == 0, offset, n, total);
        if (left == 3) add_arrays<3>(vectors, weights, j == 0, offset, n, total);
        if (left == 2) add_arrays<2>(vectors, weights, j == 0, offset, n, total);
        if (left == 1) add_arrays<1>(vectors, weights, j == 0, offset, n, total);
    }
}

template <class T>
static void moved_chunk(void* data, long long block) {
    const Stage<T>& stage = *static_cast<const Stage<T>*>(data);
    const Index row = block / stage.chunks, chunk = block % stage.chunks, n = stage.length(chunk);
    const T dt = T(stage.dt[row]);
    T total[kChunk];
    for (int component = 0; component < 3; ++component) {
        const Index offset = (3 * row + component) * stage.cells + stage.start(chunk);
        weighted_sum(stage, offset, n, total);
        const T* __restrict m = stage.m + offset;
        T* __restrict out = stage.out + offset;
        for (Index k = 0; k < n; ++k) out[k] = m[k] + dt * total[k];
    }
}

// Largest |v|² of a chunk, NaN if one is.
template <class T>
static T largest_square(const T (*v)[kChunk], Index n) {
    T square[kChunk];
    for (Index k = 0; k < n; ++k) square[k] = v[0][k] * v[0][k] + v[1][k] * v[1][k] + v[2][k] * v[2][k];
    for (Index k = n; k < kChunk; ++k) square[k] = 0;
    for (Index half = kChunk / 2; half > 0; half /= 2)
        for (Index k = 0; k < half; ++k) square[k] = larger(square[k], square[k + half]);
    return square[0];
}

template <class T>
static void length_chunk(void* data, long long block) {
    const Stage<T>& stage = *static_cast<const Stage<T>*>(data);
    const Index row = block / stage.chunks, chunk = block % stage.chunks, n = stage.length(chunk);
    T v[3][kChunk];
    for (int component = 0; component < 3; ++component)
        weighted_sum(stage, (3 * row + component) * stage.cells + stage.start(chunk), n, v[component]);
    stage.largest[block] = largest_square(v, n);
}

template <class T>
static void torque_chunk(void* data, long long block) {
    const Stage<T>& stage = *static_cast<const Stage<T>*>(data);
    const Index row = block / stage.chunks, chunk = block % stage.chunks, n = stage.length(chunk), c = stage.cells;
    const T* a = stage.m + 3 * row * c + stage.start(chunk);
    const T* b = stage.slopes[0] + 3 * row * c + stage.start(chunk);
    T v[3][kChunk];
    for (int i = 0; i < 3; ++i) {
        const Index j = (i + 1) % 3 * c, l = (i + 2) % 3 * c;
        for (Index k = 0; k < n; ++k) v[i][k] = a[j + k] * b[l + k] - a[l + k] * b[j + k];
    }
    stage.largest[block] = largest_square(v, n);
}

template <class T>
static void normalise_chunk(void* data, long long block) {
    const Stage<T>& stage = *static_cast<const Stage<T>*>(data);
    const Index row = block / stage.chunks, chunk = block % stage.chunks, n = stage.length(chunk);
    T* const __restrict x = stage.out + 3 * row * stage.cells + stage.start(chunk);
    T* const y = x + stage.cells;
    T* const z = y + stage.cells;
    FD_INDEPENDENT
    for (Index k = 0; k < n; ++k) {
        const T square = x[k] * x[k] + y[k] * y[k] + z[k] * z[k];
        const T length = sizeof(T) == 4 ? T(sqrtf(float(square))) : T(sqrt(double(square)));
        const T divisor = length == 0 ? 1 : length;
        x[k] /= divisor;
        y[k] /= divisor;
        z[k] /= divisor;
    }
}

template <class T>
static void run(Task task, Stage<T>& stage, Index rows) {
    stage.chunks = (stage.cells + kChunk - 1) / kChunk;
    fdmag_parallel(task, &stage, rows * stage.chunks, rows * stage.cells >= kSerialCells);
}

template <class T>
static void run_largest(Task task, Stage<T>& stage, Index rows, double* out) {
    const Index chunks = (stage.cells + kChunk - 1) / kChunk;
    stage.largest = static_cast<T*>(__builtin_malloc(rows * chunks * sizeof(T) + 1));
    run(task, stage, rows);
    for (Index row = 0; row < rows; ++row) {
        T worst = 0;
        for (Index k = 0; k < chunks; ++k) worst = larger(worst, stage.largest[row * chunks + k]);
        out[row] = sizeof(T) == 4 ? double(sqrtf(float(worst))) : sqrt(double(worst));
    }
    __builtin_free(stage.largest);
}

#define FD_STAGE_FUNCTIONS(T)                                                                                          \
    /* out = m + dt × sum of weights × slopes, with one dt per row. */                                                 \
    FD_EXPORT void fdmag_moved_##T(Index rows, Index cells, const T* m, const double* dt, int count, const T* weights, \
                                   const T* const* slopes, T* out) {                                                   \
        Stage<T> stage = {cells, 0, count, slopes, weights, dt, m, out, nullptr};                                      \
        run(moved_chunk<T>, stage, rows);                                                                              \
    }                                                                                                                  \
    /* Largest |sum of weights × vectors| over the cells of each row. */                                               \
    FD_EXPORT void fdmag_largest_##T(Index rows, Index cells, int count, const T* weights, const T* const* vectors,    \
                                     double* out) {                                                                    \
        Stage<T> stage = {cells, 0, count, vectors, weights, nullptr, nullptr, nullptr, nullptr};                      \
        run_largest(length_chunk<T>, stage, rows, out);                                                                \
    }                                                                                                                  \
    /* Largest |a x b| over the cells of each row. */                                                                  \
    FD_EXPORT void fdmag_torque_##T(Index rows, Index cells, const T* a, const T* b, double* out) {                    \
        Stage<T> stage = {cells, 0, 1, &b, nullptr, nullptr, a, nullptr, nullptr};                                     \
        run_largest(torque_chunk<T>, stage, rows, out);                                                                \
    }                                                                                                                  \
    /* Scale vectors to length 1; zero vectors stay zero. */                                                           \
    FD_EXPORT void fdmag_normalise_##T(Index rows, Index cells, T* m) {                                                \
        Stage<T> stage = {cells, 0, 0, nullptr, nullptr, nullptr, nullptr, m, nullptr};                                \
        run(normalise_chunk<T>, stage, rows);                                                                          \
    }

FD_STAGE_FUNCTIONS(double)
FD_STAGE_FUNCTIONS(float)

// Sums and maxima in a fixed order that a compiler can vectorise, and the shape of a piece of parallel work.

// In front of a loop whose passes do not depend on one another.
#ifdef __clang__
#define FD_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define FD_INDEPENDENT _Pragma("GCC ivdep")
#endif

constexpr long long kLanes = 64;

// Sum of n numbers, pairwise within groups of kLanes.
static double fixed_sum(const double* values, long long n) {
    double total = 0;
    for (long long start = 0; start < n; start += kLanes) {
        double lane[kLanes];
        const long long count = n - start < kLanes ? n - start : kLanes;
        for (long long k = 0; k < count; ++k) lane[k] = values[start + k];
        for (long long k = count; k < kLanes; ++k) lane[k] = 0;
        for (long long half = kLanes / 2; half > 0; half /= 2)
            for (long long k = 0; k < half; ++k) lane[k] += lane[k + half];
        total += lane[0];
    }
    return total;
}

// The larger of two numbers, or NaN if one is.
template <class T>
static inline T larger(T a, T b) {
    return b > a || b != b ? b : a;
}

// How fdmag_parallel of the runtime library is called: task(data, block) for every block, in any order, by at most so
// many threads: as many as the work is worth, 0 and 1 for the caller alone.
using Task = void (*)(void* data, long long block);
using Parallel = void (*)(Task task, void* data, long long blocks, long long threads);

// Parameters that follow signals in time, at the times of stages: patterns times signals, added up. What a signal is
// says `fdmag/signals.py`, what a parameter is `fdmag/parameter.py`. A library of its own, one for each precision,
// compiled where there is such a parameter.

#define FD_EXPORT extern "C" __attribute__((visibility("default")))
using real = FD_REAL;

enum Kind : Index { kConstant, kStep, kRamp, kPulse, kPulseTrain, kSine, kSinc, kGaussian, kLines, kHeld, kFormula };

struct Signal {
    Index kind;
    double numbers[6];
    Index count;  // of the times in the table, behind which are as many values, or of the operations of a formula
    const void* table;
};

// A pattern times the product of some signals.
struct Product {
    const double* pattern;
    Index next_pattern;  // numbers from one replica to the next; 0 if all have the same
    Index in_cells;      // whether there is one for each cell
    const Signal* signals;
    Index count, next_signals;
};

struct Drive {
    real* values;  // (rows, components, cells)
    Index components, cells;
    const Product* products;
    Index count;
    double least, above, most;  // a value has to be at least, above, and at most so much
};

struct Drives {
    const Drive* drives;
    Index count;
    double* refused;  // of each replica: the time at which a value was not allowed
    Parallel parallel;
};

constexpr double kPi = 3.14159265358979323846;
constexpr double kRounding = 8 * __DBL_EPSILON__;
constexpr Index kChunk = 1024;  // cells

static double clip(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }
static double passed(double since, double width) { return width > 0 ? clip(since / width) : since >= 0 ? 1 : 0; }

static double trapezoid(double since, double length, double rise, double fall) {
    return passed(since, rise) * (1 - passed(since - length, fall));
}

static double looked_up(const Signal& signal, double t, double later) {
    const Index n = signal.count;
    const double *const times = static_cast<const double*>(signal.table), *const values = times + n;
    const bool held = signal.kind == kHeld;
    const double at = held ? later : t;
    Index low = 0, high = n;  // the first time behind `at` is one of them, or there is none
    while (low < high) {
        const Index middle = (low + high) / 2;
        if (times[middle] <= at) low = middle + 1;
        else high = middle;
    }
    if (low == 0) return values[0];
    if (held || low == n) return values[low - 1];
    const double slope = (values[low] - values[low - 1]) / (times[low] - times[low - 1]);
    return values[low - 1] + slope * (at - times[low - 1]);
}

static double value_of(const Signal& signal, double t) {
    const double* const n = signal.numbers;
    const double later = t + kRounding * __builtin_fabs(t);
    switch (signal.kind) {
        case kConstant: return n[0];
        case kStep: return later < n[0] ? n[1] : n[2];
        case kRamp: return n[2] + (n[3] - n[2]) * clip((t - n[1]) / n[0]);
        case kPulse: return trapezoid(later - n[1], n[0], n[2], n[3]);
        case kPulseTrain: {
            const double since = later - n[2], number = __builtin_floor(since / n[1]);
            return trapezoid(since - (number < 0 ? 0 : number > n[5] ? n[5] : number) * n[1], n[0], n[3], n[4]);
        }
        case kSine: return __builtin_sin(2 * kPi * n[0] * t + n[1]);
        case kSinc: {
            const double x = 2 * kPi * n[0] * (t - n[1]);
            return x == 0 ? 1 : __builtin_sin(x) / x;
        }
        case kGaussian: {
            const double x = (t - n[0]) / n[1];
            return __builtin_exp(-0.5 * x * x);
        }
        case kFormula: return formula_value(static_cast<const Operation*>(signal.table), signal.count, later);
        default: return looked_up(signal, t, later);
    }
}

// One row at a time.
struct Setting {
    const Drive& drive;
    Index row, replica, chunks;
    const double* factors;  // of each product
    bool wrong;
};

static void set_chunk(void* data, long long block) {
    Setting& job = *static_cast<Setting*>(data);
    const Drive& drive = job.drive;
    const Index component = block / job.chunks, start = block % job.chunks * kChunk;
    const Index n = drive.cells - start < kChunk ? drive.cells - start : kChunk;
    double sum[kChunk];
    for (Index k = 0; k < n; ++k) sum[k] = 0;
    for (Index j = 0; j < drive.count; ++j) {
        const Product& product = drive.products[j];
        const double factor = job.factors[j], *const pattern = product.pattern + job.replica * product.next_pattern;
        if (product.in_cells) {
            const double* const each = pattern + component * drive.cells + start;
            for (Index k = 0; k < n; ++k) sum[k] += each[k] * factor;
        } else {
            const double own = pattern[component] * factor;
            for (Index k = 0; k < n; ++k) sum[k] += own;
        }
    }
    real* const values = drive.values + (job.row * drive.components + component) * drive.cells + start;
    int allowed = 1;
    for (Index k = 0; k < n; ++k) {
        allowed &= sum[k] >= drive.least && sum[k] > drive.above && sum[k] <= drive.most;
        values[k] = real(sum[k]);
    }
    if (!allowed) __atomic_store_n(&job.wrong, true, __ATOMIC_RELAXED);
}

// Have all values of a row at time t where the terms read them; `alone`: without other threads.
FD_EXPORT void fdmag_drive(void* given, Index row, Index replica, double t, int alone) {
    const Drives& drives = *static_cast<const Drives*>(given);
    for (Index d = 0; d < drives.count; ++d) {
        const Drive& drive = drives.drives[d];
        double* const factors = static_cast<double*>(__builtin_malloc(drive.count * sizeof(double)));
        for (Index j = 0; j < drive.count; ++j) {
            const Product& product = drive.products[j];
            const Signal* const signals = product.signals + replica * product.next_signals;
            factors[j] = 1;
            for (Index k = 0; k < product.count; ++k) factors[j] *= value_of(signals[k], t);
        }
        Setting job = {drive, row, replica, (drive.cells + kChunk - 1) / kChunk, factors, false};
        const Index blocks = drive.components * job.chunks;
        if (!alone && blocks > 8)
            drives.parallel(set_chunk, &job, blocks, blocks / 4);
        else
            for (Index block = 0; block < blocks; ++block) set_chunk(&job, block);
        if (job.wrong) drives.refused[replica] = t;
        __builtin_free(factors);
    }
}

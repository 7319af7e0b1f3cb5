// Passes of a Runge-Kutta step over rows: what comes before each, which follow each other line by line, and how threads
// share them.

// What the cells of a row need to know of all of them: their totals, and the field of the other library.
FD_ONCE static void prepare(const Stepping& run, const Pass& pass, Index row, Index lane, int threads) {
    const Step& step = run.step;
    if (pass.stage < 0) return;
    const Index replica = run.replica(row);
    if (step.drive) {
        const double later = step.c && run.dt ? step.c[pass.stage] * run.dt[row] : 0;
        step.drive(step.drives, row, replica, step.t[replica] + later, threads < 2);
    }
    const Index argument = pass.stage & 1, from = step.moments ? 2 : argument, to = step.moments ? 2 : 1 - argument;
    if (step.totals) {
        const Problem problem = problem_of(step, pass);
        step.totals(&problem, row, replica, run.buffer(argument, row) - row * run.size());
    }
    if (!step.convolve) return;
    if (extrapolates(step, pass.stage, replica)) return find_weights(step, pass.stage, replica, run.dt[row]);
    real *const source = run.buffer(from, row), *target = run.buffer(to, row);
    if (keeps_field(step, pass.stage)) {
        if (pass.stage == 0)
            step.past.known[replica] = 1;
        else
            step.past.tried[replica] = run.dt[row];
        target = past_field(step, replica, pass.stage ? -1 : 0);
    }
    step.convolve(step.handles[lane], source, target, 1, &replica, threads);
}

// How many of the passes may go on as soon as the one before has done the line and its neighbours: those in films that
// need nothing of all cells. They then find in the cache what the pass before has put there.
static Index chained(const Stepping& run, const Pass* passes, Index count, Index row) {
    const Step& step = run.step;
    const Problem& problem = *step.problem;
    if (problem.cells[2] > 1 || problem.periodic[1] || step.drive || step.totals) return 1;
    Index length = 1;
    for (; length < count; ++length) {
        const Index stage = passes[length].stage;
        if (stage >= 0 && step.has_field && !extrapolates(step, stage, run.replica(row))) break;
    }
    return length;
}

template <class T>
static T smaller(T a, T b) {
    return a < b ? a : b;
}

constexpr Index kMostBands = 256;

// Pass j over the lines [from, to), a block at a time, without the j first and last ones, for want of neighbours,
// unless these are the first and the last of all.
static void do_chain(const Stepping& run, const Pass* passes, Index count, Index row, Index from, Index to,
                     Index place) {
    const Blocks blocks = blocks_of_step(*run.step.problem);
    const bool first = from == 0, last = to == blocks.lines;
    for (Index lead = from; lead < to + count - 1; lead += blocks.lines_per_block)
        for (Index j = 0; j < count; ++j) {
            const Index least = from + (first ? 0 : j), most = to - (last ? 0 : j);
            const Index start = lead - j, end = start + blocks.lines_per_block;
            const Index at = start > least ? start : least, until = end < most ? end : most;
            if (at < until) pass_lines(run, passes[j], row, at, until, place);
        }
}

static Index band_start(const Stepping& run, Index band) {
    return blocks_of_step(*run.step.problem).lines * band / run.bands;
}

// A band, and what is left between it and a neighbour that is done: nobody has written yet where that reads.
static void band_task(void* data, long long number) {
    const Stepping& run = *static_cast<const Stepping*>(data);
    const Index band = number;
    do_chain(run, run.passes, run.chain, run.row, band_start(run, band), band_start(run, band + 1), band);
    for (Index border = band > 0 ? band - 1 : 0; border <= band && border < run.bands - 1; ++border) {
        if (__atomic_add_fetch(&run.ready[border], 1, __ATOMIC_ACQ_REL) < 2) continue;
        const Index middle = band_start(run, border + 1);
        for (Index j = 1; j < run.chain; ++j)
            pass_lines(run, run.passes[j], run.row, middle - j, middle + j, run.bands + border);
    }
}

// Some passes over a row by one thread, or with its lines shared out.
static void do_passes(const Stepping& run, const Pass* passes, Index count, Index row, Index lane) {
    for (Index k = 0, n; k < count; k += n) {
        n = chained(run, passes + k, count - k, row);
        for (Index j = k; j < k + n; ++j) prepare(run, passes[j], row, lane, 1);
        do_chain(run, passes + k, n, row, 0, blocks_of_step(*run.step.problem).lines, 0);
    }
}
FD_ONCE static void share_passes(Stepping& run, const Pass* passes, Index count, Index row) {
    const Problem& problem = *run.step.problem;
    const Index worth = threads_worth(problem, problem.cells[0] * problem.cells[1] * problem.cells[2]);
    const Blocks blocks = blocks_of_step(problem);
    const Index threads = worth < run.step.threads ? worth : run.step.threads;
    run.row = row;
    for (Index k = 0, n; k < count; k += n) {
        n = chained(run, passes + k, count - k, row);
        // Bands are wide enough for what is done between them, and enough for a thread to wait for no more than a part
        // of the work if another one loses its processor.
        const Index most = smaller(16 * threads, smaller(kMostBands, (blocks.per_replica + 1) / 2));
        run.bands = n > 1 ? smaller(most, blocks.lines / (2 * (n - 1))) : 0;
        if (threads > 1 && run.bands < 2 * threads) n = 1;
        for (Index j = k; j < k + n; ++j) prepare(run, passes[j], row, 0, int(run.step.threads));
        run.passes = passes + k, run.chain = n;
        if (threads < 2)
            do_chain(run, run.passes, n, row, 0, blocks.lines, 0);
        else if (n == 1)
            problem.parallel(pass_task, &run, blocks.per_replica, worth);
        else {
            int ready[kMostBands] = {0};
            run.ready = ready;
            problem.parallel(band_task, &run, run.bands, worth);
        }
    }
}

// Share out whole rows, of which each lane does one after the other; threads are woken once. Whether it was worth it.
static bool share_rows(Stepping& run, void (*task)(void* data, long long lane), void* data, Index passes) {
    const Step& step = run.step;
    if (step.lanes < 2 || run.rows < 2) return false;
    const Index* const n = step.problem->cells;
    const Index worth = threads_worth(*step.problem, run.rows * n[0] * n[1] * n[2] * passes);
    step.problem->parallel(task, data, step.lanes < run.rows ? step.lanes : run.rows, worth > 1 ? 2 * worth : 1);
    return true;
}
static Index next_row(Stepping& run) { return __atomic_fetch_add(&run.next, 1, __ATOMIC_RELAXED); }

static void rows_task(void* data, long long lane) {
    Stepping& run = *static_cast<Stepping*>(data);
    for (Index row; (row = next_row(run)) < run.rows;) do_passes(run, run.passes, run.pass_count, row, lane);
}

// The largest error over dt of a row, or, with `which` = 1, the largest displacement.
static double largest_of(const Stepping& run, Index row, int which) {
    const Index blocks = blocks_of_step(*run.step.problem).per_replica;
    const real* const each = run.largest + (which * run.rows + row) * blocks;
    real worst = 0;
    for (Index block = 0; block < blocks; ++block) worst = larger(worst, each[block]);
    return double(root(worst));
}

static real* room_for_largest(const Step& step, Index rows) {
    return static_cast<real*>(__builtin_calloc(2 * rows * blocks_of_step(*step.problem).per_replica, sizeof(real)));
}

// Do the passes; largest error over dt and largest displacement of each row to out[row] and out[rows + row].
FD_EXPORT void fdmag_passes(const Step* step, const Pass* passes, Index pass_count, Index rows, const Index* replicas,
                            const double* dt, double* out) {
    Stepping run = {*step, passes, pass_count, rows, replicas, dt, room_for_largest(*step, rows)};
    if (!share_rows(run, rows_task, &run, pass_count))
        for (Index row = 0; row < rows; ++row) share_passes(run, passes, pass_count, row);
    for (Index row = 0; row < rows; ++row)
        for (int which = 0; which < 2; ++which) out[which * rows + row] = largest_of(run, row, which);
    __builtin_free(run.largest);
}

struct Acceptance {
    const Step& step;
    const Index *rows, *replicas;
    Index size, pieces;
};

constexpr Index kCopied = 65536;  // numbers

static void accept_task(void* data, long long block) {
    const Acceptance& job = *static_cast<const Acceptance*>(data);
    const Index k = block / job.pieces, start = block % job.pieces * kCopied;
    const Index count = job.size - start < kCopied ? job.size - start : kCopied;
    const real* const solutions = job.step.buffers + (job.step.stages & 1) * job.step.buffer_size;
    __builtin_memcpy(job.step.m + job.replicas[k] * job.size + start, solutions + job.rows[k] * job.size + start,
                     count * sizeof(real));
}

// Copy solutions of some rows to where the state is kept.
FD_ONCE static void keep_solutions(const Step& step, Index count, const Index* rows, const Index* replicas,
                                   bool alone) {
    const Index* const n = step.problem->cells;
    const Index size = 3 * n[0] * n[1] * n[2], pieces = (size + kCopied - 1) / kCopied;
    Acceptance job = {step, rows, replicas, size, pieces};
    if (alone)
        for (Index block = 0; block < count * pieces; ++block) accept_task(&job, block);
    else
        step.problem->parallel(accept_task, &job, count * pieces, count * size / (2 * kCopied));
}

// What else is done when a step is accepted.
static void go_on(const Step& step, Index replica) {
    if (step.last_slot >= 0) step.swapped[replica] ^= 1;
    keep_tried(step, replica);
}

// Accept solutions of some rows of the last call.
FD_EXPORT void fdmag_accept(const Step* step, Index count, const Index* rows, const Index* replicas) {
    keep_solutions(*step, count, rows, replicas, false);
    for (Index k = 0; k < count; ++k) go_on(*step, replicas[k]);
}

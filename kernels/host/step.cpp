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
        step.totals(&problem, row, replica, step.buffers + argument * step.buffer_size);
    }
    if (!step.convolve) return;
    if (extrapolates(step, pass.stage, replica)) return find_weights(step, pass.stage, replica, run.dt[row]);
    const Index* const n = step.problem->cells;
    real* const first = step.buffers + 3 * row * n[0] * n[1] * n[2];
    real *const source = first + from * step.buffer_size, *target = first + to * step.buffer_size;
    if (keeps_field(step, pass.stage)) {
        if (pass.stage == 0)
            step.past.known[replica] = 1;
        else
            step.past.tried[replica] = run.dt[row];
        target = past_field(step, replica, pass.stage ? -1 : 0);
    }
    step.convolve(step.handles[lane], source, target, 1, &replica, threads);
}

// How many of the passes may go on as soon as the one before has done the block and its neighbours: those in films that
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

// Pass j over the blocks [from, to), without the j first and last ones, for want of neighbours, unless these are the
// first and the last of all.
static void do_chain(const Stepping& run, const Pass* passes, Index count, Index row, Index from, Index to) {
    const bool first = from == 0, last = to == blocks_of_step(*run.step.problem).per_replica;
    for (Index lead = from; lead < to + count - 1; ++lead)
        for (Index j = 0; j < count; ++j) {
            const Index block = lead - j;
            if (block >= from + (first ? 0 : j) && block < to - (last ? 0 : j)) pass_block(run, passes[j], row, block);
        }
}

static Index band_start(const Stepping& run, long long band) {
    return blocks_of_step(*run.step.problem).per_replica * band / run.bands;
}
static void band_task(void* data, long long band) {
    const Stepping& run = *static_cast<const Stepping*>(data);
    do_chain(run, run.passes, run.chain, run.row, band_start(run, band), band_start(run, band + 1));
}
// What is left between two bands. Nobody has written yet where it reads.
static void border_task(void* data, long long border) {
    const Stepping& run = *static_cast<const Stepping*>(data);
    const Index middle = band_start(run, border + 1);
    for (Index j = 1; j < run.chain; ++j)
        for (Index block = middle - j; block < middle + j; ++block) pass_block(run, run.passes[j], run.row, block);
}

// Some passes over a row by one thread, or with its blocks shared out.
static void do_passes(const Stepping& run, const Pass* passes, Index count, Index row, Index lane) {
    for (Index k = 0, n; k < count; k += n) {
        n = chained(run, passes + k, count - k, row);
        for (Index j = k; j < k + n; ++j) prepare(run, passes[j], row, lane, 1);
        do_chain(run, passes + k, n, row, 0, blocks_of_step(*run.step.problem).per_replica);
    }
}
FD_ONCE static void share_passes(Stepping& run, const Pass* passes, Index count, Index row) {
    const Problem& problem = *run.step.problem;
    const Index worth = threads_worth(problem, problem.cells[0] * problem.cells[1] * problem.cells[2]);
    const Index blocks = blocks_of_step(problem).per_replica;
    const Index threads = worth < run.step.threads ? worth : run.step.threads;
    run.row = row;
    for (Index k = 0, n; k < count; k += n) {
        n = chained(run, passes + k, count - k, row);
        // Bands are wide beside what is filled in between them, and enough for a thread to wait for no more than a part
        // of the work if another one loses its processor.
        run.bands = 4 * threads < blocks / (8 * n) ? 4 * threads : blocks / (8 * n);
        if (threads > 1 && run.bands < 2 * threads) n = 1;
        for (Index j = k; j < k + n; ++j) prepare(run, passes[j], row, 0, int(run.step.threads));
        run.passes = passes + k, run.chain = n;
        if (threads < 2)
            do_chain(run, run.passes, n, row, 0, blocks);
        else if (n == 1)
            problem.parallel(pass_task, &run, blocks, worth);
        else {
            problem.parallel(band_task, &run, run.bands, worth);
            problem.parallel(border_task, &run, run.bands - 1, worth);
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
    Stepping run = {*step, passes, pass_count, rows, replicas, dt, room_for_largest(*step, rows), 0, 0, 0};
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

FD_ONCE static void accept(const Step& step, Index count, const Index* rows, const Index* replicas, bool alone) {
    const Index* const n = step.problem->cells;
    const Index size = 3 * n[0] * n[1] * n[2], pieces = (size + kCopied - 1) / kCopied;
    Acceptance job = {step, rows, replicas, size, pieces};
    if (alone)
        for (Index block = 0; block < count * pieces; ++block) accept_task(&job, block);
    else
        step.problem->parallel(accept_task, &job, count * pieces, count * size / (2 * kCopied));
    for (Index k = 0; k < count; ++k) {
        if (step.last_slot >= 0) step.swapped[replicas[k]] ^= 1;
        keep_tried(step, replicas[k]);
    }
}

// Copy solutions of some rows of the last call to the state.
FD_EXPORT void fdmag_accept(const Step* step, Index count, const Index* rows, const Index* replicas) {
    accept(*step, count, rows, replicas, false);
}

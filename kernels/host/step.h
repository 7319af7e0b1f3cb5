// A Runge-Kutta step in passes over memory: in one visit to a cell its slope, the argument of the next stage, and what
// is needed of the error. `fdmag/solvers/passes.py` says which passes a method has. A library of its own, one for each
// precision: the unit of the terms is asked for slopes.
//
// Arguments, fields and solutions are kept by row of the call, the state and its slopes by replica of the simulation.
// The field of another library (demag) is in the place where the next argument is written, cell by cell.

// Out of line: copies in all callers would take longer to compile than they save.
#define FD_ONCE __attribute__((noinline))

// Weighted sum of slopes: of some that are kept, and of the one that the pass computes.
struct Sum {
    Index count;
    const Index* slots;
    const double* weights;
    double own;
};

struct Pass {
    Index stage;         // whose slope is evaluated; -1: none
    Index target;        // stage whose argument is written, or the number of stages for the solution; -1: none
    Index sums_step;     // whether `step` gives it; otherwise it is the argument of `stage`
    Index sums_error;    // whether there is an error
    Index error_slot;    // where it is kept; -1: its largest length is found
    Index slot;          // where the slope is kept; -1: nowhere
    Sum step, error;
    const View* views;  // parameters at the time of the stage; null: those of the problem
};

// Have the parameters that change with time set for a row, where the terms read them; see `drives.cpp`.
using Drive = void (*)(void* drives, Index row, Index replica, double t, int alone);

// Fields of the other library at the ends of the last steps, from which stages within a step extrapolate it: see
// `fdmag/solvers/slow_field.py`. The first and the last stage of a step find the field itself.
constexpr int kPoints = 4;
struct Past {
    real* fields;     // (kPoints + 1, batch, 3, cells): each replica's go round, and there is room for the attempt's;
                      // null: every stage finds the field
    double* steps;    // (batch, kPoints - 1): lengths of the steps between them, the newest first
    double* tried;    // (batch,): length of the last attempt
    double* weights;  // (batch, stages, kPoints)
    Index* newest;    // (batch,): place of the newest
    Index* known;     // (batch,): how many there are
};

struct Step {
    const Problem* problem;
    Slopes slopes;                 // of the unit
    Totals totals;                 // of the unit; null: its terms need none
    Index batch;                   // replicas of the simulation
    Index stages;
    Index descent;                 // whether slopes are those of the descent
    Index moments;                 // whether the other library wants Ms m, in a buffer of its own, and gives its field
    Index scaled;                  // whether it wants m, and gives the field for Ms = 1
    Index has_field;               // whether it gives one at all
    Index slot_size, buffer_size;  // numbers in each
    Index last_slot;
    real* m;                       // (batch, 3, cells)
    real* slots;                   // (slots, batch, 3, cells)
    real* buffers;                 // (2, or 3 with moments; rows, 3, cells)
    unsigned char* swapped;        // of each replica: whether slots 0 and last_slot have changed places
    Convolve convolve;             // null: the field is there already
    void* const* handles;          // of the other library: the first for a large row, one for each lane
    Index lanes;                   // how many rows may be done at the same time
    Index threads;                 // for a large row
    Drive drive;                   // null: no parameter is set so
    void* drives;
    const double* refused;         // of each replica: the time at which a parameter had an impossible value; NaN: none
    const double *t, *c;           // of each replica, and of each stage; without c all stages are at t
    Past past;
};

// Whether the field at a stage is extrapolated, and whether it is one of those that are kept.
static bool extrapolates(const Step& step, Index stage, Index replica) {
    const bool within = stage > 0 && stage < step.stages - 1;
    return within && step.past.fields && step.past.known[replica] == kPoints;
}
static bool keeps_field(const Step& step, Index stage) {
    return step.past.fields && (stage == 0 || stage == step.stages - 1);
}

// The j-th newest field of a replica; -1: that of the present attempt.
static real* past_field(const Step& step, Index replica, Index j) {
    const Past& past = step.past;
    const Index* const n = step.problem->cells;
    const Index place = (past.newest[replica] + kPoints + 1 - j) % (kPoints + 1);
    return past.fields + place * step.slot_size + 3 * replica * n[0] * n[1] * n[2];
}

// Weights of the polynomial through the fields kept, at a stage.
static void find_weights(const Step& step, Index stage, Index replica, double dt) {
    const double* const steps = step.past.steps + replica * (kPoints - 1);
    double nodes[kPoints] = {0};
    for (int j = 1; j < kPoints; ++j) nodes[j] = nodes[j - 1] - steps[j - 1] / dt;
    for (int j = 0; j < kPoints; ++j) {
        double weight = 1;
        for (int k = 0; k < kPoints; ++k)
            if (k != j) weight *= (step.c[stage] - nodes[k]) / (nodes[j] - nodes[k]);
        step.past.weights[(replica * step.stages + stage) * kPoints + j] = weight;
    }
}

static void keep_tried(const Step& step, Index replica) {
    const Past& past = step.past;
    if (!past.fields) return;
    double* const steps = past.steps + replica * (kPoints - 1);
    for (int j = kPoints - 2; j > 0; --j) steps[j] = steps[j - 1];
    steps[0] = past.tried[replica];
    past.newest[replica] = (past.newest[replica] + 1) % (kPoints + 1);
    past.known[replica] += past.known[replica] < kPoints;
}

// One call: some passes over some replicas.
struct Stepping {
    const Step& step;
    const Pass* passes;
    Index pass_count, rows;
    const Index* replicas;
    const double* dt;
    real* largest;             // (2, rows, blocks of a row): squares of error and displacement
    Index row;                 // of the work that is shared out
    Index chain;               // how many passes of it follow each other
    Index bands;               // of lines, in which they do
    int* ready;                // of each border between bands: how many of the two are done
    unsigned char* exchanged;  // of each row: whether state and solution have changed places; null: they never do
    long long next;            // row to do, where work is shared out by rows

    Index replica(Index at) const { return replicas ? replicas[at] : at; }
    Index size() const {
        const Index* const n = step.problem->cells;
        return 3 * n[0] * n[1] * n[2];
    }
    real* state(Index at) const { return in_exchange(at) ? own_buffer(solution(), at) : kept_state(at); }
    real* buffer(Index number, Index at) const {
        return number == solution() && in_exchange(at) ? kept_state(at) : own_buffer(number, at);
    }

  private:
    Index solution() const { return step.stages & 1; }
    bool in_exchange(Index at) const { return exchanged && exchanged[at]; }
    real* kept_state(Index at) const { return step.m + replica(at) * size(); }
    real* own_buffer(Index number, Index at) const { return step.buffers + number * step.buffer_size + at * size(); }
};

// out = sum of weights x vectors of N arrays, in this order; added to what is there unless `start`. With `from` that
// times dt, and `from` added.
template <int N, bool moves>
static void add_vectors(const real* const* vectors, const real* weights, bool start, Index n, const real* from, real dt,
                        real* __restrict out) {
    const real* v[N];
    real w[N];
    for (int j = 0; j < N; ++j) {
        v[j] = vectors[j];
        w[j] = weights[j];
    }
    FD_INDEPENDENT
    for (Index k = 0; k < n; ++k) {
        real sum = start ? w[0] * v[0][k] : out[k] + w[0] * v[0][k];
#pragma GCC unroll 4
        for (int j = 1; j < N; ++j) sum += w[j] * v[j][k];
        out[k] = moves ? from[k] + dt * sum : sum;
    }
}

// Largest |v|² of a piece, NaN if one is.
static real largest_square(const real (*v)[kPiece], Index n) {
    real square[kPiece];
    Index half = kPiece / 2;
    while (half >= n && half > 1) half /= 2;
    for (Index k = 0; k < n; ++k) square[k] = v[0][k] * v[0][k] + v[1][k] * v[1][k] + v[2][k] * v[2][k];
    for (Index k = n; k < 2 * half; ++k) square[k] = 0;
    for (; half > 0; half /= 2)
        for (Index k = 0; k < half; ++k) square[k] = larger(square[k], square[k + half]);
    return square[0];
}

static inline real root(real square) { return sizeof(real) == 4 ? __builtin_sqrtf(square) : __builtin_sqrt(square); }

// As many lines as make a piece are done at once.
static Blocks blocks_of_step(const Problem& problem) {
    const Index lines = problem.cells[1] * problem.cells[2], height = kPiece / problem.cells[0];
    const Index each = height < 1 ? 1 : height < lines ? height : lines;
    return {lines, each, (lines + each - 1) / each};
}

// A pass in one piece of a block: cells [start, start + n) of a row.
struct Piece {
    const Step& step;
    const Pass& pass;
    const Index row, replica, cells;
    Index start = 0, n = 0;
    const real* const state;
    real* const buffers[3];
    bool in_place;  // whether the slope is computed where it is kept: the pass reads nothing there
    real field[3][kPiece], own_slope[3][kPiece], error[3][kPiece];

    // The arrays stay as they are: setting them to zero would take as long as a small pass.
    Piece(const Stepping& run, const Pass& p, Index at)
        : step(run.step), pass(p), row(at), replica(run.replica(at)), cells(run.size() / 3), state(run.state(at)),
          buffers{run.buffer(0, at), run.buffer(1, at), run.buffer(2, at)} {
        in_place = pass.slot >= 0 && !reads(pass.step) && !reads(pass.error) && pass.error_slot != pass.slot;
    }

    bool reads(const Sum& sum) const {
        for (Index k = 0; k < sum.count; ++k)
            if (sum.slots[k] == pass.slot) return true;
        return false;
    }

    real* slot(Index number, int component) const {
        const bool swapped = step.swapped[replica] && (number == 0 || number == step.last_slot);
        const Index place = swapped ? step.last_slot - number : number;
        return step.slots + place * step.slot_size + (3 * replica + component) * cells + start;
    }
    real* buffer(Index number, int component) const {
        return buffers[number] + component * cells + start;
    }
    real* slope(int component) { return in_place ? slot(pass.slot, component) : own_slope[component]; }
    real* moved(int component) const { return buffer(pass.target & 1, component); }
    const real* m(int component) const { return state + component * cells + start; }

    // out = sum, or m + dt x sum.
    template <bool moves>
    void add(const Sum& sum, int component, real dt, real* out) {
        const real* vectors[4];
        real weights[4];
        const real* const from = moves ? m(component) : nullptr;
        const Index all = sum.count + (sum.own != 0);
        if (all == 0)
            for (Index k = 0; k < n; ++k) out[k] = moves ? from[k] : 0;
        for (Index done = 0; done < all; done += 4) {
            const int count = all - done < 4 ? int(all - done) : 4;
            for (int j = 0; j < count; ++j) {
                const bool kept = done + j < sum.count;
                vectors[j] = kept ? slot(sum.slots[done + j], component) : slope(component);
                weights[j] = real(kept ? sum.weights[done + j] : sum.own);
            }
            if (all - done > 4) add_vectors<4, false>(vectors, weights, done == 0, n, from, dt, out);
            else if (count == 4) add_vectors<4, moves>(vectors, weights, done == 0, n, from, dt, out);
            else if (count == 3) add_vectors<3, moves>(vectors, weights, done == 0, n, from, dt, out);
            else if (count == 2) add_vectors<2, moves>(vectors, weights, done == 0, n, from, dt, out);
            else add_vectors<1, moves>(vectors, weights, done == 0, n, from, dt, out);
        }
    }

    // The field of the other library: where it was put, or extrapolated to where it would be.
    const real* other_field(Index place) {
        if (keeps_field(step, pass.stage)) return past_field(step, replica, pass.stage ? -1 : 0);
        if (extrapolates(step, pass.stage, replica)) {
            const double* const each = step.past.weights + (replica * step.stages + pass.stage) * kPoints;
            for (int c = 0; c < 3; ++c) {
                const real* fields[kPoints];
                real weights[kPoints];
                for (int j = 0; j < kPoints; ++j) {
                    fields[j] = past_field(step, replica, j) + c * cells + start;
                    weights[j] = real(each[j]);
                }
                add_vectors<kPoints, false>(fields, weights, true, n, nullptr, 0, buffer(place, c));
            }
        }
        return buffer(place, 0) - start;
    }

    void evaluate(const Problem& problem) {
        const Index argument = pass.stage & 1, place = step.moments ? 2 : 1 - argument;
        const real* const other = step.has_field ? other_field(place) : nullptr;
        step.slopes(&problem, row, replica, buffers[argument] - 3 * row * cells, other, int(step.scaled),
                    int(step.descent), start, start + n, field[0] - start, slope(0) - start, in_place ? cells : kPiece);
    }

    // m + dt x step, or the argument of the stage, to `moved`: where the field of the piece was, which is done with.
    void move(real dt) {
        for (int c = 0; c < 3; ++c)
            if (pass.sums_step)
                add<true>(pass.step, c, dt, moved(c));
            else
                __builtin_memcpy(moved(c), buffer(pass.stage & 1, c), n * sizeof(real));
    }

    // Scale `moved` to length 1, where it is not zero; return the largest |moved - m|² before that.
    real finish() {
        real change[3][kPiece];
        real *const at[3] = {moved(0), moved(1), moved(2)};
        for (int c = 0; c < 3; ++c) {
            const real* const from = m(c);
            for (Index k = 0; k < n; ++k) change[c][k] = at[c][k] - from[k];
        }
        FD_INDEPENDENT
        for (Index k = 0; k < n; ++k) {
            const real x = at[0][k], y = at[1][k], z = at[2][k], length = root(x * x + y * y + z * z);
            const real divisor = length == 0 ? 1 : length;
            at[0][k] = x / divisor;
            at[1][k] = y / divisor;
            at[2][k] = z / divisor;
        }
        return largest_square(change, n);
    }

    void write(const View& Ms) {
        for (int c = 0; c < 3; ++c) {
            if (pass.error_slot >= 0) __builtin_memcpy(slot(pass.error_slot, c), error[c], n * sizeof(real));
            if (pass.slot >= 0 && !in_place) __builtin_memcpy(slot(pass.slot, c), own_slope[c], n * sizeof(real));
            if (!step.moments || pass.target < 0 || pass.target == step.stages) continue;
            real* const moments = buffer(2, c);
            const real* const each = Ms.data + Ms.per_replica * replica + Ms.per_row * row + start;
            const real* const to = moved(c);
            for (Index k = 0; k < n; ++k) moments[k] = each[k] * to[k];
        }
    }
};

static Problem problem_of(const Step& step, const Pass& pass) {
    Problem problem = *step.problem;
    if (pass.views) problem.views = pass.views;
    return problem;
}

// A pass over the lines [from, to) of a row; what is largest there goes to a place of its own.
FD_ONCE static void pass_lines(const Stepping& run, const Pass& pass, Index row, Index from, Index to, Index place) {
    const Step& step = run.step;
    const Problem problem = problem_of(step, pass);
    const Blocks blocks = blocks_of_step(problem);
    const Index nx = problem.cells[0], end = to * nx;
    const bool solves = pass.target == step.stages, judges = pass.sums_error && pass.error_slot < 0;
    real worst_error = 0, worst_move = 0;
    Piece piece(run, pass, row);
    for (piece.start = from * nx; piece.start < end; piece.start += piece.n) {
        piece.n = piece_length(problem, piece.start, end);
        if (pass.stage >= 0) piece.evaluate(problem);
        if (pass.sums_error)
            for (int c = 0; c < 3; ++c) piece.add<false>(pass.error, c, 0, piece.error[c]);
        if (judges) worst_error = larger(worst_error, largest_square(piece.error, piece.n));
        if (pass.target >= 0) piece.move(run.dt ? real(run.dt[row]) : 0);
        if (solves) worst_move = larger(worst_move, piece.finish());
        piece.write(problem.views[0]);  // last: a slot that is written may be one that was read
    }
    real* const error = run.largest + row * blocks.per_replica + place;
    real* const displacement = error + run.rows * blocks.per_replica;
    if (judges) *error = larger(*error, worst_error);
    if (solves) *displacement = larger(*displacement, worst_move);
}

static void pass_task(void* data, long long block) {
    const Stepping& run = *static_cast<const Stepping*>(data);
    const Blocks blocks = blocks_of_step(*run.step.problem);
    const Index from = block * blocks.lines_per_block, to = from + blocks.lines_per_block;
    pass_lines(run, *run.passes, run.row, from, to < blocks.lines ? to : blocks.lines, block);
}

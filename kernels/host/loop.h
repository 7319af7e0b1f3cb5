// Host functions of one unit: all local terms, and the torque, in one pass over the cells of all replicas.
//
// The text in front of this one defines Terms, Damping, kTerms and the functions that read parameters and call terms.
// What one call works on; row r of every array is replica replicas[r] of the simulation.
struct Call {
    const Problem* problem;
    Index rows;
    const Index* replicas;  // null: row r is replica r
    const real* m;
    const real* other;  // field added to the local one, or the second factor of an inner product; may be null
    real* out;
    double* sums;  // one per term and block
    bool scaled;   // `other` is to be multiplied by Ms, which is the same in all cells
};

static void run(Task task, Call& call) {
    const Problem& problem = *call.problem;
    const Index cells = problem.cells[0] * problem.cells[1] * problem.cells[2];
    problem.parallel(task, &call, call.rows * blocks_of(problem).per_replica, worth_threads(problem, call.rows * cells));
}

constexpr Index kVector = 64 / sizeof(real);  // cells of the widest vector there is

// Call visit(i) for begin <= i < end, for some of them twice: in whole vectors, of which the last overlaps with the one
// before, so that no cells are left to be done one by one. Few cells take vectors of half the size, or one(i).
template <Index vector = kVector, class Visit, class One>
FD_HD void in_vectors(Index begin, Index end, const Visit& visit, const One& one) {
    if (end - begin < vector) {
        if constexpr (vector == kVector)
            in_vectors<vector / 2>(begin, end, visit, one);
        else
            for (Index i = begin; i < end; ++i) one(i);
        return;
    }
    for (Index i = begin; i < end; i += vector) {
        const Index start = i + vector <= end ? i : end - vector;
        FD_INDEPENDENT
        for (Index k = 0; k < vector; ++k) visit(start + k);
    }
}

// One cell alone, out of line: what is done in a cell may be long code, and vectors of them are where time is spent.
// `cell` is a copy, so that the caller's is never in memory that a store could change.
template <class Cell>
__attribute__((noinline)) static void alone(Cell cell, Site site) {
    cell(site);
}

// One line of cells along x: its first cell, how far its neighbours along y and z are, and those of its ends along x.
// The next one is found without a division, which would take as long as a short line.
struct Line {
    Index first, y_below, y_above, z_below, z_above, to_end;

    FD_HD Line(const Problem& problem, Index number) {
        first = number * problem.cells[0];
        y = number % problem.cells[1];
        z = number / problem.cells[1];
        to_end = problem.periodic[0] ? problem.cells[0] - 1 : 0;
        look_around(problem);
    }

    FD_HD void advance(const Problem& problem) {
        first += problem.cells[0];
        const bool last = ++y == problem.cells[1];
        y = last ? 0 : y;
        z += last;
        look_around(problem);
    }

    FD_HD Site site(Index i, Index x_below, Index x_above) const {
        return {i, {i + x_below, i + y_below, i + z_below}, {i + x_above, i + y_above, i + z_above}};
    }

  private:
    Index y, z;

    FD_HD void look_around(const Problem& problem) {
        const Index nx = problem.cells[0], ny = problem.cells[1], nz = problem.cells[2], layer = nx * ny;
        const Index z_step = layer * (nz - 1);
        const bool wrap_y = problem.periodic[1], wrap_z = problem.periodic[2];
        y_below = y > 0 ? -nx : wrap_y ? layer - nx : 0, y_above = y < ny - 1 ? nx : wrap_y ? nx - layer : 0;
        z_below = z > 0 ? -layer : wrap_z ? z_step : 0, z_above = z < nz - 1 ? layer : wrap_z ? -z_step : 0;
    }
};

// Call cell(site) for the cells [start, end) that are the first or the last of their line.
template <class Cell>
__attribute__((noinline)) static void at_ends(const Problem& problem, Index start, Index end, Cell cell) {
    const Index nx = problem.cells[0];
    for (Line line(problem, start / nx); line.first < end; line.advance(problem)) {
        const Index last = line.first + nx - 1;
        if (line.first >= start) cell(line.site(line.first, line.to_end, nx > 1 ? 1 : 0));
        if (last < end && nx > 1) cell(line.site(last, -1, -line.to_end));
    }
}

// Call cell(site) for the cells [start, end), for some of them twice: for those inside of a line, whose neighbours along
// x are always there, and then for its ends.
template <class Cell>
FD_HD void for_sites(const Problem& problem, Index start, Index end, const Cell& cell) {
    const Index nx = problem.cells[0];
    for (Line line(problem, start / nx); line.first < end; line.advance(problem)) {
        const Index from = line.first + 1, to = line.first + nx - 1;
        in_vectors(
            from > start ? from : start, to < end ? to : end, [=](Index i) FD_INLINE { cell(line.site(i, -1, 1)); },
            [=](Index i) FD_INLINE { alone(cell, line.site(i, -1, 1)); });
    }
    at_ends(problem, start, end, cell);
}

// Some lines of one row, with its parameters read.
struct Work {
    Index row, first_line, last_line, cells;
    Magnet magnet;
    Terms terms;
    Damping damping;
};

// Read the parameters of a row; of Ms alone unless all are wanted.
static Work read(const Problem& problem, Index row, Index replica, const real* m, bool all) {
    Work work;
    work.row = row;
    work.first_line = 0;
    work.last_line = problem.cells[1] * problem.cells[2];
    work.cells = problem.cells[0] * work.last_line;
    const auto first = [&](int k) {
        const View& view = problem.views[k];
        return view.data + view.per_replica * replica + view.per_row * row;
    };
    work.magnet.values = m + 3 * work.cells * row;
    work.magnet.cells = work.cells;
    work.magnet.Ms.read(first(0), work.cells);
    for (int axis = 0; axis < 3; ++axis) {
        work.magnet.cell_size[axis] = real(problem.cell_size[axis]);
        work.magnet.inverse_square[axis] = real(1 / (problem.cell_size[axis] * problem.cell_size[axis]));
    }
    if (!all) return work;
    work.damping.alpha.read(first(1), work.cells);
    work.damping.gamma.read(first(2), work.cells);
    read_terms(work.terms, first, work.cells);
    return work;
}

// Say where a block is, and read its parameters.
static Work begin(const Call& call, Index block, bool all = true) {
    const Blocks blocks = blocks_of(*call.problem);
    const Index row = block / blocks.per_replica;
    Work work = read(*call.problem, row, call.replicas ? call.replicas[row] : row, call.m, all);
    work.first_line = block % blocks.per_replica * blocks.lines_per_block;
    const Index end = work.first_line + blocks.lines_per_block;
    work.last_line = end < blocks.lines ? end : blocks.lines;
    return work;
}

FD_HD void store(real* out, Index cell, Index cells, vec3 v) {
    out[cell] = v.x;
    out[cell + cells] = v.y;
    out[cell + 2 * cells] = v.z;
}

// Write visit(site, magnet, terms, damping), a vector, for the cells [start, end) of a row to out[cell], out[cell +
// stride] and out[cell + 2 stride]; 0 where Ms = 0.
template <class Visit>
FD_HD void for_cells(const Problem& problem, const Work& work, Index start, Index end, real* out, Index stride,
                     const Visit& visit) {
    const Magnet magnet = work.magnet;
    const Terms terms = work.terms;
    const Damping damping = work.damping;
    for_sites(problem, start, end, [=](const Site& site) FD_INLINE {
        const vec3 v = visit(site, magnet, terms, damping);
        const bool magnetic = magnet.magnetic(site.i);
        store(out, site.i, stride, {magnetic ? v.x : 0, magnetic ? v.y : 0, magnetic ? v.z : 0});
    });
}

static Task term_task(int term);
static void find_totals(Call& call);
static void sum_energies(const Call& call, const Work& work, double* sums);

enum Kind { kField, kSlope, kDescent };

// Field of all terms plus factor x other in a piece of cells, as `for_cells` writes it; `other` may be null.
__attribute__((noinline)) static void add_fields(const Problem& problem, const Work& work, const real* other,
                                                 real factor, Index start, Index end, real* out) {
    const Vector<true> B_other = {other ? other : work.magnet.values, work.cells};
    const real weight = other ? factor : 0;
    for_cells(problem, work, start, end, out, kPiece,
              [=](const Site& s, const Magnet& magnet, const Terms& t, const Damping& d)
                  FD_INLINE { return acting(local_field(t, s, magnet) + weight * B_other[s.i], d, s.i); });
}

// Field, slope or descent of all terms plus factor x other in a piece of cells, to out[cell], out[cell + stride] and
// out[cell + 2 stride]; `B` is as large as a piece, keeps their field in the cache, and may be `out`.
template <int kind>
__attribute__((noinline)) static void evaluate(const Problem& problem, const Work& work, const real* other, real factor,
                                               Index start, Index end, real* B, real* out, Index stride) {
    add_fields(problem, work, other, factor, start, end, B);
    if (kind == kField) {
        for (int c = 0; c < 3; ++c)
            __builtin_memcpy(out + c * stride + start, B + c * kPiece + start, (end - start) * sizeof(real));
        return;
    }
    const Magnet magnet = work.magnet;
    const Damping damping = work.damping;
    FD_INDEPENDENT
    for (Index i = start; i < end; ++i) {
        const vec3 m = magnet.m(i), field = {B[i], B[i + kPiece], B[i + 2 * kPiece]};
        const vec3 v = kind == kSlope ? llg(m, field, damping.gamma[i], damping.alpha[i]) : steepest_descent(m, field);
        const bool magnetic = magnet.magnetic(i);
        store(out, i, stride, {magnetic ? v.x : 0, magnetic ? v.y : 0, magnetic ? v.z : 0});
    }
}

template <int kind>
static void local_block(void* data, long long block) {
    const Call& call = *static_cast<const Call*>(data);
    const Work work = begin(call, block);
    const Index nx = call.problem->cells[0], end = work.last_line * nx, first = 3 * work.cells * work.row;
    real values[3 * kPiece];
    for (Index start = work.first_line * nx, n; start < end; start += n) {
        n = piece_length(*call.problem, start, end);
        evaluate<kind>(*call.problem, work, call.other ? call.other + first : nullptr,
                       call.scaled ? work.magnet.Ms[0] : real(1), start, start + n, values - start, call.out + first,
                       work.cells);
    }
}

// Field [T], dm/dt [1/s] or -m x (m x B) [T] of all local terms plus `other`, which may be null, or plus Ms times the
// field that `convolve` gives, if it is not null.
FD_EXPORT void fdmag_local(const Problem* problem, Index rows, const Index* replicas, const real* m, const real* other,
                           real* out, int kind, Convolve convolve, void* handle, int threads) {
    static const Task tasks[] = {local_block<kField>, local_block<kSlope>, local_block<kDescent>};
    if (convolve) convolve(handle, m, out, rows, replicas, threads);
    Call call = {problem, rows, replicas, m, convolve ? out : other, out, nullptr, convolve != nullptr};
    find_totals(call);
    run(tasks[kind], call);
}

// See `Slopes`.
FD_EXPORT void fdmag_slopes(const Problem* problem, Index row, Index replica, const real* m, const real* other,
                            int scaled, int descent, Index start, Index end, real* B, real* out, Index stride) {
    const Work work = read(*problem, row, replica, m, true);
    const auto slopes = descent ? evaluate<kDescent> : evaluate<kSlope>;
    slopes(*problem, work, other, scaled ? work.magnet.Ms[0] : real(1), start, end, B, out, stride);
}

// Field of one term, as `for_cells` writes it.
template <int term>
__attribute__((noinline)) static void one_field(const Problem& problem, const Work& work, Index start, Index end,
                                                real* out, Index stride) {
    for_cells(problem, work, start, end, out, stride, [](const Site& s, const Magnet& magnet, const Terms& t, const Damping&)
                  FD_INLINE { return field_of(At<term>(), t, s, magnet); });
}

template <int term>
static void term_block(void* data, long long block) {
    const Call& call = *static_cast<const Call*>(data);
    const Work work = begin(call, block);
    const Index nx = call.problem->cells[0];
    one_field<term>(*call.problem, work, work.first_line * nx, work.last_line * nx,
                    call.out + 3 * work.cells * work.row, work.cells);
}

// Field [T] of one term.
FD_EXPORT void fdmag_term(const Problem* problem, Index rows, const Index* replicas, const real* m, real* out,
                          int term) {
    Call call = {problem, rows, replicas, m, nullptr, out, nullptr, false};
    find_totals(call);
    run(term_task(term), call);
}

// Sum over the lines of a block of density(site), in float64 and a fixed order.
template <class Density>
FD_HD double sum_block(const Call& call, const Work& work, const Density& density) {
    const Index nx = call.problem->cells[0];
    double total = 0;
    double* const line_values = static_cast<double*>(__builtin_malloc(nx * sizeof(double)));
    for (Index line = work.first_line; line < work.last_line; ++line) {
        double* const values = line_values - line * nx;
        for_sites(*call.problem, line * nx, (line + 1) * nx,
                  [=](const Site& s) FD_INLINE { values[s.i] = double(density(s)); });
        total += fixed_sum(line_values, nx);
    }
    __builtin_free(line_values);
    return total;
}

// Sum of factor x Ms m·b over one line, in a fixed order; the components of b are `stride` apart.
__attribute__((noinline)) static double sum_line(const Magnet& magnet, Index start, Index nx, real factor,
                                                 const real* b, Index stride, double* values) {
    for (Index k = 0; k < nx; ++k) {
        const vec3 B = {b[k], b[k + stride], b[k + 2 * stride]};
        values[k] = double(magnet.Ms[start + k] * dot(magnet.m(start + k), B) * factor);
    }
    return fixed_sum(values, nx);
}

// Energy of a term, by its own density; or by its field, line by line.
template <int term>
static void sum_energy(const Call& call, const Work& work, double* sums) {
    const Magnet magnet = work.magnet;
    if constexpr (kOwnDensity[term]) {
        const Terms terms = work.terms;
        sums[term] = sum_block(call, work, [=](const Site& s) FD_INLINE {
            const real density = energy_of(At<term>(), terms, s, magnet);
            return magnet.magnetic(s.i) ? density : 0;
        });
    } else if constexpr (kEnergyFactor[term] != 0) {
        const Index nx = call.problem->cells[0];
        real* const field = static_cast<real*>(__builtin_malloc(3 * nx * sizeof(real)));
        double* const line_values = static_cast<double*>(__builtin_malloc(nx * sizeof(double)));
        double total = 0;
        for (Index line = work.first_line; line < work.last_line; ++line) {
            const Index start = line * nx;
            one_field<term>(*call.problem, work, start, start + nx, field - start, nx);
            total += sum_line(magnet, start, nx, real(kEnergyFactor[term]), field, nx, line_values);
        }
        __builtin_free(line_values);
        __builtin_free(field);
        sums[term] = total;
    } else {
        sums[term] = 0;
    }
}

static void energy_block(void* data, long long block) {
    const Call& call = *static_cast<const Call*>(data);
    const Work work = begin(call, block);
    sum_energies(call, work, call.sums + block * kTerms);
}

static void inner_block(void* data, long long block) {
    const Call& call = *static_cast<const Call*>(data);
    const Work work = begin(call, block, false);
    const real* const b = call.other + 3 * work.cells * work.row;
    const Index nx = call.problem->cells[0];
    double* const line_values = static_cast<double*>(__builtin_malloc(nx * sizeof(double)));
    double total = 0;
    for (Index line = work.first_line; line < work.last_line; ++line)
        total += sum_line(work.magnet, line * nx, nx, 1, b + line * nx, work.cells, line_values);
    __builtin_free(line_values);
    call.sums[block] = total;
}

// Add up the blocks of each row in order, times the cell volume: out[row * count + k].
static void gather(const Call& call, double* out, Index count) {
    const Index blocks = blocks_of(*call.problem).per_replica;
    const double* size = call.problem->cell_size;
    for (Index row = 0; row < call.rows; ++row)
        for (Index k = 0; k < count; ++k) {
            double total = 0;
            for (Index block = 0; block < blocks; ++block) total += call.sums[(row * blocks + block) * count + k];
            out[row * count + k] = total * (size[0] * size[1] * size[2]);
        }
}

static void integrate(Task task, Call& call, double* out, Index count) {
    const Index blocks = call.rows * blocks_of(*call.problem).per_replica;
    call.sums = static_cast<double*>(__builtin_malloc((blocks * count + 1) * sizeof(double)));
    run(task, call);
    gather(call, out, count);
    __builtin_free(call.sums);
}

// Energy [J] of every term: out[row * kTerms + term].
FD_EXPORT void fdmag_energies(const Problem* problem, Index rows, const Index* replicas, const real* m, double* out) {
    Call call = {problem, rows, replicas, m, nullptr, nullptr, nullptr, false};
    find_totals(call);
    integrate(energy_block, call, out, kTerms);
}

// Integral of Ms a·b over the mesh: out[row].
FD_EXPORT void fdmag_inner(const Problem* problem, Index rows, const Index* replicas, const real* a, const real* b,
                           double* out) {
    Call call = {problem, rows, replicas, a, b, nullptr, nullptr, false};
    integrate(inner_block, call, out, 1);
}

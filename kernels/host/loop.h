// Loops over the cells of all replicas, with the parameters of a unit read.
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
    problem.parallel(task, &call, call.rows * blocks_of(problem).per_replica, threads_worth(problem, call.rows * cells));
}

// Whether the processor has masks to read some lanes of a vector, and how many cells are done at once.
#ifdef __AVX__
constexpr bool kMasks = true;
constexpr Index kVector = 64 / sizeof(real);
#else
constexpr bool kMasks = false;
constexpr Index kVector = 32 / sizeof(real);
#endif

// One line of cells along x: its first and last cell, and how far neighbours along y and z are. The next one is found
// without a division, which would take as long as a short line.
struct Line {
    Index first, last, y_below, y_above, z_below, z_above;
    Index around;  // how far beyond the first cell its neighbour is, and before the last one

    FD_HD Line(const Problem& problem, Index number) {
        y = number % problem.cells[1];
        z = number / problem.cells[1];
        first = number * problem.cells[0];
        look_around(problem);
    }

    FD_HD void advance(const Problem& problem) {
        first += problem.cells[0];
        const bool last = ++y == problem.cells[1];
        y = last ? 0 : y;
        z += last;
        look_around(problem);
    }

    // Any cell, one that is neither the first nor the last, and one that is not in a vector.
    FD_HD Site any(Index i) const { return site(i, {i - 1, i + around, i == first}, {i + 1, i - around, i == last}); }
    FD_HD Site inner(Index i) const { return site(i, i - 1, i + 1); }
    FD_HD Site alone(Index i) const { return site(i, i + (i == first ? around : -1), i + (i == last ? -around : 1)); }

  private:
    Index y, z;

    FD_HD Site site(Index i, Neighbour below, Neighbour above) const {
        return {i, {below, i + y_below, i + z_below}, {above, i + y_above, i + z_above}};
    }

    FD_HD void look_around(const Problem& problem) {
        const Index nx = problem.cells[0], ny = problem.cells[1], nz = problem.cells[2], layer = nx * ny;
        const Index z_step = layer * (nz - 1);
        last = first + nx - 1;
        around = problem.periodic[0] ? nx - 1 : 0;
        const bool wrap_y = problem.periodic[1], wrap_z = problem.periodic[2];
        y_below = y > 0 ? -nx : wrap_y ? layer - nx : 0, y_above = y < ny - 1 ? nx : wrap_y ? nx - layer : 0;
        z_below = z > 0 ? -layer : wrap_z ? z_step : 0, z_above = z < nz - 1 ? layer : wrap_z ? -z_step : 0;
    }
};

// The cells [from, to) of a line, and those of them that are done in whole vectors without an end of the line.
struct Part {
    Index from, to, inner_from, inner_to;

    FD_HD Part(const Line& line, Index start, Index end) {
        from = line.first > start ? line.first : start, to = line.last < end ? line.last + 1 : end;
        inner_from = from + (kMasks ? kVector : from == line.first);
        inner_to = to - (kMasks ? kVector : to > line.last);
        if (inner_to - inner_from < (kMasks ? 1 : kVector)) inner_from = inner_to = from;
    }
};

// Call cell(site) for the first and the last vector of the parts of lines in [start, end), where there may be an end of
// the line: whole lines, or a part of one. One loop over all of them: what is the same everywhere is then copied to
// vectors once.
template <Index vector, class Cell>
FD_HD void at_ends(const Problem& problem, Index start, Index end, const Cell& cell) {
    Line line(problem, start / problem.cells[0]);
    Part part(line, start, end);
    for (Index i = part.from;;) {
        FD_INDEPENDENT
        for (Index k = 0; k < vector; ++k) cell(line.any(i + k));
        if (i < part.to - vector) {
            i = part.to - vector;
            continue;
        }
        line.advance(problem);
        if (line.first >= end) return;
        part = Part(line, start, end);
        i = part.from;
    }
}

// The same for lines of any length; few cells one by one. Out of line, with a copy of `cell`: what is done in a cell
// may be long code, and what is read for all of them should never be in memory that a store could change.
template <class Cell>
__attribute__((noinline)) static void at_all_ends(const Problem& problem, Index start, Index end, Cell cell) {
    const Index nx = problem.cells[0], left = end - start, length = nx < left ? nx : left;
    if (kMasks && length >= kVector) return at_ends<kVector>(problem, start, end, cell);
    if (kMasks && length >= kVector / 2) return at_ends<kVector / 2>(problem, start, end, cell);
    for (Line line(problem, start / nx); line.first < end; line.advance(problem)) {
        const Part part(line, start, end);
        for (Index i = part.from; i < part.to; ++i)
            if (i < part.inner_from || i >= part.inner_to) cell(line.alone(i));
    }
}

// Call cell(site) for the cells [start, end), for some of them twice.
template <class Cell>
FD_HD void for_sites(const Problem& problem, Index start, Index end, const Cell& cell) {
    for (Line line(problem, start / problem.cells[0]); line.first < end; line.advance(problem)) {
        const Part part(line, start, end);
        for (Index next = part.inner_from; next < part.inner_to; next += kVector) {
            const Index i = next + kVector <= part.inner_to ? next : part.inner_to - kVector;
            FD_INDEPENDENT
            for (Index k = 0; k < kVector; ++k) cell(line.inner(i + k));
        }
    }
    at_all_ends(problem, start, end, cell);
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
// stride] and out[cell + 2 stride]; 0 where Ms = 0 and, with `moving`, where gamma = 0, for m is frozen there. What is
// the same everywhere is looked at once, not in every cell.
template <bool moving, class Visit>
FD_HD void for_cells(const Problem& problem, const Work& work, Index start, Index end, real* out, Index stride,
                     const Visit& visit) {
    const Magnet magnet = work.magnet;
    const Terms terms = work.terms;
    const Damping damping = work.damping;
    if ((magnet.Ms.uniform && !magnet.magnetic(start)) ||
        (moving && damping.gamma.uniform && !(damping.gamma[start] > 0))) {
        for (Index i = start; i < end; ++i) store(out, i, stride, {0, 0, 0});
        return;
    }
    for_sites(problem, start, end, [=](const Site& site) FD_INLINE {
        const vec3 v = visit(site, magnet, terms, damping);
        const bool counts = (magnet.Ms.uniform || magnet.magnetic(site.i)) &
                            (!moving || damping.gamma.uniform || damping.gamma[site.i] > 0);
        store(out, site.i, stride, {counts ? v.x : 0, counts ? v.y : 0, counts ? v.z : 0});
    });
}

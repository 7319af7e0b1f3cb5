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

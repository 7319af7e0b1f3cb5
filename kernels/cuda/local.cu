// Kernels of one unit: all local terms, the torque and the next argument in one pass over the cells.
//
// The text in front of this one defines Terms, Damping, kTerms and the functions that read parameters and call terms.

enum Kind { kField, kSlope, kDescent };

// One replica, with its parameters read.
struct Work {
    Magnet magnet;
    Terms terms;
    Damping damping;
    Site site;
};

static __device__ Site site_of(const Mesh& mesh, Index i) {
    const unsigned nx = mesh.cells[0], ny = mesh.cells[1], nz = mesh.cells[2], line = unsigned(i) / nx;
    const unsigned at[3] = {unsigned(i) - line * nx, line % ny, line / ny}, n[3] = {nx, ny, nz};
    Site site;
    site.i = i;
    Index step = 1;
    for (int axis = 0; axis < 3; ++axis) {
        const Index around = step * (n[axis] - 1);
        const bool wrap = mesh.periodic[axis];
        site.below[axis] = i + (at[axis] > 0 ? -step : wrap ? around : 0);
        site.above[axis] = i + (at[axis] + 1 < n[axis] ? step : wrap ? -around : 0);
        step *= n[axis];
    }
    return site;
}

static __device__ Work begin(const Mesh& mesh, const View* views, const Rows& rows, Index row, const real* m, Index i) {
    const Index replica = rows.replica(row), cells = mesh.count();
    const auto first = [&](int k) { return views[k].data + views[k].per_replica * replica + views[k].per_row * row; };
    Work work;
    work.magnet.values = m + 3 * cells * rows.place(row);
    work.magnet.cells = cells;
    work.magnet.Ms.read(first(0), cells);
    work.damping.alpha.read(first(1), cells);
    work.damping.gamma.read(first(2), cells);
    for (int axis = 0; axis < 3; ++axis) {
        work.magnet.cell_size[axis] = real(mesh.cell_size[axis]);
        work.magnet.inverse_square[axis] = real(mesh.inverse_square[axis]);
    }
    read_terms(work.terms, first, cells);
    work.site = site_of(mesh, i);
    return work;
}

// Field, slope or descent of all local terms plus `other`; 0 where nothing moves m: where Ms or gamma is 0.
static __device__ vec3 evaluate(const Work& work, const real* other, Index kind) {
    const Index i = work.site.i;
    const Magnet& magnet = work.magnet;
    if (!magnet.magnetic(i) || !(work.damping.gamma[i] > 0)) return {0, 0, 0};
    vec3 B = local_field(work.terms, work.site, magnet);
    if (other) B = B + load(other, i, magnet.cells);
    if (kind == kField) return B;
    const vec3 m = magnet.m(i);
    return kind == kSlope ? llg(m, B, work.damping.gamma[i], work.damping.alpha[i]) : steepest_descent(m, B);
}

template <int which>
static __device__ void block_shares(const Work& work, bool counts, double* partial) {
    if constexpr (which < kSums) {
        const double share = counts ? double(share_of<which>(work.terms, work.site, work.magnet)) : 0;
        const double sum = over_block(share, Sum());
        if (threadIdx.x == 0) partial[which * Index(gridDim.x) + blockIdx.x] = sum;
        block_shares<which + 1>(work, counts, partial);
    }
}

// Sums over the cells of each block of what terms need to know of all: partial[(row kSums + which) blocks + block].
FD_KERNEL fd_shares(const Mesh* mesh, const View* views, const Rows* rows, const real* m, double* partial) {
    const Index cells = mesh->count(), i = thread_cell();
    FD_FOR_ROWS(row, rows) {
        const Work work = begin(*mesh, views, *rows, row, m, i < cells ? i : 0);
        block_shares<0>(work, i < cells && work.magnet.magnetic(work.site.i), partial + row * kSums * gridDim.x);
    }
}

// Find from these sums what the terms of each row need, and put it where they read it as a parameter.
FD_KERNEL fd_settle(const Mesh* mesh, const View* views, const Rows* rows, const real* m, const double* partial,
                    Index blocks) {
    FD_FOR_ROWS(row, rows) {
        double sums[kSums + 1];
        for (int k = 0; k < kSums; ++k) sums[k] = over_list(partial + (row * kSums + k) * blocks, blocks, Sum());
        if (threadIdx.x == 0) settle(begin(*mesh, views, *rows, row, m, 0).terms, sums, views, row);
    }
}

// Field [T], dm/dt [1/s] or -m x (m x B) [T] of all local terms plus the field `other`, which may be null.
FD_KERNEL fd_local(const Mesh* mesh, const View* views, const Rows* rows, const real* m, const real* other, real* out,
                   Index kind) {
    const Index cells = mesh->count(), i = thread_cell();
    if (i >= cells) return;
    FD_FOR_ROWS(row, rows) {
        const Index offset = 3 * cells * rows->place(row);
        const Work work = begin(*mesh, views, *rows, row, m, i);
        store(out + offset, i, cells, evaluate(work, other ? other + offset : nullptr, kind));
    }
}

// One stage of a step: its slope, the argument of the next stage, and in the last stage the largest error.
//
// partial[(2 row + k) blocks + block] is the largest |error / dt|² (k = 0) and |displacement|² (k = 1) of a block.
FD_KERNEL fd_stage(const Mesh* mesh, const View* views, const Rows* rows, const StagePlan* plan, const double* dt,
                   const real* m, const real* argument, const real* other, real* slopes, Index slot_size, real* next,
                   real* partial, Index kind) {
    const Index cells = mesh->count(), i = thread_cell();
    FD_FOR_ROWS(row, rows) {
        const Index offset = 3 * cells * rows->place(row);
        real error = 0, displacement = 0;
        if (i < cells) {
            const Work work = begin(*mesh, views, *rows, row, argument, i);
            const vec3 slope = evaluate(work, other ? other + offset : nullptr, kind);
            const Slopes k = {slopes, slot_size, offset, i, cells};
            store(slopes + plan->slot * slot_size + offset, i, cells, slope);
            const vec3 before = load(m + offset, i, cells);
            vec3 candidate = work.magnet.m(i);
            if (plan->next_count) {
                const vec3 sum =
                    weighted_sum(plan->next_count, plan->next_slots, plan->next_weights, k, plan->slot, slope);
                candidate = before + real(dt[row]) * sum;
                store(next + offset, i, cells, candidate);
            }
            if (plan->last) {
                const vec3 e =
                    weighted_sum(plan->error_count, plan->error_slots, plan->error_weights, k, plan->slot, slope);
                const vec3 moved = candidate - before;
                error = dot(e, e);
                displacement = dot(moved, moved);
            }
        }
        if (plan->last) {
            error = over_block(error, Larger());
            displacement = over_block(displacement, Larger());
            if (threadIdx.x == 0) {
                partial[2 * row * gridDim.x + blockIdx.x] = error;
                partial[(2 * row + 1) * gridDim.x + blockIdx.x] = displacement;
            }
        }
    }
}

// Field [T] of one term.
FD_KERNEL fd_term(const Mesh* mesh, const View* views, const Rows* rows, const real* m, real* out, Index term) {
    const Index cells = mesh->count(), i = thread_cell();
    if (i >= cells) return;
    FD_FOR_ROWS(row, rows) {
        const Work work = begin(*mesh, views, *rows, row, m, i);
        const vec3 B = work.magnet.magnetic(i) ? field_of_term(term, work.terms, work.site, work.magnet) : vec3{0, 0, 0};
        store(out + 3 * cells * rows->place(row), i, cells, B);
    }
}

// Sum over the cells of each block of the energy density of every term: partial[(row kTerms + term) blocks + block].
FD_KERNEL fd_energies(const Mesh* mesh, const View* views, const Rows* rows, const real* m, double* partial) {
    const Index cells = mesh->count(), i = thread_cell();
    FD_FOR_ROWS(row, rows) {
        const Work work = begin(*mesh, views, *rows, row, m, i < cells ? i : 0);
        const bool counts = i < cells && work.magnet.magnetic(work.site.i);
        for (int term = 0; term < kTerms; ++term) {
            const double density = counts ? double(energy_of_term(term, work.terms, work.site, work.magnet)) : 0;
            const double sum = over_block(density, Sum());
            if (threadIdx.x == 0) partial[(row * kTerms + term) * gridDim.x + blockIdx.x] = sum;
        }
    }
}

// Sum over the cells of each block of Ms a·b: partial[row blocks + block].
FD_KERNEL fd_inner(const Mesh* mesh, const View* views, const Rows* rows, const real* a, const real* b,
                   double* partial) {
    const Index cells = mesh->count(), i = thread_cell();
    FD_FOR_ROWS(row, rows) {
        const Work work = begin(*mesh, views, *rows, row, a, i < cells ? i : 0);
        const vec3 other = load(b + 3 * cells * rows->place(row), work.site.i, cells);
        const real product = work.magnet.Ms[work.site.i] * dot(work.magnet.m(work.site.i), other);
        const double sum = over_block(i < cells ? double(product) : 0, Sum());
        if (threadIdx.x == 0) partial[row * gridDim.x + blockIdx.x] = sum;
    }
}

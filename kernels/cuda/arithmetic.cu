// Kernels that depend on no term: parts of a step, and what gathers sums and maxima of blocks.

// The argument of the second stage: m + dt × weights × slopes.
FD_KERNEL fd_begin(const Mesh* mesh, const Rows* rows, const StagePlan* plan, const double* dt, const real* m,
                   real* slopes, Index slot_size, real* next) {
    const Index cells = mesh->count(), i = thread_cell();
    if (i >= cells) return;
    FD_FOR_ROWS(row, rows) {
        const Index offset = 3 * cells * rows->place(row);
        const Slopes k = {slopes, slot_size, offset, i, cells};
        const vec3 sum = weighted_sum(plan->next_count, plan->next_slots, plan->next_weights, k, -1, {0, 0, 0});
        store(next + offset, i, cells, load(m + offset, i, cells) + real(dt[row]) * sum);
    }
}

// Take the candidate, normalised, as m; with keep, also the slope of slot `last` as that of slot 0.
FD_KERNEL fd_accept(const Mesh* mesh, const Rows* rows, const real* candidate, real* m, real* slopes, Index slot_size,
                    Index last, Index keep) {
    const Index cells = mesh->count(), i = thread_cell();
    if (i >= cells) return;
    FD_FOR_ROWS(row, rows) {
        const Index offset = 3 * cells * rows->place(row);
        const vec3 v = load(candidate + offset, i, cells);
        const real length = sqrt(dot(v, v)), divisor = length == 0 ? 1 : length;
        store(m + offset, i, cells, {v.x / divisor, v.y / divisor, v.z / divisor});
        const Slopes k = {slopes, slot_size, offset, i, cells};
        if (keep) store(slopes + offset, i, cells, k[last]);
    }
}

// Keep a field in a place of each row: past[places[row]] = field.
FD_KERNEL fd_keep(const Mesh* mesh, const Rows* rows, const Index* places, const real* field, real* past,
                  Index slot_size) {
    const Index cells = mesh->count(), i = thread_cell();
    if (i >= cells) return;
    FD_FOR_ROWS(row, rows) {
        const Index offset = 3 * cells * rows->place(row);
        store(past + places[row] * slot_size + offset, i, cells, load(field + offset, i, cells));
    }
}

// The field at a stage from those kept: the sum of weights[row, j] × past[places[row, j]] over `points` of them.
FD_KERNEL fd_extrapolate(const Mesh* mesh, const Rows* rows, const Index* places, const double* weights, Index points,
                         const real* past, Index slot_size, real* field) {
    const Index cells = mesh->count(), i = thread_cell();
    if (i >= cells) return;
    FD_FOR_ROWS(row, rows) {
        const Index offset = 3 * cells * rows->place(row);
        vec3 total = {0, 0, 0};
        for (Index j = row * points; j < (row + 1) * points; ++j)
            total = total + real(weights[j]) * load(past + places[j] * slot_size + offset, i, cells);
        store(field + offset, i, cells, total);
    }
}

// Largest |v|² of each block: partial[row * blocks + block].
FD_KERNEL fd_length(const Mesh* mesh, const Rows* rows, const real* vectors, real* partial) {
    const Index cells = mesh->count(), i = thread_cell();
    FD_FOR_ROWS(row, rows) {
        const vec3 v = i < cells ? load(vectors + 3 * cells * rows->place(row), i, cells) : vec3{0, 0, 0};
        const real largest = over_block(dot(v, v), Larger());
        if (threadIdx.x == 0) partial[row * gridDim.x + blockIdx.x] = largest;
    }
}

// Square root of the largest of `blocks` numbers, for `count` lists of each row: out[row * count + k].
FD_KERNEL fd_largest(const Rows* rows, const real* partial, Index blocks, Index count, double* out) {
    FD_FOR_ROWS(row, rows)
    for (Index k = 0; k < count; ++k) {
        const real largest = over_list(partial + (row * count + k) * blocks, blocks, Larger());
        if (threadIdx.x == 0) out[row * count + k] = sqrt(largest);
    }
}

// Sum of `blocks` numbers, for `count` lists of each row: out[row * count + k].
FD_KERNEL fd_sum(const Rows* rows, const double* partial, Index blocks, Index count, double* out) {
    FD_FOR_ROWS(row, rows)
    for (Index k = 0; k < count; ++k) {
        const double total = over_list(partial + (row * count + k) * blocks, blocks, Sum());
        if (threadIdx.x == 0) out[row * count + k] = total;
    }
}

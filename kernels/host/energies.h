// What is asked of a unit now and then: energies, integrals, and the field of one term. A library of its own, which is
// compiled when it is first needed.

static Task term_task(int term);
static void sum_energies(const Call& call, const Work& work, double* sums);

// Field of one term, as `for_cells` writes it.
template <int term>
__attribute__((noinline)) static void one_field(const Problem& problem, const Work& work, Index start, Index end,
                                                real* out, Index stride) {
    for_cells<false>(problem, work, start, end, out, stride,
                     [](const Site& s, const Magnet& magnet, const Terms& t, const Damping&)
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

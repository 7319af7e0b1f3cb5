// What every evaluation needs of a unit: all local terms, and the torque, in one pass over the cells.

enum Kind { kField, kSlope, kDescent };

// Field of all terms plus factor x other in a piece of cells, as `for_cells` writes it; `other` may be null.
__attribute__((noinline)) static void add_fields(const Problem& problem, const Work& work, const real* other,
                                                 real factor, Index start, Index end, real* out) {
    const Vector<true> B_other = {other ? other : work.magnet.values, work.cells};
    const real weight = other ? factor : 0;
    for_cells<true>(problem, work, start, end, out, kPiece,
                    [=](const Site& s, const Magnet& magnet, const Terms& t, const Damping&)
                        FD_INLINE { return local_field(t, s, magnet) + weight * B_other[s.i]; });
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
        store(out, i, stride, v);
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

// What terms need to know of all cells of a replica: sums of shares, in float64 and a fixed order, and what follows.
//
// The text in front of this one defines kSums, share_of and settle, and the loops over cells.

// The sums over the blocks of one row, kSums of each.
struct Summing {
    const Problem& problem;
    const Work& work;
    double* sums;
};

// Add the shares of a piece of cells to the sums.
template <int which>
static void add_shares(const Problem& problem, const Work& work, Index start, Index end, double* sums) {
    if constexpr (which < kSums) {
        const Magnet magnet = work.magnet;
        const Terms terms = work.terms;
        double piece[kPiece];
        double* const values = piece - start;
        for_sites(problem, start, end, [=](const Site& s) FD_INLINE {
            const real share = share_of<which>(terms, s, magnet);
            values[s.i] = double(magnet.magnetic(s.i) ? share : 0);
        });
        sums[which] += end - start == 1 ? piece[0] : fixed_sum(piece, end - start);
        add_shares<which + 1>(problem, work, start, end, sums);
    }
}

static void shares_block(void* data, long long block) {
    const Summing& all = *static_cast<const Summing*>(data);
    const Index nx = all.problem.cells[0], size = blocks_of(all.problem).lines_per_block * nx;
    const Index last = (block + 1) * size, end = last < all.work.cells ? last : all.work.cells;
    double* const sums = all.sums + block * kSums;
    for (int k = 0; k < kSums; ++k) sums[k] = 0;
    for (Index start = block * size, n; start < end; start += n) {
        n = piece_length(all.problem, start, end);
        add_shares<0>(all.problem, all.work, start, start + n, sums);
    }
}

// See `Totals`.
FD_EXPORT void fdmag_totals(const Problem* problem, Index row, Index replica, const real* m) {
    if constexpr (kSums > 0) {
        const Index blocks = blocks_of(*problem).per_replica;
        const Work work = read(*problem, row, replica, m, true);
        double few[4 * kSums + 1];
        const Index size = blocks * kSums * Index(sizeof(double));
        double* const sums = blocks <= 4 ? few : static_cast<double*>(__builtin_malloc(size));
        Summing all = {*problem, work, sums};
        problem->parallel(shares_block, &all, blocks, threads_worth(*problem, work.cells));
        for (Index block = 1; block < blocks; ++block)
            for (int k = 0; k < kSums; ++k) sums[k] += sums[block * kSums + k];
        settle(work.terms, sums, problem->views, row);
        if (sums != few) __builtin_free(sums);
    }
}

static void totals_of_row(void* data, long long row) {
    const Call& call = *static_cast<const Call*>(data);
    fdmag_totals(call.problem, row, call.replicas ? call.replicas[row] : row, call.m);
}

// Find the totals of all rows of a call.
static void find_totals(Call& call) {
    const Index* const n = call.problem->cells;
    if constexpr (kSums > 0)
        call.problem->parallel(totals_of_row, &call, call.rows, threads_worth(*call.problem, call.rows * n[0] * n[1] * n[2]));
}

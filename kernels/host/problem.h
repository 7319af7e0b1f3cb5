// What a unit and the passes of a solver both know of a mesh: its cells, how they are shared out, and how one asks the other.
//
// A block of rows of one replica is one piece of work: its size depends on the mesh alone, so that results do not
// depend on the number of threads, nor on the other replicas.

#define FD_INLINE __attribute__((always_inline))
#define FD_EXPORT extern "C" __attribute__((visibility("default")))

struct Problem {
    Index cells[3];     // along x, y, z
    Index periodic[3];  // 0 or 1
    double cell_size[3];
    const View* views;  // Ms, alpha, gamma, then the parameters of the terms in order
    Parallel parallel;
    Index bytes_per_thread;  // of a component, that are worth a thread
};

constexpr Index kBlockCells = 1024;

// How many threads save more time than it takes to wake them, on passes over so many cells: as many as for the demag
// field, or its arrays would go to and fro between processors.
static Index threads_worth(const Problem& problem, Index cells) {
    return cells * Index(sizeof(real)) / problem.bytes_per_thread;
}

struct Blocks {
    Index lines, lines_per_block, per_replica;
};

static Blocks blocks_of(const Problem& problem) {
    const Index lines = problem.cells[1] * problem.cells[2];
    const Index height = (kBlockCells + problem.cells[0] - 1) / problem.cells[0];
    const Index lines_per_block = height < lines ? height : lines;
    return {lines, lines_per_block, (lines + lines_per_block - 1) / lines_per_block};
}

constexpr Index kPiece = 512;  // cells handled while they sit in the first-level cache

// Number of cells from `start` on that make a piece: whole lines if they are short, a part of one if it is long.
static Index piece_length(const Problem& problem, Index start, Index end) {
    const Index nx = problem.cells[0], left = nx < kPiece ? end - start : nx - start % nx;
    const Index most = nx < kPiece ? kPiece / nx * nx : kPiece;
    return left < most ? left : most;
}

// The field of another library (demag), in rows of the replicas with these numbers, or of all if it is null.
using Convolve = void (*)(void* handle, const real* m, real* field, long long rows, const Index* replicas, int threads);

// Find what the terms of a unit need to know of all cells of one row, and put it where they read it as a parameter.
using Totals = void (*)(const Problem* problem, Index row, Index replica, const real* m);

// The slopes of a unit in the cells [start, end) of one row, in at most a piece: those of the Landau-Lifshitz-Gilbert
// equation or of the descent, to out[cell], out[cell + stride] and out[cell + 2 stride]. `other` is the field of another
// library in this row, which may be null, and is multiplied by the row's Ms if it is `scaled`. `B` is as in `evaluate`.
using Slopes = void (*)(const Problem* problem, Index row, Index replica, const real* m, const real* other, int scaled,
                        int descent, Index start, Index end, real* B, real* out, Index stride);

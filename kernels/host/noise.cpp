// Increments of Brownian motion in all cells, once for an attempt of a step: `fdmag/noise.py` is the specification.
//
// A part k of a step is reached by dividing the parts k / 2^j, j = ..., 2, 1. Steps go through their parts in order, so
// that the next one most often has a parent or grandparent in common with the last: their increments are kept.

#define FD_EXPORT extern "C" __attribute__((visibility("default")))

constexpr Index kGroup = 32;         // cells that are done together
constexpr Index kFew = 8;            // cells of a mesh that are done one by one
constexpr Index kChunk = 128 * kGroup;
constexpr Index kCellsPerThread = 4096;  // for fewer, waking one takes longer than it saves
constexpr int kParents = 3;           // as in `fdmag/host/increments.py`
constexpr real kHalved = real(0.7071067811865476);

// Whose increments are in the memory of a replica.
struct Kept {
    Long seed, place;         // place: replica + 2^32 step
    Index part;               // 0: none
    Index parents[kParents];  // the one after j divisions of the step at j mod kParents
};

struct Drawing {
    Index cells, rows, replicas;
    const Index* replica;      // whose memory a row has
    const Long *seed, *place;  // of the rows
    const Index* part;
    Kept* kept;    // (replicas)
    real* now;     // (replicas, 3, cells), of the parts
    real* parents;  // (kParents, replicas, 3, cells); null if no step is divided
    Parallel parallel;
    Index chunks;  // of a row
};

static int divisions(Index part) { return 63 - __builtin_clzll(Long(part)); }

// What one row does: take the increments of a part that is kept, or none, and divide it.
struct Plan {
    Word replica, step, k0, k1;
    Index cells, part;
    int depth, known;  // divisions of the part, and of what is kept on the way to it; -1: nothing
    const real* source;
    real* now;
    real* parents[kParents];
};

static Plan plan_of(const Drawing& d, Index row) {
    const Index replica = d.replica[row], part = d.part[row], size = 3 * d.cells;
    const Kept& kept = d.kept[replica];
    const Long seed = d.seed[row], place = d.place[row];
    const bool same = kept.seed == seed && kept.place == place;
    Plan plan = {Word(place), Word(place >> 32), Word(seed), Word(seed >> 32), d.cells, part, divisions(part), -1};
    plan.now = d.now + replica * size;
    for (int j = 0; j < kParents; ++j)
        plan.parents[j] = d.parents ? d.parents + (j * d.replicas + replica) * size : nullptr;
    for (int level = plan.depth; same && plan.known < 0 && level >= 0; --level) {
        const Index each = part >> (plan.depth - level);
        const bool in_parents = d.parents && kept.parents[level % kParents] == each;
        if (kept.part != each && !in_parents) continue;
        plan.known = level;
        plan.source = kept.part == each ? plan.now : plan.parents[level % kParents];
    }
    return plan;
}

// Normal numbers of a node of the step in cells [start, start + kGroup).
FD_HD void draw(const Plan& p, Index start, Index node, Index count, real (*out)[kGroup]) {
    if (p.cells < kFew) {
        for (Index k = 0; k < count; ++k) {
            const vec3 v = Numbers::normals(start + k, p.replica, p.step, Word(node), p.k0, p.k1);
            out[0][k] = v.x;
            out[1][k] = v.y;
            out[2][k] = v.z;
        }
        return;
    }
    Word cell[kGroup], replica[kGroup];
    for (Index k = 0; k < kGroup; ++k) {
        cell[k] = Word(start + k);
        replica[k] = p.replica;
    }
    normals<kGroup>(cell, replica, p.step, Word(node), p.k0, p.k1, out);
}

FD_HD void copy(const real (*from)[kGroup], real* to, Index cells, Index count) {
    for (int c = 0; c < 3; ++c) __builtin_memcpy(to + c * cells, from[c], count * sizeof(real));
}

static void draw_group(const Plan& p, Index start, Index count) {
    real n[3][kGroup], bridge[3][kGroup];
    if (p.known < 0)
        draw(p, start, 0, count, n);
    else
        for (int c = 0; c < 3; ++c) __builtin_memcpy(n[c], p.source + c * p.cells + start, count * sizeof(real));
    for (int level = p.known < 0 ? 0 : p.known; level < p.depth; ++level) {
        real* const parent = p.parents[level % kParents];
        const bool there = level == p.known && p.source != p.now;
        if (!there && level >= p.depth - kParents) copy(n, parent + start, p.cells, count);
        draw(p, start, p.part >> (p.depth - level), count, bridge);
        const real sign = (p.part >> (p.depth - level - 1)) & 1 ? -1 : 1;
        for (int c = 0; c < 3; ++c)
            for (Index k = 0; k < kGroup; ++k) n[c][k] = kHalved * (n[c][k] + sign * bridge[c][k]);
    }
    copy(n, p.now + start, p.cells, count);
}

static void draw_chunk(void* data, long long block) {
    const Drawing& d = *static_cast<const Drawing*>(data);
    const Plan plan = plan_of(d, block / d.chunks);
    if (plan.source == plan.now && plan.known == plan.depth) return;
    const Index first = block % d.chunks * kChunk, end = first + kChunk < d.cells ? first + kChunk : d.cells;
    for (Index start = first; start < end; start += kGroup)
        draw_group(plan, start, end - start < kGroup ? end - start : kGroup);
}

static void note(const Drawing& d, Index row) {
    const Plan plan = plan_of(d, row);
    Kept& kept = d.kept[d.replica[row]];
    if (plan.known < 0)
        for (int j = 0; j < kParents; ++j) kept.parents[j] = 0;
    kept.seed = d.seed[row];
    kept.place = d.place[row];
    kept.part = plan.part;
    for (int level = plan.known < 0 ? 0 : plan.known; level < plan.depth; ++level)
        if (level >= plan.depth - kParents) kept.parents[level % kParents] = plan.part >> (plan.depth - level);
}

// Increments of the parts of all rows, to `now`.
FD_EXPORT void fdmag_increments(Drawing* d) {
    d->chunks = (d->cells + kChunk - 1) / kChunk;
    d->parallel(draw_chunk, d, d->rows * d->chunks, d->rows * d->cells / kCellsPerThread);
    for (Index row = 0; row < d->rows; ++row) note(*d, row);
}

// What draws the noise of steps or parts of them, one row at a time.
struct Steps {
    const Drawing* drawing;
    const Long *seeds, *numbers;
    Index each_seed, each_number;  // whether every replica has its own; else numbers count on from the first
    double factor;                 // scale times dt, see terms/thermal.h
    real* scale;                   // of each row
};

FD_EXPORT void fdmag_draw_step(void* steps, Index row, Index replica, Index number, Index part, double dt, int alone) {
    const Steps& s = *static_cast<const Steps*>(steps);
    const Long seed = s.seeds[s.each_seed ? replica : 0];
    const Long own = s.each_number ? s.numbers[replica] : s.numbers[0] + Long(replica);
    const Long place = (own & 0xFFFFFFFFu) | Long(number) << 32;
    Drawing one = *s.drawing;
    one.rows = 1;
    one.replica = &replica, one.seed = &seed, one.place = &place, one.part = &part;
    s.scale[row] = real(s.factor / dt);
    if (!alone) return fdmag_increments(&one);
    one.chunks = (one.cells + kChunk - 1) / kChunk;
    for (Index chunk = 0; chunk < one.chunks; ++chunk) draw_chunk(&one, chunk);
    note(one, 0);
}

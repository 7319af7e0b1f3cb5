// What a Runge-Kutta stage does with the slopes of the stages before it.

constexpr int kMostStages = 32;

// Weighted sums of slopes, in the order of the tableau.
struct StagePlan {
    Index slot;  // of the slope that the stage computes
    Index last;  // whether to find the largest error and displacement
    Index next_count, error_count;  // next_count 0: there is no further argument
    Index next_slots[kMostStages], error_slots[kMostStages];
    double next_weights[kMostStages], error_weights[kMostStages];
};

// Slopes of all stages: slots of one vector array each.
struct Slopes {
    real* values;
    Index slot_size, offset, cell, cells;

    FD_HD vec3 operator[](Index slot) const {
        const real* at = values + slot * slot_size + offset + cell;
        return {at[0], at[cells], at[2 * cells]};
    }
};

// Sum of weights × slopes; `fresh` is the slope of `slot`, not read again.
static __device__ vec3 weighted_sum(Index count, const Index* slots, const double* weights, const Slopes& slopes,
                                    Index slot, vec3 fresh) {
    vec3 total = {0, 0, 0};
    for (Index j = 0; j < count; ++j) {
        const vec3 k = slots[j] == slot ? fresh : slopes[slots[j]];
        const vec3 part = real(weights[j]) * k;
        total = j == 0 ? part : total + part;
    }
    return total;
}

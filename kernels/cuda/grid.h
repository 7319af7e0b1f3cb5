// How cells and replicas are spread over the threads of a GPU, and sums and maxima in a fixed order.
//
// A block handles kThreads cells of one replica at a time; blockIdx.y is the row, one replica of those chosen. Every
// argument of a kernel is a pointer or an Index, eight bytes wide. No sum depends on the number of blocks at work.

#define FD_KERNEL extern "C" __global__ void

constexpr int kThreads = 256;

struct Mesh {
    Index cells[3];     // along x, y, z
    Index periodic[3];  // 0 or 1
    double cell_size[3];
    double inverse_square[3];  // 1 / cell_size²

    FD_HD Index count() const { return cells[0] * cells[1] * cells[2]; }
};

// The replicas a launch is for. They are in memory, so that one captured graph serves any choice.
struct Rows {
    Index count;
    Index compact;       // 1: arrays hold the chosen replicas only; 0: all of them
    Index replicas[1];  // the first of `count`

    FD_HD Index replica(Index row) const { return replicas[row]; }
    FD_HD Index place(Index row) const { return compact ? row : replicas[row]; }
};

#define FD_FOR_ROWS(row, rows) for (Index row = blockIdx.y; row < (rows)->count; row += gridDim.y)

static __device__ Index thread_cell() { return Index(blockIdx.x) * kThreads + threadIdx.x; }

struct Sum {
    __device__ double operator()(double a, double b) const { return a + b; }
};

// The larger of two numbers, or NaN if one is.
struct Larger {
    template <class T>
    __device__ T operator()(T a, T b) const {
        return b > a || b != b ? b : a;
    }
};

// Combine one value of each thread of a block, pairwise in a fixed order; every thread gets the result.
template <class T, class Combine>
__device__ T over_block(T value, Combine combine) {
    __shared__ T values[kThreads];
    const int t = threadIdx.x;
    values[t] = value;
    __syncthreads();
    for (int half = kThreads / 2; half > 0; half /= 2) {
        if (t < half) values[t] = combine(values[t], values[t + half]);
        __syncthreads();
    }
    const T result = values[0];
    __syncthreads();
    return result;
}

// Combine n numbers in a fixed order, by one block.
template <class T, class Combine>
__device__ T over_list(const T* list, Index n, Combine combine) {
    T value = 0;
    for (Index k = threadIdx.x; k < n; k += kThreads) value = combine(value, list[k]);
    return over_block(value, combine);
}

static __device__ void store(real* out, Index cell, Index cells, vec3 v) {
    out[cell] = v.x;
    out[cell + cells] = v.y;
    out[cell + 2 * cells] = v.z;
}

static __device__ vec3 load(const real* values, Index cell, Index cells) {
    return {values[cell], values[cell + cells], values[cell + 2 * cells]};
}

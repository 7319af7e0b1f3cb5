// Discrete Fourier transforms in shared memory: mixed radix, in place, many of one length at once.
//
// Forward by decimation in frequency, inverse by decimation in time: the waves in between stand in permuted order, and
// nothing is ever reordered.

struct alignas(2 * sizeof(real)) Complex {
    real r, i;
};

static __device__ Complex operator+(Complex a, Complex b) { return {a.r + b.r, a.i + b.i}; }
static __device__ Complex operator-(Complex a, Complex b) { return {a.r - b.r, a.i - b.i}; }
static __device__ Complex operator*(real a, Complex b) { return {a * b.r, a * b.i}; }
static __device__ Complex times(Complex a, Complex b) { return {a.r * b.r - a.i * b.i, a.r * b.i + a.i * b.r}; }
static __device__ Complex conjugate(Complex a) { return {a.r, -a.i}; }
static __device__ Complex minus_i(Complex a) { return {a.i, -a.r}; }  // -i a

// x_k <- sum_j x_j exp(-2 pi i j k / R).
template <int R>
struct Dft;

template <>
struct Dft<2> {
    static __device__ void run(Complex* x) {
        const Complex a = x[0];
        x[0] = a + x[1];
        x[1] = a - x[1];
    }
};

template <>
struct Dft<4> {
    static __device__ void run(Complex* x) {
        const Complex a = x[0] + x[2], b = x[0] - x[2], c = x[1] + x[3], d = minus_i(x[1] - x[3]);
        x[0] = a + c;
        x[1] = b + d;
        x[2] = a - c;
        x[3] = b - d;
    }
};

template <>
struct Dft<8> {
    static __device__ void run(Complex* x) {
        const real h = real(0.70710678118654752440);
        Complex e[4] = {x[0], x[2], x[4], x[6]}, q[4] = {x[1], x[3], x[5], x[7]};
        Dft<4>::run(e);
        Dft<4>::run(q);
        q[1] = h * (q[1] + minus_i(q[1]));
        q[2] = minus_i(q[2]);
        q[3] = h * (minus_i(q[3]) - q[3]);
#pragma unroll
        for (int k = 0; k < 4; ++k) {
            x[k] = e[k] + q[k];
            x[k + 4] = e[k] - q[k];
        }
    }
};

// Odd radix: sums and differences of the points j and R - j go with cosines and sines.
template <int R>
__device__ void odd(Complex* x, const real* cosines, const real* sines) {
    Complex sum[R / 2], difference[R / 2], total = x[0];
    const Complex first = x[0];
#pragma unroll
    for (int j = 0; j < R / 2; ++j) {
        sum[j] = x[j + 1] + x[R - 1 - j];
        difference[j] = minus_i(x[j + 1] - x[R - 1 - j]);
        total = total + sum[j];
    }
    x[0] = total;
#pragma unroll
    for (int k = 1; k <= R / 2; ++k) {
        Complex even = first, rest = {0, 0};
#pragma unroll
        for (int j = 0; j < R / 2; ++j) {
            const int turn = (j + 1) * k % R;
            even = even + cosines[turn] * sum[j];
            rest = rest + sines[turn] * difference[j];
        }
        x[k] = even + rest;
        x[R - k] = even - rest;
    }
}

template <>
struct Dft<3> {
    static __device__ void run(Complex* x) {
        const real s = real(0.86602540378443864676), cosines[] = {1, real(-0.5), real(-0.5)}, sines[] = {0, s, -s};
        odd<3>(x, cosines, sines);
    }
};

template <>
struct Dft<5> {
    static __device__ void run(Complex* x) {
        const real c1 = real(0.30901699437494742410), c2 = real(-0.80901699437494742410);
        const real s1 = real(0.95105651629515357212), s2 = real(0.58778525229247312917);
        const real cosines[] = {1, c1, c2, c2, c1}, sines[] = {0, s1, s2, -s2, -s1};
        odd<5>(x, cosines, sines);
    }
};

template <>
struct Dft<7> {
    static __device__ void run(Complex* x) {
        const real c1 = real(0.62348980185873353053), c2 = real(-0.22252093395631440429);
        const real c3 = real(-0.90096886790241912624), s1 = real(0.78183148246802980871);
        const real s2 = real(0.97492791218182360702), s3 = real(0.43388373911755812048);
        const real cosines[] = {1, c1, c2, c3, c3, c2, c1}, sines[] = {0, s1, s2, s3, -s3, -s2, -s1};
        odd<7>(x, cosines, sines);
    }
};

// A length and its factors, and tables: roots[k] = exp(-2 pi i k / length), position[k] of wave number k.
struct Plan {
    Index length, stages;
    Index radix[16];
    const Complex* roots;
    const Index* position;
};

// Where the points are: point p of the transform `lane` at data[slot(p lane_step + lane)] or the like; one in so many
// places stays empty, so that steps of a power of two do not fall on the same bank.
struct Places {
    int point_step, lane_offset;
    FD_HD int operator()(int point) const {
        const int place = point * point_step + lane_offset;
        return place + (place >> (sizeof(real) == 4 ? 4 : 3));
    }
};

template <int R, bool inverse>
__device__ void stage(const Plan& plan, Complex* data, Places places, int block, int first, int step) {
    const int part = block / R, stride = int(plan.length) / block;
    for (int b = first; b < int(plan.length) / R; b += step) {
        const int group = b / part, j = b - group * part, base = group * block + j;
        Complex x[R];
#pragma unroll
        for (int q = 0; q < R; ++q) {
            x[q] = data[places(base + q * part)];
            if (inverse) {
                if (q > 0) x[q] = times(x[q], conjugate(plan.roots[j * q * stride]));
                x[q] = {x[q].i, x[q].r};
            }
        }
        Dft<R>::run(x);
#pragma unroll
        for (int q = 0; q < R; ++q) {
            if (inverse) x[q] = {x[q].i, x[q].r};
            else if (q > 0) x[q] = times(x[q], plan.roots[j * q * stride]);
            data[places(base + q * part)] = x[q];
        }
    }
}

template <bool inverse>
__device__ void stage_of(int radix, const Plan& plan, Complex* data, Places places, int block, int first, int step) {
    switch (radix) {
        case 2: stage<2, inverse>(plan, data, places, block, first, step); break;
        case 3: stage<3, inverse>(plan, data, places, block, first, step); break;
        case 4: stage<4, inverse>(plan, data, places, block, first, step); break;
        case 5: stage<5, inverse>(plan, data, places, block, first, step); break;
        case 7: stage<7, inverse>(plan, data, places, block, first, step); break;
        case 8: stage<8, inverse>(plan, data, places, block, first, step); break;
    }
    __syncthreads();
}

// Transform one lane, by `step` threads that call this with first = 0, 1, ...; all threads of the block must call.
static __device__ void forward(const Plan& plan, Complex* data, Places places, int first, int step) {
    int block = plan.length;
    for (int s = 0; s < plan.stages; ++s) {
        stage_of<false>(plan.radix[s], plan, data, places, block, first, step);
        block /= int(plan.radix[s]);
    }
}

// The unnormalised inverse.
static __device__ void inverse(const Plan& plan, Complex* data, Places places, int first, int step) {
    int block = 1;
    for (int s = plan.stages - 1; s >= 0; --s) {
        block *= int(plan.radix[s]);
        stage_of<true>(plan.radix[s], plan, data, places, block, first, step);
    }
}

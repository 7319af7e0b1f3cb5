// The demag convolution on a GPU: along y, along z, and along x where it is multiplied with the tensor's spectrum.
//
// Waves are kept as S[row][component][z][ky][x] with ky = 0 ... Ny / 2 and z = 0 ... Nz - 1; no place beyond the mesh
// along x exists, and those along z are written only. Neighbouring threads handle neighbouring x.

#ifndef FD_DYNAMIC_SHARED
#define FD_DYNAMIC_SHARED(type, name)                                \
    extern __shared__ __align__(16) unsigned char name##_bytes[];    \
    type* const name = reinterpret_cast<type*>(name##_bytes)
#endif

struct Convolution {
    Index cells[3];                // along x, y, z
    Plan x, y, z;
    Index waves_y;                 // Ny / 2 + 1
    Index components;              // of the kernel: 6, or 4 if there is one layer only: xx, yy, zz, xy, xz, yz
    const Index* depth_wave;       // wave number kz at place z of S
    const real* kernel;            // [kz][ky][component][kx], one octant
    const real* Ms;                // [A/m]
    Index Ms_per_replica, Ms_per_cell;
};

// Columns along y of 2 P neighbouring cells: column p is the real part and column p + P the imaginary part of one
// transform. Threads (P, T); blocks (x / 2 P, 3 nz, rows).
FD_KERNEL fd_columns(const Convolution* c, const Rows* rows, Index first_row, const real* m, Complex* waves) {
    FD_DYNAMIC_SHARED(Complex, data);
    const Index nx = c->cells[0], ny = c->cells[1], nz = c->cells[2], row = first_row + blockIdx.z;
    if (row >= rows->count) return;
    const Plan& plan = c->y;
    const Index component = blockIdx.y / nz, z = blockIdx.y % nz, cells = nx * ny * nz;
    const int P = blockDim.x, p = threadIdx.x, first = threadIdx.y, step = blockDim.y, N = plan.length;
    const Index a = Index(blockIdx.x) * 2 * P + p, b = a + P;
    const real* const from = m + (3 * rows->place(row) + component) * cells + z * nx * ny;
    const real* const Ms = c->Ms + c->Ms_per_replica * rows->replica(row);
    const Places places = {P, p};
    for (int y = first; y < N; y += step) {
        Complex value = {0, 0};
        if (y < ny) {
            const Index line = y * nx, layer = z * nx * ny + line;
            if (a < nx) value.r = from[line + a] * Ms[c->Ms_per_cell * (layer + a)];
            if (b < nx) value.i = from[line + b] * Ms[c->Ms_per_cell * (layer + b)];
        }
        data[places(y)] = value;
    }
    __syncthreads();
    forward(plan, data, places, first, step);
    Complex* const to = waves + ((3 * Index(blockIdx.z) + component) * c->z.length + z) * c->waves_y * nx;
    for (int k = first; k < c->waves_y; k += step) {
        const Complex q = data[places(plan.position[k])], e = conjugate(data[places(plan.position[k ? N - k : 0])]);
        if (a < nx) to[k * nx + a] = q + e;
        if (b < nx) to[k * nx + b] = minus_i(q - e);
    }
}

// Back along y: the field of the cells.
FD_KERNEL fd_columns_back(const Convolution* c, const Rows* rows, Index first_row, const Complex* waves, real* field) {
    FD_DYNAMIC_SHARED(Complex, data);
    const Index nx = c->cells[0], ny = c->cells[1], nz = c->cells[2], row = first_row + blockIdx.z;
    if (row >= rows->count) return;
    const Plan& plan = c->y;
    const Index component = blockIdx.y / nz, z = blockIdx.y % nz, cells = nx * ny * nz;
    const int P = blockDim.x, p = threadIdx.x, first = threadIdx.y, step = blockDim.y, N = plan.length;
    const Index a = Index(blockIdx.x) * 2 * P + p, b = a + P;
    const Complex* const from = waves + ((3 * Index(blockIdx.z) + component) * c->z.length + z) * c->waves_y * nx;
    const Places places = {P, p};
    for (int k = first; k < c->waves_y; k += step) {
        const Complex zero = {0, 0}, A = a < nx ? from[k * nx + a] : zero, B = b < nx ? from[k * nx + b] : zero;
        const int back = k ? N - k : 0;
        if (back != k) data[places(plan.position[back])] = {A.r + B.i, B.r - A.i};
        data[places(plan.position[k])] = {A.r - B.i, A.i + B.r};
    }
    __syncthreads();
    inverse(plan, data, places, first, step);
    real* const to = field + (3 * rows->place(row) + component) * cells + z * nx * ny;
    for (int y = first; y < ny; y += step) {
        const Complex value = data[places(y)];
        if (a < nx) to[y * nx + a] = value.r;
        if (b < nx) to[y * nx + b] = value.i;
    }
}

// Columns along z of P neighbouring (ky, x), in place: from nz layers to Nz in permuted order, or back.
template <bool back>
static __device__ void depth(const Convolution* c, Complex* waves, Complex* data) {
    const Plan& plan = c->z;
    const Index inner = c->waves_y * c->cells[0], place = Index(blockIdx.x) * blockDim.x + threadIdx.x;
    const int first = threadIdx.y, step = blockDim.y, nz = c->cells[2], N = plan.length;
    Complex* const column = waves + (3 * Index(blockIdx.z) + blockIdx.y) * N * inner + place;
    const Places places = {int(blockDim.x), int(threadIdx.x)};
    const bool there = place < inner;
    for (int z = first; z < N; z += step) {
        const Complex zero = {0, 0};
        data[places(z)] = there && (back || z < nz) ? column[z * inner] : zero;
    }
    __syncthreads();
    if (back) inverse(plan, data, places, first, step);
    else forward(plan, data, places, first, step);
    if (there)
        for (int z = first; z < (back ? nz : N); z += step) column[z * inner] = data[places(z)];
}

FD_KERNEL fd_depth(const Convolution* c, const Rows* rows, Index first_row, Complex* waves) {
    FD_DYNAMIC_SHARED(Complex, data);
    if (first_row + blockIdx.z < rows->count) depth<false>(c, waves, data);
}

FD_KERNEL fd_depth_back(const Convolution* c, const Rows* rows, Index first_row, Complex* waves) {
    FD_DYNAMIC_SHARED(Complex, data);
    if (first_row + blockIdx.z < rows->count) depth<true>(c, waves, data);
}

// Multiply a vector of waves by the spectrum; k are its components, `flip` says where odd ones change sign.
static __device__ void multiply(Complex* v, const real* kernel, Index step, Index components, bool flip_x, bool flip_z) {
    const real xx = kernel[0], yy = kernel[step], zz = kernel[2 * step];
    const real xy = flip_x ? -kernel[3 * step] : kernel[3 * step];
    real xz = 0, yz = 0;
    if (components == 6) {
        xz = flip_x != flip_z ? -kernel[4 * step] : kernel[4 * step];
        yz = flip_z ? -kernel[5 * step] : kernel[5 * step];
    }
    const Complex x = v[0], y = v[1], z = v[2];
    v[0] = xx * x + xy * y + xz * z;
    v[1] = xy * x + yy * y + yz * z;
    v[2] = xz * x + yz * y + zz * z;
}

// Rows along x: forward, times the spectrum, and back. Threads (T, 3 R): line 3 r + component of R neighbouring ky.
// Blocks (ky / R, Nz, rows).
FD_KERNEL fd_rows(const Convolution* c, const Rows* rows, Index first_row, Complex* waves) {
    FD_DYNAMIC_SHARED(Complex, data);
    if (first_row + blockIdx.z >= rows->count) return;
    const Plan& plan = c->x;
    const int N = plan.length, nx = c->cells[0], first = threadIdx.x, step = blockDim.x, lines = blockDim.y;
    const Index depth = c->z.length, layer = c->waves_y * nx, component = threadIdx.y % 3;
    const Index ky = Index(blockIdx.x) * (lines / 3) + threadIdx.y / 3;
    const bool there = ky < c->waves_y;
    Complex* const line = waves + ((3 * Index(blockIdx.z) + component) * depth + blockIdx.y) * layer + ky * nx;
    const Places places = {1, int(threadIdx.y) * N};
    for (int x = first; x < N; x += step) {
        const Complex zero = {0, 0};
        data[places(x)] = there && x < nx ? line[x] : zero;
    }
    __syncthreads();
    forward(plan, data, places, first, step);
    const Index kz = c->depth_wave[blockIdx.y], folded = 2 * kz > depth ? depth - kz : kz;
    const int half = N / 2 + 1;
    if (there)
        // The threads of the three lines of a row share its wave numbers.
        for (int k = first + int(component) * step; k < half; k += 3 * step) {
            const real* const kernel = c->kernel + (folded * c->waves_y + ky) * c->components * half + k;
            for (int side = 0; side < 2; ++side) {
                const int wave = side ? N - k : k;
                if (side && (k == 0 || 2 * k == N)) continue;
                Complex v[3];
                int at[3];
                for (int j = 0; j < 3; ++j) {
                    at[j] = Places{1, int(threadIdx.y - component + j) * N}(plan.position[wave]);
                    v[j] = data[at[j]];
                }
                multiply(v, kernel, half, c->components, side, folded != kz);
                for (int j = 0; j < 3; ++j) data[at[j]] = v[j];
            }
        }
    __syncthreads();
    inverse(plan, data, places, first, step);
    if (there)
        for (int x = first; x < nx; x += step) line[x] = data[places(x)];
}

// For lengths beyond shared memory, with transforms from a library: waves W[row][component][kz][ky][kx], kx up to Nx / 2.
FD_KERNEL fd_magnetisation(const Convolution* c, const Rows* rows, Index first_row, const real* m, real* M) {
    const Index cells = c->cells[0] * c->cells[1] * c->cells[2], row = first_row + blockIdx.z, i = thread_cell();
    if (row >= rows->count || i >= cells) return;
    const real Ms = c->Ms[c->Ms_per_replica * rows->replica(row) + c->Ms_per_cell * i];
    for (int k = 0; k < 3; ++k)
        M[(3 * Index(blockIdx.z) + k) * cells + i] = Ms * m[(3 * rows->place(row) + k) * cells + i];
}

FD_KERNEL fd_multiply(const Convolution* c, const Rows* rows, Index first_row, Complex* waves) {
    const Index half = c->x.length / 2 + 1, layer = c->y.length * half, size = c->z.length * layer, i = thread_cell();
    if (first_row + blockIdx.z >= rows->count || i >= size) return;
    const Index kz = i / layer, ky = i % layer / half, kx = i % half;
    const Index z = 2 * kz > c->z.length ? c->z.length - kz : kz, y = 2 * ky > c->y.length ? c->y.length - ky : ky;
    Complex v[3];
    for (int k = 0; k < 3; ++k) v[k] = waves[(3 * Index(blockIdx.z) + k) * size + i];
    // A change of sign of ky is that of kx and kz together.
    multiply(v, c->kernel + (z * c->waves_y + y) * c->components * half + kx, half, c->components, y != ky,
             (z != kz) != (y != ky));
    for (int k = 0; k < 3; ++k) waves[(3 * Index(blockIdx.z) + k) * size + i] = v[k];
}

FD_KERNEL fd_keep(const Convolution* c, const Rows* rows, Index first_row, const real* from, real* field) {
    const Index cells = c->cells[0] * c->cells[1] * c->cells[2], row = first_row + blockIdx.z, i = thread_cell();
    if (row >= rows->count || i >= cells) return;
    for (int k = 0; k < 3; ++k)
        field[(3 * rows->place(row) + k) * cells + i] = from[(3 * Index(blockIdx.z) + k) * cells + i];
}

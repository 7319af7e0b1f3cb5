// CUDA's vocabulary for the host's compiler: one fiber per thread of a block, one block after another.
//
// A fiber runs until it waits in __syncthreads or ends; then the next one runs. Threads that wait at different places,
// or for threads that have ended, are an error. Shared memory is full of NaN when a block begins.

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define __global__ __attribute__((visibility("default")))
#define __device__
#define __host__
#define __forceinline__ inline
#define __shared__ static __attribute__((section("gpu_shared")))
#define __align__(n) __attribute__((aligned(n)))
#define __syncthreads() emulation::wait(__LINE__)
#define FD_DYNAMIC_SHARED(type, name) type* const name = reinterpret_cast<type*>(emulation::shared_memory)

// Bounds of that section, from the linker; null if there is none.
extern "C" unsigned char __start_gpu_shared[] __attribute__((weak, visibility("hidden")));
extern "C" unsigned char __stop_gpu_shared[] __attribute__((weak, visibility("hidden")));

struct Dim3 {
    unsigned x, y, z;
};

static Dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace emulation {

using Word = unsigned long long;
using Kernel = void (*)(Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word);

constexpr size_t kStack = 64 * 1024;
constexpr int kEnded = -1;

struct Fiber {
    jmp_buf place;
    ucontext_t start;
    bool begun;
    int waits_at;  // line of the source, or kEnded
};

static Fiber* fibers;
static char* stacks;
static int current;
static jmp_buf scheduler;
static Kernel kernel;
static Word arguments[16];
static unsigned char* shared_memory;

static void wait(int line) {
    fibers[current].waits_at = line;
    const Dim3 mine = threadIdx;
    if (!_setjmp(fibers[current].place)) _longjmp(scheduler, 1);
    threadIdx = mine;
}

static void begin() {
    const Word* a = arguments;
    kernel(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], a[13], a[14], a[15]);
    fibers[current].waits_at = kEnded;
    _longjmp(scheduler, 1);
}

static void resume(int thread, Dim3 index) {
    current = thread;
    Fiber& fiber = fibers[thread];
    if (_setjmp(scheduler)) return;
    if (fiber.begun) _longjmp(fiber.place, 1);
    fiber.begun = true;
    threadIdx = index;
    getcontext(&fiber.start);
    fiber.start.uc_stack.ss_sp = stacks + thread * kStack;
    fiber.start.uc_stack.ss_size = kStack;
    fiber.start.uc_link = nullptr;
    makecontext(&fiber.start, begin, 0);
    setcontext(&fiber.start);
}

// Run one block; return 0, or the line where threads disagree.
static int run_block(int threads, bool backwards) {
    for (int k = 0; k < threads; ++k) fibers[k].begun = false;
    for (;;) {
        for (int k = 0; k < threads; ++k) {
            const int thread = backwards ? threads - 1 - k : k;
            const unsigned t = thread;
            resume(thread, {t % blockDim.x, t / blockDim.x % blockDim.y, t / blockDim.x / blockDim.y});
        }
        for (int k = 1; k < threads; ++k)
            if (fibers[k].waits_at != fibers[0].waits_at)
                return fibers[k].waits_at == kEnded ? fibers[0].waits_at : fibers[k].waits_at;
        if (fibers[0].waits_at == kEnded) return 0;
    }
}

}  // namespace emulation

extern "C" __attribute__((visibility("default"))) int emulation_launch(
    void* kernel, const unsigned* grid, const unsigned* block, const unsigned long long* arguments, int count,
    unsigned long long shared, int backwards) {
    using namespace emulation;
    emulation::kernel = reinterpret_cast<Kernel>(kernel);
    for (int k = 0; k < count; ++k) emulation::arguments[k] = arguments[k];
    gridDim = {grid[0], grid[1], grid[2]};
    blockDim = {block[0], block[1], block[2]};
    const int threads = block[0] * block[1] * block[2];
    const Word blocks = Word(grid[0]) * grid[1] * grid[2];
    fibers = static_cast<Fiber*>(malloc(threads * sizeof(Fiber)));
    stacks = static_cast<char*>(malloc(threads * kStack));
    shared_memory = static_cast<unsigned char*>(aligned_alloc(64, (shared + 64) / 64 * 64));
    int wrong = 0;
    for (Word k = 0; k < blocks && !wrong; ++k) {
        const Word b = backwards ? blocks - 1 - k : k;
        blockIdx = {unsigned(b % grid[0]), unsigned(b / grid[0] % grid[1]), unsigned(b / grid[0] / grid[1])};
        memset(shared_memory, 0xff, shared);
        if (__start_gpu_shared) memset(__start_gpu_shared, 0xff, __stop_gpu_shared - __start_gpu_shared);
        wrong = run_block(threads, backwards);
    }
    free(fibers);
    free(stacks);
    free(shared_memory);
    return wrong;
}

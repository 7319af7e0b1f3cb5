// Standard normal numbers of many counters at once: those of `Thermal::normals`, in SIMD lanes.

using Numbers = thermal::Thermal;
using Word = Numbers::Word;
using Long = Numbers::Long;

// philox<n>: the words x of `Thermal::philox` for n counters (cell, replica, step, node), n a multiple of 32.
#if defined(__x86_64__)
#if defined(__AVX512F__)
#define FD_WIDE_BYTES 64
#elif defined(__AVX2__)
#define FD_WIDE_BYTES 32
#else
#define FD_WIDE_BYTES 16
#endif

// A word in the lower half of each lane; the upper ones hold anything.
typedef Long Wide __attribute__((vector_size(FD_WIDE_BYTES)));
typedef Word Narrow __attribute__((vector_size(FD_WIDE_BYTES / 2)));
typedef Word NarrowInMemory __attribute__((vector_size(FD_WIDE_BYTES / 2), aligned(4), may_alias));

constexpr int kWide = FD_WIDE_BYTES / 8;
constexpr int kAtOnce = 2;  // vectors, so that one is worked on while another waits for its product

// Products of the lower halves. GCC does not find the instruction by itself.
FD_HD Wide product(Wide a, Wide b) {
#if defined(__AVX512F__) && !defined(__clang__)
    Wide result;
    asm("vpmuludq %2, %1, %0" : "=v"(result) : "v"(a), "v"(b));
    return result;
#elif defined(__AVX2__) && !defined(__clang__)
    Wide result;
    asm("vpmuludq %2, %1, %0" : "=x"(result) : "x"(a), "x"(b));
    return result;
#elif !defined(__clang__)
    asm("pmuludq %1, %0" : "+x"(a) : "x"(b));
    return a;
#else
    return (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu);
#endif
}

FD_HD Wide everywhere(Word word) { return Wide{} + Long(word); }
FD_HD Wide read_words(const Word* words) {
    return __builtin_convertvector(*reinterpret_cast<const NarrowInMemory*>(words), Wide);
}
FD_HD void write_words(Word* words, Wide lanes) {
    *reinterpret_cast<NarrowInMemory*>(words) = __builtin_convertvector(lanes, Narrow);
}

template <int n>
FD_HD void philox(const Word* cell, const Word* replica, Word step, Word node, Word k0, Word k1, Word (*x)[n]) {
    const Wide first = everywhere(0xD2511F53u), second = everywhere(0xCD9E8D57u);
    for (int start = 0; start < n; start += kAtOnce * kWide) {
        Wide x0[kAtOnce], x1[kAtOnce], x2[kAtOnce], x3[kAtOnce];
        FD_UNROLL
        for (int j = 0; j < kAtOnce; ++j) {
            x0[j] = read_words(cell + start + j * kWide);
            x1[j] = read_words(replica + start + j * kWide);
            x2[j] = everywhere(step);
            x3[j] = everywhere(node);
        }
        FD_UNROLL
        for (int round = 0; round < 10; ++round) {
            const Wide r0 = everywhere(k0 + Word(round) * 0x9E3779B9u), r1 = everywhere(k1 + Word(round) * 0xBB67AE85u);
            FD_UNROLL
            for (int j = 0; j < kAtOnce; ++j) {
                const Wide a = product(x0[j], first), b = product(x2[j], second);
                x0[j] = (b >> 32) ^ x1[j] ^ r0;
                x2[j] = (a >> 32) ^ x3[j] ^ r1;
                x1[j] = b;
                x3[j] = a;
            }
        }
        FD_UNROLL
        for (int j = 0; j < kAtOnce; ++j) {
            write_words(x[0] + start + j * kWide, x0[j]);
            write_words(x[1] + start + j * kWide, x1[j]);
            write_words(x[2] + start + j * kWide, x2[j]);
            write_words(x[3] + start + j * kWide, x3[j]);
        }
    }
}
#else
template <int n>
FD_HD void philox(const Word* cell, const Word* replica, Word step, Word node, Word k0, Word k1, Word (*x)[n]) {
    FD_INDEPENDENT
    for (int k = 0; k < n; ++k) {
        const Numbers::Words words = Numbers::philox({cell[k], replica[k], step, node}, k0, k1);
        x[0][k] = words.x0;
        x[1][k] = words.x1;
        x[2][k] = words.x2;
        x[3][k] = words.x3;
    }
}
#endif

// Three normal numbers for each of n counters.
template <int n>
FD_HD void normals(const Word* cell, const Word* replica, Word step, Word node, Word k0, Word k1, real (*out)[n]) {
    Word x[4][n];
    philox<n>(cell, replica, step, node, k0, k1, x);
    FD_INDEPENDENT
    for (int k = 0; k < n; ++k) {
        const vec3 v = Numbers::normal(x[0][k], x[1][k], x[2][k], x[3][k]);
        out[0][k] = v.x;
        out[1][k] = v.y;
        out[2][k] = v.z;
    }
}

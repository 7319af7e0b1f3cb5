// SIMD vectors of the widest kind the compiler was told of, their transposition, and complex pairs of them.
//
// Written with GCC's and Clang's vector extensions, so the same source serves AVX-512, AVX2, SSE and NEON. Nothing
// here needs the C++ standard library.
#pragma once

#define FD_INLINE inline __attribute__((always_inline))

#define FD_LAMBDA __attribute__((always_inline))

#if defined(__AVX512F__)
#define FD_VECTOR_BYTES 64
#elif defined(__AVX__)
#define FD_VECTOR_BYTES 32
#else
#define FD_VECTOR_BYTES 16
#endif

namespace fd {

typedef long long i64;

template <int... I> struct Lanes {};
#if defined(__clang__)
template <class T, T... I> using MakeLanes = Lanes<I...>;
template <int n> using LanesTo = __make_integer_seq<MakeLanes, int, n>;
#else
template <int n> using LanesTo = Lanes<__integer_pack(n)...>;
#endif

/// A vector of real numbers and its number of lanes.
template <class T> struct Simd {
  typedef T V __attribute__((vector_size(FD_VECTOR_BYTES)));
  typedef T Unaligned __attribute__((vector_size(FD_VECTOR_BYTES), aligned(sizeof(T)), may_alias));
  static constexpr int W = FD_VECTOR_BYTES / sizeof(T);
};

/// Complex numbers, one in every lane.
template <class T> struct Complex {
  typename Simd<T>::V r, i;
};

template <class T> FD_INLINE typename Simd<T>::V load(const T* p) {
  return *reinterpret_cast<const typename Simd<T>::Unaligned*>(p);
}
template <class T> FD_INLINE void store(T* p, typename Simd<T>::V v) {
  *reinterpret_cast<typename Simd<T>::Unaligned*>(p) = v;
}
/// Store past the cache, at an aligned address; `streamed` must follow before another thread reads.
template <class V> FD_INLINE void stream(V* p, V v) {
#if defined(__x86_64__) && FD_VECTOR_BYTES == 64
  asm("vmovntps %1, %0" : "=m"(*p) : "v"(v));
#elif defined(__x86_64__) && FD_VECTOR_BYTES == 32
  asm("vmovntps %1, %0" : "=m"(*p) : "x"(v));
#else
  *p = v;
#endif
}
FD_INLINE void streamed() {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}
/// Ask for all cache lines of *p, to be written or read later.
template <bool writing, class P> FD_INLINE void prefetch(const P* p) {
  for (unsigned i = 0; i < sizeof(P); i += 64) __builtin_prefetch((const char*)p + i, writing);
}
/// Ask for the cache line at p, to be read in a while, until when the second cache is to hold it.
FD_INLINE void prefetch_second(const void* p) { __builtin_prefetch(p, 0, 2); }

/// Memory that is needed next, asked for a piece at a time in the midst of other work.
struct Ahead {
  const char *at, *end;
  i64 piece;  // bytes

  /// All of it in so many pieces.
  Ahead(const void* from, const void* to, i64 pieces) : at((const char*)from), end((const char*)to) {
    piece = (end - at) / pieces + 64;
  }
  FD_INLINE void ask() {
    for (const char* const to = end - at < piece ? end : at + piece; at < to; at += 64) prefetch_second(at);
  }
};

// Moving some lanes of a vector: operands %0 to, %1 which lanes, %2 from.
#if defined(__x86_64__) && FD_VECTOR_BYTES == 64
#define FD_TO "%2, %0%{%1%}"
#define FD_FROM FD_TO "%{z%}"
#define FD_MASK "Yk"
template <class T> FD_INLINE unsigned short lanes_below(int count) { return (unsigned short)((1u << count) - 1); }
#define FD_MOVE "vmovup"
#elif defined(__x86_64__) && FD_VECTOR_BYTES == 32
#define FD_TO "%2, %1, %0"
#define FD_FROM FD_TO
#define FD_MASK "x"
#define FD_MOVE "vmaskmovp"
template <class T> FD_INLINE typename Simd<int>::V lanes_below(int count) {
  static const int set[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  return load(set + 8 - count * int(sizeof(T) / sizeof(int)));
}
#endif
/// The first `count` lanes from p, zero beyond, where nothing is read.
template <class T> FD_INLINE typename Simd<T>::V load_part(const T* p, int count) {
  typename Simd<T>::V v{};
#ifdef FD_MASK
  const auto& from = *reinterpret_cast<const typename Simd<T>::Unaligned*>(p);
  if constexpr (sizeof(T) == 4)
    asm(FD_MOVE "s " FD_FROM : "=v"(v) : FD_MASK(lanes_below<T>(count)), "m"(from));
  else
    asm(FD_MOVE "d " FD_FROM : "=v"(v) : FD_MASK(lanes_below<T>(count)), "m"(from));
#else
  for (int l = 0; l < Simd<T>::W; l++) v[l] = l < count ? p[l] : T(0);
#endif
  return v;
}
/// The reverse: nothing is written beyond.
template <class T> FD_INLINE void store_part(T* p, typename Simd<T>::V v, int count) {
#ifdef FD_MASK
  auto& to = *reinterpret_cast<typename Simd<T>::Unaligned*>(p);
  if constexpr (sizeof(T) == 4)
    asm(FD_MOVE "s " FD_TO : "+m"(to) : FD_MASK(lanes_below<T>(count)), "v"(v));
  else
    asm(FD_MOVE "d " FD_TO : "+m"(to) : FD_MASK(lanes_below<T>(count)), "v"(v));
#else
  for (int l = 0; l < Simd<T>::W; l++)
    if (l < count) p[l] = v[l];
#endif
}

/// Exchange the off-diagonal s × s squares of every 2 s × 2 s square.
template <int s, int W, class V, int... l> FD_INLINE void exchange(V& a, V& b, Lanes<l...>) {
  const V low = __builtin_shufflevector(a, b, ((l & s) ? W + l - s : l)...);
  b = __builtin_shufflevector(a, b, ((l & s) ? W + l : l + s)...);
  a = low;
}
template <int s, class T> FD_INLINE void transpose_from(typename Simd<T>::V* rows) {
  constexpr int W = Simd<T>::W;
  if constexpr (s < W) {
#pragma GCC unroll 16
    for (int i = 0; i < W; i++)
      if (!(i & s)) exchange<s, W>(rows[i], rows[i + s], LanesTo<W>());
    transpose_from<2 * s, T>(rows);
  }
}
/// Transpose W vectors of W lanes in registers.
template <class T> FD_INLINE void transpose(typename Simd<T>::V* rows) { transpose_from<1, T>(rows); }

}  // namespace fd

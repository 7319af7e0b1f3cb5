// Mixed-radix transforms of a column of vectors in place: decimation in frequency forward, in time back.
//
// The forward transform leaves wave number k at position `position[k]`; the inverse starts from there. Between the
// two everything is done in that order, so nothing is ever reordered. (Gentleman & Sande 1966, Cooley & Tukey 1965.)
#pragma once
#include "butterfly.h"
#include "memory.h"

namespace fd {

/// Lengths, radices, twiddle factors and order of a transform of length P of which n points are not zero.
template <class T> struct Transform {
  static constexpr int MAX_STAGES = 40;
  i64 P, n;
  int stages;
  int radix[MAX_STAGES];
  T* twiddle[MAX_STAGES];  // stage s: for j < P_s / radix, for 0 < q < radix: cos, -sin of 2 pi j q / P_s
  i64* position;           // wave number -> position
  i64* wave;               // position -> wave number

  /// False if P has another factor than FD_ODD says, or memory is short.
  /// `at_once`: in one stage if the length is such.
  bool create(i64 length, i64 points, bool at_once = false);
  void destroy();
  /// Whether half of the first stage's inputs (rounded up) hold all points. Few lengths begin with radix 1 or 7: they do
  /// without what half of the inputs saves, and every library without the code for them.
  bool half() const { return radix[0] != 1 && radix[0] != 7 && n <= (radix[0] + 1) / 2 * (P / radix[0]); }
  bool whole() const { return stages == 1; }
  int last_radix() const { return radix[stages - 1]; }
};

/// Forward stage on columns of L points each: out[j + q m] = exp(-2 pi i j q / L) dft(in[j + q m])_q, m = L / R.
/// `read(row, r, i)` gives the input rows; those from H m on are zero and not read. `LAST`: m = 1, no twiddle factors.
template <int R, int H, bool LAST, class T, class Read>
FD_INLINE void forward_stage(Complex<T>* a, i64 P, i64 L, const T* twiddle, Read read) {
  typedef typename Simd<T>::V V;
  const i64 m = LAST ? 1 : L / R;
  for (i64 b = 0; b < P; b += L) {
    const T* t = twiddle;
    for (i64 j = 0; j < m; j++) {
      V r[R], i[R];
#pragma GCC unroll 16
      for (int q = 0; q < R; q++) {
        if (q < H) {
          read(b + j + q * m, r[q], i[q]);
        } else {
          r[q] = V{}, i[q] = V{};
        }
      }
      Dft<R, T>::template run<H>(r, i);
      Complex<T>* x = a + b + j;
      x[0].r = r[0], x[0].i = i[0];
#pragma GCC unroll 16
      for (int q = 1; q < R; q++) {
        if constexpr (LAST) {
          x[q].r = r[q], x[q].i = i[q];
        } else {
          const T c = t[2 * q - 2], s = t[2 * q - 1];
          x[q * m].r = r[q] * c - i[q] * s, x[q * m].i = r[q] * s + i[q] * c;
        }
      }
      if constexpr (!LAST) t += 2 * (R - 1);
    }
  }
}

/// Inverse stage, the mirror image of the forward one. `write(row, r, i)` takes the output rows below H m only.
template <int R, int H, bool FIRST, class T, class Write>
FD_INLINE void inverse_stage(const Complex<T>* a, i64 P, i64 L, const T* twiddle, Write write) {
  typedef typename Simd<T>::V V;
  const i64 m = FIRST ? 1 : L / R;
  for (i64 b = 0; b < P; b += L) {
    const T* t = twiddle;
    for (i64 j = 0; j < m; j++) {
      V r[R], i[R];
      const Complex<T>* x = a + b + j;
      r[0] = x[0].r, i[0] = x[0].i;
#pragma GCC unroll 16
      for (int q = 1; q < R; q++) {
        const V yr = x[q * m].r, yi = x[q * m].i;
        if constexpr (FIRST) {
          r[q] = yr, i[q] = yi;
        } else {
          const T c = t[2 * q - 2], s = t[2 * q - 1];
          r[q] = yr * c + yi * s, i[q] = yi * c - yr * s;
        }
      }
      if constexpr (!FIRST) t += 2 * (R - 1);
      Dft<R, T>::run(i, r);
#pragma GCC unroll 16
      for (int q = 0; q < H; q++) write(b + j + q * m, r[q], i[q]);
    }
  }
}

// Radices of any stage but the last one (see `factorise`), of the first one where half of the points are zero, and of
// the last one; radix 1 stands in for lengths that are odd or have one factor only. The text in front of this one says
// by FD_ODD which lengths occur: 1, powers of two from 4 on; 5, also those with factors 3 and 5, and odd ones; 7, also
// with 7. What is not needed takes half of the time to compile.
#if FD_ODD == 1
#define FD_RADICES(DO) DO(1) DO(4) DO(8)
#define FD_FIRST_RADICES(DO) DO(4) DO(8)
#define FD_LAST_RADICES(DO) DO(4) DO(8)
#else
#if FD_ODD == 5
#define FD_RADICES(DO) DO(1) DO(3) DO(4) DO(5) DO(8)
#else
#define FD_RADICES(DO) DO(1) DO(3) DO(4) DO(5) DO(7) DO(8)
#endif
#define FD_FIRST_RADICES(DO) DO(3) DO(4) DO(5) DO(8)
#define FD_LAST_RADICES(DO) DO(1) DO(2) DO(4) DO(8)
#endif

/// Stage s of blocks of L points, of which `points` follow each other.
template <class T>
__attribute__((noinline)) void forward_middle(Complex<T>* a, const Transform<T>& f, int s, i64 L, i64 points) {
  typedef typename Simd<T>::V V;
  auto read = [a](i64 row, V& r, V& i) FD_LAMBDA { r = a[row].r, i = a[row].i; };
#define FD_CASE(r) \
  case r:          \
    return forward_stage<r, r, false>(a, points, L, (const T*)f.twiddle[s], read);
  switch (f.radix[s]) { FD_RADICES(FD_CASE) }
#undef FD_CASE
}
template <class T> __attribute__((noinline)) void forward_last(Complex<T>* a, const Transform<T>& f) {
  typedef typename Simd<T>::V V;
  auto read = [a](i64 row, V& r, V& i) FD_LAMBDA { r = a[row].r, i = a[row].i; };
#define FD_CASE(r) \
  case r:          \
    return forward_stage<r, r, true>(a, f.P, i64(r), (const T*)nullptr, read);
  switch (f.last_radix()) { FD_LAST_RADICES(FD_CASE) }
#undef FD_CASE
}
template <class T>
__attribute__((noinline)) void inverse_middle(Complex<T>* a, const Transform<T>& f, int s, i64 L, i64 points) {
  typedef typename Simd<T>::V V;
  auto write = [a](i64 row, V r, V i) FD_LAMBDA { a[row].r = r, a[row].i = i; };
#define FD_CASE(r) \
  case r:          \
    return inverse_stage<r, r, false>(a, points, L, (const T*)f.twiddle[s], write);
  switch (f.radix[s]) { FD_RADICES(FD_CASE) }
#undef FD_CASE
}
template <class T> __attribute__((noinline)) void inverse_first(Complex<T>* a, const Transform<T>& f) {
  typedef typename Simd<T>::V V;
  auto write = [a](i64 row, V r, V i) FD_LAMBDA { a[row].r = r, a[row].i = i; };
#define FD_CASE(r) \
  case r:          \
    return inverse_stage<r, r, true>(a, f.P, i64(r), (const T*)nullptr, write);
  switch (f.last_radix()) { FD_LAST_RADICES(FD_CASE) }
#undef FD_CASE
}

/// First stage of all, from rows that `read.get` gives, zero from n on.
template <class T, class Read>
__attribute__((noinline)) void forward_first(Complex<T>* a, const Transform<T>& f, Read read) {
  typedef typename Simd<T>::V V;
  const i64 n = f.n;
  if (!f.half()) {
    for (i64 row = 0; row < n; row++) read.get(row, a[row].r, a[row].i);
    for (i64 row = n; row < f.P; row++) a[row] = {V{}, V{}};
    return forward_middle(a, f, 0, f.P, f.P);
  }
  auto padded = [=](i64 row, V& r, V& i) FD_LAMBDA {
    if (row < n)
      read.get(row, r, i);
    else
      r = i = V{};
  };
#define FD_CASE(r) \
  case r:          \
    return forward_stage<r, (r + 1) / 2, false>(a, f.P, f.P, (const T*)f.twiddle[0], padded);
  switch (f.radix[0]) { FD_FIRST_RADICES(FD_CASE) }
#undef FD_CASE
}

/// Last stage of all, to rows 0 ... n - 1 that `write.put` takes; the others are not computed.
template <class T, class Write>
__attribute__((noinline)) void inverse_last(Complex<T>* a, const Transform<T>& f, Write write) {
  typedef typename Simd<T>::V V;
  const i64 n = f.n;
  if (!f.half()) {
    inverse_middle(a, f, 0, f.P, f.P);
    for (i64 row = 0; row < n; row++) write.put(row, a[row].r, a[row].i);
    return;
  }
  auto kept = [=](i64 row, V r, V i) FD_LAMBDA {
    if (row < n) write.put(row, r, i);
  };
#define FD_CASE(r) \
  case r:          \
    return inverse_stage<r, (r + 1) / 2, false>(a, f.P, f.P, (const T*)f.twiddle[0], kept);
  switch (f.radix[0]) { FD_FIRST_RADICES(FD_CASE) }
#undef FD_CASE
}

/// Rows one step apart in memory, to read from and to write to.
template <class T> struct Rows {
  typedef typename Simd<T>::V V;
  Complex<T>* at;
  i64 step;
  FD_INLINE void get(i64 row, V& r, V& i) const { r = at[row * step].r, i = at[row * step].i; }
  FD_INLINE void put(i64 row, V r, V i) const { at[row * step].r = r, at[row * step].i = i; }
};

/// The same where the next rows to be read are those next in memory.
template <class T> struct RowsAhead : Rows<T> {
  typedef typename Simd<T>::V V;
  FD_INLINE void get(i64 row, V& r, V& i) const {
    prefetch<false>(this->at + row * this->step + 1);
    r = this->at[row * this->step].r, i = this->at[row * this->step].i;
  }
};

/// All stages between the first and the last.
template <class T> FD_INLINE void forward_inner(Complex<T>* a, const Transform<T>& f) {
  i64 L = f.P;
  for (int s = 1; s < f.stages - 1; s++) {
    L /= f.radix[s - 1];
    forward_middle(a, f, s, L, f.P);
  }
}
template <class T> FD_INLINE void inverse_inner(Complex<T>* a, const Transform<T>& f) {
  i64 L = f.last_radix();
  for (int s = f.stages - 2; s > 0; s--) {
    L *= f.radix[s];
    inverse_middle(a, f, s, L, f.P);
  }
}

/// Lengths that are done in one stage where half of the points are zero, as along z for two, four, seven and eight layers.
#define FD_WHOLE(DO) DO(4) DO(8) DO(16)
inline bool is_whole(i64 P, i64 n) {
#define FD_CASE(r) case r:
  switch (P) { FD_WHOLE(FD_CASE) return 2 * n <= P; }
#undef FD_CASE
  return false;
}

/// All stages, from rows that `read.get` gives, and back to rows that `write.put` takes.
template <class T, class Read>
__attribute__((noinline)) void forward_all(Complex<T>* a, const Transform<T>& f, Read read) {
  typedef typename Simd<T>::V V;
  if (!f.whole()) return forward_first(a, f, read), forward_inner(a, f), forward_last(a, f);
  const i64 n = f.n;
  auto padded = [=](i64 row, V& r, V& i) FD_LAMBDA {
    if (row < n)
      read.get(row, r, i);
    else
      r = i = V{};
  };
#define FD_CASE(r) \
  case r:          \
    return forward_stage<r, r / 2, true>(a, r, r, (const T*)nullptr, padded);
  switch (f.P) { FD_WHOLE(FD_CASE) }
#undef FD_CASE
}
template <class T, class Write>
__attribute__((noinline)) void inverse_all(Complex<T>* a, const Transform<T>& f, Write write) {
  typedef typename Simd<T>::V V;
  if (!f.whole()) return inverse_first(a, f), inverse_inner(a, f), inverse_last(a, f, write);
  const i64 n = f.n;
  auto kept = [=](i64 row, V r, V i) FD_LAMBDA {
    if (row < n) write.put(row, r, i);
  };
#define FD_CASE(r) \
  case r:          \
    return inverse_stage<r, r / 2, true>(a, r, r, (const T*)nullptr, kept);
  switch (f.P) { FD_WHOLE(FD_CASE) }
#undef FD_CASE
}

/// Radices of a length, at least two of them; how many, or 0 if a factor is left that FD_ODD does not have.
inline int factorise(i64 P, int* radix) {
  int twos = 0, count = 0;
  while (P % 2 == 0) P /= 2, twos++;
  const int fours = twos == 1 ? 0 : twos % 3 == 1 ? 2 : twos % 3 == 2;
  const int last = twos == 1 ? 2 : fours ? 4 : twos ? 8 : 1;
  twos -= last == 8 ? 3 : last / 2;
  for (; twos > 2; twos -= 3) radix[count++] = 8;
  if (twos == 2) radix[count++] = 4;
  constexpr int odd[] = {5, 3, 7};
  for (const int factor : odd)
    while (factor <= FD_ODD && P % factor == 0) P /= factor, radix[count++] = factor;
  if (!count) radix[count++] = 1;
  radix[count++] = last;
  return P == 1 ? count : 0;
}

template <class T> bool Transform<T>::create(i64 length, i64 points, bool at_once) {
  P = length, n = points;
  stages = factorise(P, radix);
  if (at_once && is_whole(P, n)) stages = 1, radix[0] = int(P);
  position = wave = nullptr;
  for (int s = 0; s < stages; s++) twiddle[s] = nullptr;
  if (!stages) return false;
  position = (i64*)allocate(P * sizeof(i64)), wave = (i64*)allocate(P * sizeof(i64));
  if (!position || !wave) return false;
  i64 L = P;
  for (int s = 0; s < stages; s++) {
    const int R = radix[s];
    const i64 m = L / R;
    T* t = twiddle[s] = (T*)allocate((2 * m * (R - 1) + 2) * sizeof(T));
    if (!t) return false;
    for (i64 j = 0; j < m; j++)
      for (int q = 1; q < R; q++) {
        const long double angle = 2 * 3.14159265358979323846264338327950288L * (j * q % L) / L;
        *t++ = T(cosl(angle)), *t++ = T(-sinl(angle));
      }
    L = m;
  }
  for (i64 k = 0; k < P; k++) {
    i64 rest = k, left = P, p = 0;
    for (int s = 0; s < stages; s++) {
      left /= radix[s];
      p += rest % radix[s] * left;
      rest /= radix[s];
    }
    position[k] = p, wave[p] = k;
  }
  return true;
}

template <class T> void Transform<T>::destroy() {
  for (int s = 0; s < stages; s++) release(twiddle[s]);
  release(position), release(wave);
}

}  // namespace fd

// Discrete Fourier transforms of a few points, on vectors: x_k <- sum_j x_j exp(-2 pi i j k / R).
//
// The inverse (unnormalised) is the same function with real and imaginary parts exchanged. Points from H on are zero.
#pragma once
#include "vector.h"

namespace fd {

constexpr double SQRT_HALF = 0.70710678118654752440;

/// a + b, where b is zero unless `there`: to add zero is work, as -0 becomes 0. To subtract it is none.
template <class V> FD_INLINE V sum(V a, V b, bool there) { return there ? a + b : a; }

/// cos and sin of 2 pi k / R for the odd radices.
template <int R> struct Circle;
template <> struct Circle<3> {
  static constexpr double c[] = {1.0, -0.5, -0.5};
  static constexpr double s[] = {0.0, 0.86602540378443864676, -0.86602540378443864676};
};
template <> struct Circle<5> {
  static constexpr double c[] = {1.0, 0.30901699437494742410, -0.80901699437494742410, -0.80901699437494742410,
                                 0.30901699437494742410};
  static constexpr double s[] = {0.0, 0.95105651629515357212, 0.58778525229247312917, -0.58778525229247312917,
                                 -0.95105651629515357212};
};
template <> struct Circle<7> {
  static constexpr double c[] = {1.0, 0.62348980185873353053, -0.22252093395631440429, -0.90096886790241912624,
                                 -0.90096886790241912624, -0.22252093395631440429, 0.62348980185873353053};
  static constexpr double s[] = {0.0, 0.78183148246802980871, 0.97492791218182360702, 0.43388373911755812048,
                                 -0.43388373911755812048, -0.97492791218182360702, -0.78183148246802980871};
};

/// Odd radix: sums and differences of the points j and R - j are transformed by cosines and sines.
template <int R, class T> struct Dft {
  typedef typename Simd<T>::V V;
  template <int H = R> static FD_INLINE void run(V* r, V* i) {
    constexpr int N = R / 2;
    V pr[N], pi[N], mr[N], mi[N], r0 = r[0], i0 = i[0], sr = r0, si = i0;
#pragma GCC unroll 8
    for (int j = 0; j < N; j++) {
      pr[j] = sum(r[j + 1], r[R - 1 - j], R - 1 - j < H), pi[j] = sum(i[j + 1], i[R - 1 - j], R - 1 - j < H);
      mr[j] = r[j + 1] - r[R - 1 - j], mi[j] = i[j + 1] - i[R - 1 - j];
      sr += pr[j], si += pi[j];
    }
    r[0] = sr, i[0] = si;
#pragma GCC unroll 8
    for (int k = 1; k <= N; k++) {
      const T first = T(Circle<R>::s[k]);
      V ar = r0, ai = i0, br = first * mr[0], bi = first * mi[0];
#pragma GCC unroll 8
      for (int j = 0; j < N; j++) {
        const T c = T(Circle<R>::c[(j + 1) * k % R]), s = T(Circle<R>::s[(j + 1) * k % R]);
        ar += c * pr[j], ai += c * pi[j];
        if (j > 0) br += s * mr[j], bi += s * mi[j];
      }
      r[k] = ar + bi, i[k] = ai - br;
      r[R - k] = ar - bi, i[R - k] = ai + br;
    }
  }
};

template <class T> struct Dft<1, T> {
  template <int H = 1> static FD_INLINE void run(typename Simd<T>::V*, typename Simd<T>::V*) {}
};

template <class T> struct Dft<2, T> {
  typedef typename Simd<T>::V V;
  template <int H = 2> static FD_INLINE void run(V* r, V* i) {
    const V ar = r[0], ai = i[0], br = r[1], bi = i[1];
    r[0] = sum(ar, br, H > 1), i[0] = sum(ai, bi, H > 1);
    r[1] = ar - br, i[1] = ai - bi;
  }
};

template <class T> struct Dft<4, T> {
  typedef typename Simd<T>::V V;
  template <int H = 4> static FD_INLINE void run(V* r, V* i) {
    const V ar = sum(r[0], r[2], H > 2), ai = sum(i[0], i[2], H > 2), br = r[0] - r[2], bi = i[0] - i[2];
    const V cr = sum(r[1], r[3], H > 3), ci = sum(i[1], i[3], H > 3), dr = r[1] - r[3], di = i[1] - i[3];
    r[0] = ar + cr, i[0] = ai + ci;
    r[1] = br + di, i[1] = bi - dr;
    r[2] = ar - cr, i[2] = ai - ci;
    r[3] = br - di, i[3] = bi + dr;
  }
};

template <class T> struct Dft<8, T> {
  typedef typename Simd<T>::V V;
  template <int H = 8> static FD_INLINE void run(V* r, V* i) {
    V er[4] = {r[0], r[2], r[4], r[6]}, ei[4] = {i[0], i[2], i[4], i[6]};
    V qr[4] = {r[1], r[3], r[5], r[7]}, qi[4] = {i[1], i[3], i[5], i[7]};
    Dft<4, T>::template run<(H + 1) / 2>(er, ei);
    Dft<4, T>::template run<H / 2>(qr, qi);
    constexpr T h = T(SQRT_HALF);
    const V ar = qr[1] + qi[1], ai = qi[1] - qr[1];  // times sqrt(1/2): exp(-i pi / 4) q1
    const V br = qi[3] - qr[3], bi = qi[3] + qr[3];  // times sqrt(1/2): exp(-3 i pi / 4) q3 = br - i bi
    r[0] = er[0] + qr[0], i[0] = ei[0] + qi[0];
    r[4] = er[0] - qr[0], i[4] = ei[0] - qi[0];
    r[1] = er[1] + h * ar, i[1] = ei[1] + h * ai;
    r[5] = er[1] - h * ar, i[5] = ei[1] - h * ai;
    r[2] = er[2] + qi[2], i[2] = ei[2] - qr[2];
    r[6] = er[2] - qi[2], i[6] = ei[2] + qr[2];
    r[3] = er[3] + h * br, i[3] = ei[3] - h * bi;
    r[7] = er[3] - h * br, i[7] = ei[3] + h * bi;
  }
};

/// Even wave numbers, then odd ones, of 8 points each: all 16 do not fit into registers.
template <class T> struct Dft<16, T> {
  typedef typename Simd<T>::V V;
  static constexpr T c[] = {T(1), T(0.92387953251128675613), T(SQRT_HALF), T(0.38268343236508977173), T(0),
                            T(-0.38268343236508977173), T(-SQRT_HALF), T(-0.92387953251128675613)};
  static constexpr T s[] = {T(0), T(0.38268343236508977173), T(SQRT_HALF), T(0.92387953251128675613), T(1),
                            T(0.92387953251128675613), T(SQRT_HALF), T(0.38268343236508977173)};
  /// (r, i) exp(-2 pi i j / 16)
  static FD_INLINE void turn(int j, V& r, V& i) {
    const V x = r;
    if (j == 4)
      r = i, i = -x;
    else if (j > 0)
      r = x * c[j] + i * s[j], i = i * c[j] - x * s[j];
  }
  template <int H = 16> static FD_INLINE void run(V* r, V* i) {
    V ar[8], ai[8], br[8], bi[8];
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) ar[j] = sum(r[j], r[j + 8], j + 8 < H), ai[j] = sum(i[j], i[j + 8], j + 8 < H);
    Dft<8, T>::run(ar, ai);
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) {
      br[j] = r[j] - r[j + 8], bi[j] = i[j] - i[j + 8];
      turn(j, br[j], bi[j]);
    }
    Dft<8, T>::run(br, bi);
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) r[2 * j] = ar[j], i[2 * j] = ai[j], r[2 * j + 1] = br[j], i[2 * j + 1] = bi[j];
  }
};

}  // namespace fd

// The parts of the demag convolution: columns along y, planes of (z, x), and the multiplication between them.
//
// Waves after the transform along y are kept as S[ky][component][z][x block], a complex vector of W neighbouring
// cells along x in each place. Two columns of real cells make one complex column: A + i B.
#pragma once
#include "../fft/transform.h"

namespace fd {

/// Where S keeps wave number ky, and how far apart are two columns. In a film W rows lie side by side.
struct Order {
  int shift;
  i64 block, lane, column;
  FD_INLINE i64 operator()(i64 ky) const { return (ky >> shift) * block + (ky & ((1 << shift) - 1)) * lane; }
};

/// Blocks of the last stage that belong together: wave numbers k in one are -k in the other (or in itself).
struct Mirror {
  i64 block, mirror;
};

/// All pairs, in order of wave number, to `list`, which has room for P / R of them; how many.
template <class T> i64 mirrors(const Transform<T>& f, Mirror* list) {
  const i64 R = f.last_radix(), step = f.P / R;
  i64 count = 0;
  for (i64 k = 0; 2 * k <= step; k++) list[count++] = {f.position[k] / R, f.position[k ? step - k : 0] / R};
  return count;
}

/// Last forward stage of A + i B, separated: twice the waves of A and of B, for k = 0 ... P / 2, go to
/// out[order(k)] and out[order(k) + order.column]. `packed`: the real waves k = 0 and P / 2 share place 0, as real and
/// imaginary parts.
template <int R, class T>
void split(const Complex<T>* a, const Transform<T>& f, const Mirror* pairs, i64 count, Complex<T>* out, Order order,
           bool packed, bool second, bool past_cache) {
  typedef typename Simd<T>::V V;
  const i64 step = f.P / R;
  auto put = [=](i64 k, V pr, V pi, V qr, V qi) FD_LAMBDA {
    Complex<T>* o = out + order(k);
    if (past_cache && second) {
      stream(&o[0].r, pr + qr), stream(&o[0].i, pi - qi);
      stream(&o[order.column].r, pi + qi), stream(&o[order.column].i, qr - pr);
      return;
    }
    prefetch<true>(o + 2 * order.column), prefetch<true>(o + 3 * order.column);
    o[0].r = pr + qr, o[0].i = pi - qi;
    if (second) o[order.column].r = pi + qi, o[order.column].i = qr - pr;
  };
  for (i64 c = 0; c < count; c++) {
    const i64 b = pairs[c].block, e = pairs[c].mirror, base = f.wave[b * R];
    V pr[R], pi[R], qr[R], qi[R];
#pragma GCC unroll 16
    for (int j = 0; j < R; j++) pr[j] = a[b * R + j].r, pi[j] = a[b * R + j].i;
    Dft<R, T>::run(pr, pi);
    if (b != e) {
#pragma GCC unroll 16
      for (int j = 0; j < R; j++) qr[j] = a[e * R + j].r, qi[j] = a[e * R + j].i;
      Dft<R, T>::run(qr, qi);
#pragma GCC unroll 16
      for (int j = 0; j < R; j++) {
        const int l = R - 1 - j;
        if (2 * j < R)
          put(base + j * step, pr[j], pi[j], qr[l], qi[l]);
        else  // beyond P / 2
          put(f.P - base - j * step, qr[l], qi[l], pr[j], pi[j]);
      }
      continue;
    }
    for (int j = 0; j < R; j++) {
      const int l = base ? R - 1 - j : (R - j) % R;
      const i64 k = base + j * step;
      if (j > l) continue;
      if (packed && (k == 0 || 2 * k == f.P)) {
        V *o = k ? &out[0].i : &out[0].r, *next = k ? &out[order.column].i : &out[order.column].r;
        *o = pr[j] + pr[j];
        if (second) *next = pi[j] + pi[j];
      } else {
        put(k, pr[j], pi[j], pr[l], pi[l]);
      }
    }
  }
}

constexpr int LIST_AHEAD = 3;    // pairs of blocks
constexpr int ROW_AHEAD = 4;     // x blocks
constexpr int KERNEL_AHEAD = 12;  // blocks of the kernel

/// The reverse of `split`, without its factor of two, and the first inverse stage. In a film two columns are far apart,
/// so what is needed soon is fetched; else what is beside it, for the next pair of columns.
template <int R, class T>
void join(Complex<T>* a, const Transform<T>& f, const Mirror* pairs, i64 count, const Complex<T>* in, Order order,
          bool packed, bool second) {
  typedef typename Simd<T>::V V;
  const i64 step = f.P / R;
  constexpr bool film = FD_FILM;
  auto get = [=](i64 k, V& pr, V& pi, V& qr, V& qi) FD_LAMBDA {
    const Complex<T>* o = in + order(k);
    if (!film) prefetch<false>(o + 2 * order.column), prefetch<false>(o + 3 * order.column);
    const V xr = o[0].r, xi = o[0].i, yr = second ? o[order.column].r : V{}, yi = second ? o[order.column].i : V{};
    pr = xr - yi, pi = xi + yr, qr = xr + yi, qi = yr - xi;
  };
  for (i64 c = 0; c < count; c++) {
    const i64 b = pairs[c].block, e = pairs[c].mirror, base = f.wave[b * R];
    V pr[R], pi[R], qr[R], qi[R];
    if (film && c + LIST_AHEAD < count) {
      const i64 next = f.wave[pairs[c + LIST_AHEAD].block * R];
#pragma GCC unroll 16
      for (int j = 0; j < R; j++) {
        const Complex<T>* o = in + order(2 * j < R ? next + j * step : f.P - next - j * step);
        prefetch<false>(o), prefetch<false>(o + order.column);
      }
    }
    if (b != e) {
#pragma GCC unroll 16
      for (int j = 0; j < R; j++) {
        const int l = R - 1 - j;
        if (2 * j < R)
          get(base + j * step, pr[j], pi[j], qr[l], qi[l]);
        else  // beyond P / 2
          get(f.P - base - j * step, qr[l], qi[l], pr[j], pi[j]);
      }
      Dft<R, T>::run(qi, qr);
#pragma GCC unroll 16
      for (int j = 0; j < R; j++) a[e * R + j].r = qr[j], a[e * R + j].i = qi[j];
    } else {
      for (int j = 0; j < R; j++) {
        const int l = base ? R - 1 - j : (R - j) % R;
        const i64 k = base + j * step;
        if (j > l) continue;
        if (k == 0 || 2 * k == f.P) {  // real waves: what rounding left in their imaginary parts is dropped
          const Complex<T>* o = in + (packed ? 0 : order(k));
          const bool imaginary = packed && k;
          pr[j] = imaginary ? o[0].i : o[0].r;
          pi[j] = !second ? V{} : imaginary ? o[order.column].i : o[order.column].r;
        } else {
          get(k, pr[j], pi[j], pr[l], pi[l]);
        }
      }
    }
    Dft<R, T>::run(pi, pr);
#pragma GCC unroll 16
    for (int j = 0; j < R; j++) a[b * R + j].r = pr[j], a[b * R + j].i = pi[j];
  }
}

/// Where the kernel of a position is, and the sign of its parts that are odd in k.
template <class T> struct Place {
  i64 rank;
  T sign;
};

/// Vectors of the kernel for each wave number: of z alone zz, of x and y xx, yy, xy, of all xx, yy, zz, xy, xz, yz.
constexpr int kernel_vectors(int fields) { return fields == 1 ? 1 : fields == 2 ? 3 : 6; }

/// Last forward stage, multiplication by the real symmetric tensor, first inverse stage, in place, of the columns of
/// z (`fields` = 1), x and y (2) or x, y and z (3): positions from `begin` to `end`. `next`: numbers to the kernel of
/// the next columns; in three dimensions it is asked for where this one is used for the second time, `flip` being -1.
template <int R, int fields, class T>
__attribute__((noinline)) void multiply(Complex<T>* const* columns, i64 begin, i64 end, const Place<T>* places,
                                        const T* kernel, i64 next, T flip) {
  typedef typename Simd<T>::V V;
  constexpr int W = Simd<T>::W, K = kernel_vectors(fields);
  const i64 ahead = fields == 3 && flip < 0 ? next / W : KERNEL_AHEAD * K * R;
  for (i64 b = begin; b < end; b += R) {
    V r[fields][R], i[fields][R];
#pragma GCC unroll 3
    for (int a = 0; a < fields; a++) {
#pragma GCC unroll 16
      for (int j = 0; j < R; j++) r[a][j] = columns[a][b + j].r, i[a][j] = columns[a][b + j].i;
      Dft<R, T>::run(r[a], i[a]);
    }
#pragma GCC unroll 16
    for (int j = 0; j < R; j++) {
      const Place<T> place = places[b + j];
      const V* k = reinterpret_cast<const V*>(kernel + place.rank * K * W);
#pragma GCC unroll 6
      for (int a = 0; a < K; a++) prefetch_second(k + ahead + a);
      if constexpr (fields == 1) {
        r[0][j] *= k[0], i[0][j] *= k[0];
      } else {
        const V xy = k[fields] * place.sign, ar = r[0][j], ai = i[0][j], br = r[1][j], bi = i[1][j];
        r[0][j] = k[0] * ar + xy * br, i[0][j] = k[0] * ai + xy * bi;
        r[1][j] = k[1] * br + xy * ar, i[1][j] = k[1] * bi + xy * ai;
        if constexpr (fields == 3) {
          const V xz = k[4] * (place.sign * flip), yz = k[5] * flip, cr = r[2][j], ci = i[2][j];
          r[0][j] += xz * cr, i[0][j] += xz * ci;
          r[1][j] += yz * cr, i[1][j] += yz * ci;
          r[2][j] = k[2] * cr + xz * ar + yz * br, i[2][j] = k[2] * ci + xz * ai + yz * bi;
        }
      }
    }
#pragma GCC unroll 3
    for (int a = 0; a < fields; a++) {
      Dft<R, T>::run(i[a], r[a]);
#pragma GCC unroll 16
      for (int j = 0; j < R; j++) columns[a][b + j].r = r[a][j], columns[a][b + j].i = i[a][j];
    }
  }
}

/// Multiplication of W rows of a film of which the first is two real rows, ky = 0 and Py / 2, packed into one.
///
/// With c = a + i b, even kernels K of a and L of b: K a + i L b = (K + L) / 2 c(k) + (K - L) / 2 conj(c(-k)).
/// Kernel, in order of k: (K + L) / 2 and (K - L) / 2 of xx, yy, zz, then xy; zero differences for the other rows.
template <class T> void multiply_packed(Complex<T>* const* columns, const Transform<T>& f, const T* kernel, bool z) {
  typedef typename Simd<T>::V V;
  constexpr int W = Simd<T>::W;
  Complex<T>*const x = columns[0], *const y = columns[z ? 0 : 1];
  for (i64 k = 0; 2 * k <= f.P; k++) {
    const i64 p = f.position[k], q = f.position[k ? f.P - k : 0];
    const V* K = reinterpret_cast<const V*>(kernel + k * 7 * W);
    const Complex<T> a = x[p], b = y[p], c = x[q], d = y[q];
    if (z) {
      x[p] = {K[2] * a.r + K[5] * c.r, K[2] * a.i - K[5] * c.i};
      if (p != q) x[q] = {K[2] * c.r + K[5] * a.r, K[2] * c.i - K[5] * a.i};
      continue;
    }
    x[p] = {K[0] * a.r + K[6] * b.r + K[3] * c.r, K[0] * a.i + K[6] * b.i - K[3] * c.i};
    y[p] = {K[1] * b.r + K[6] * a.r + K[4] * d.r, K[1] * b.i + K[6] * a.i - K[4] * d.i};
    if (p == q) continue;
    x[q] = {K[0] * c.r - K[6] * d.r + K[3] * a.r, K[0] * c.i - K[6] * d.i - K[3] * a.i};
    y[q] = {K[1] * d.r - K[6] * c.r + K[4] * b.r, K[1] * d.i - K[6] * c.i - K[4] * b.i};
  }
}

/// W rows, at offsets `rows` with steps of `stride` between x blocks, to one column of n points along x. `far`: they
/// are in memory rather than in the cache. `ahead` is asked for on the way.
template <bool far, class T>
void gather(Complex<T>* to, const Complex<T>* from, const i64* rows, i64 stride, i64 blocks, Ahead& ahead) {
  typedef typename Simd<T>::V V;
  constexpr int W = Simd<T>::W;
  for (i64 b = 0; b < blocks; b++, to += W) {
    V v[W];
#pragma GCC unroll 16
    for (int w = 0; far && w < W; w++) prefetch<false>(from + rows[w] + (b + ROW_AHEAD) * stride);
    if (!far) ahead.ask();
#pragma GCC unroll 16
    for (int w = 0; w < W; w++) v[w] = from[rows[w] + b * stride].r;
    transpose<T>(v);
#pragma GCC unroll 16
    for (int w = 0; w < W; w++) to[w].r = v[w];
#pragma GCC unroll 16
    for (int w = 0; w < W; w++) v[w] = from[rows[w] + b * stride].i;
    transpose<T>(v);
#pragma GCC unroll 16
    for (int w = 0; w < W; w++) to[w].i = v[w];
  }
}

/// The reverse of `gather`.
template <bool far, class T>
void scatter(const Complex<T>* from, Complex<T>* to, const i64* rows, i64 stride, i64 blocks) {
  typedef typename Simd<T>::V V;
  constexpr int W = Simd<T>::W;
  for (i64 b = 0; b < blocks; b++, from += W) {
    V v[W];
#pragma GCC unroll 16
    for (int w = 0; far && w < W; w++) prefetch<true>(to + rows[w] + (b + ROW_AHEAD) * stride);
#pragma GCC unroll 16
    for (int w = 0; w < W; w++) v[w] = from[w].r;
    transpose<T>(v);
#pragma GCC unroll 16
    for (int w = 0; w < W; w++) to[rows[w] + b * stride].r = v[w];
#pragma GCC unroll 16
    for (int w = 0; w < W; w++) v[w] = from[w].i;
    transpose<T>(v);
#pragma GCC unroll 16
    for (int w = 0; w < W; w++) to[rows[w] + b * stride].i = v[w];
  }
}

}  // namespace fd

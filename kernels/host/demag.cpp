// Demagnetising field on the host: B = -mu0 N * M by transforms of M along y, z and x, in place, on unpadded rows.
//
// 1. `forward_pair`: pairs of real columns along y, W cells of x at once, to waves S (see demag.h).
// 2. `planes`: for a few ky, transform along z and then, W rows at once, along x; multiply; and back, in place.
// 3. `backward_pair`: back along y to the field.
// Each is one pass over memory, cut into blocks of fixed content that threads share out. In a film (nz = 1) a block
// of step 2 is W rows ky; else it is all rows kz of a few ky, so that z and x share one visit to the cache.
// Before, what partly filled cells change in the field near them is found, and added in the end (see edges.h).
//
// The text in front of this one defines FD_REAL, double or float, FD_FILM, whether nz = 1, and FD_ODD, which factors the
// lengths of the transforms have: there is a library for each.
#include "demag_plan.h"

namespace fd {

/// Two real columns as the parts of a complex one, to read from and to write to.
template <class T> struct Cells {
  typedef typename Simd<T>::V V;
  T *a, *b;
  i64 step;
  bool past_cache;
  static constexpr int NEXT = 2 * Simd<T>::W;  // cells on is where the next pair of columns will be
  FD_INLINE void get(i64 row, V& r, V& i) const {
    prefetch<false>((V*)(a + row * step + NEXT)), prefetch<false>((V*)(b + row * step + NEXT));
    r = load(a + row * step), i = load(b + row * step);
  }
  FD_INLINE void put(i64 row, V r, V i) const {
    if (past_cache) return stream((V*)(a + row * step), r), stream((V*)(b + row * step), i);
    prefetch<true>((V*)(a + row * step + NEXT)), prefetch<true>((V*)(b + row * step + NEXT));
    store(a + row * step, r), store(b + row * step, i);
  }
};

template <class T> void Demag<T>::forward_pair(const T* m, C* S, i64 pair, C* buffer) {
  const i64 c = 2 * pair;
  const bool second = c + 1 < columns;
  T *a = const_cast<T*>(source(m, c)), *b = second ? const_cast<T*>(source(m, c + 1)) : a;
  const int la = lanes(c), lb = second ? lanes(c + 1) : 0;
  if (la == W && lb == W) {
    forward_first(buffer, fy, Cells<T>{a, b, nx, false});
  } else {
    for (i64 row = 0; row < ny; row++) buffer[row] = {load_part(a + row * nx, la), load_part(b + row * nx, lb)};
    forward_first(buffer, fy, Rows<T>{buffer, 1});
  }
  forward_inner(buffer, fy);
#define FD_CASE(r)                                                                               \
  case r:                                                                                        \
    split<r>(buffer, fy, pairs, pair_count, S + c * order.column, order, packed, second, large); \
    break;
  switch (fy.last_radix()) { FD_LAST_RADICES(FD_CASE) }
#undef FD_CASE
}

template <class T> void Demag<T>::backward_pair(T* to, const C* S, i64 pair, C* buffer) {
  const i64 c = 2 * pair;
  const bool second = c + 1 < columns;
#define FD_CASE(r)                                                                       \
  case r:                                                                                \
    join<r>(buffer, fy, pairs, pair_count, S + c * order.column, order, packed, second); \
    break;
  switch (fy.last_radix()) { FD_LAST_RADICES(FD_CASE) }
#undef FD_CASE
  inverse_inner(buffer, fy);
  T *a = const_cast<T*>(source(to, c)), *b = second ? const_cast<T*>(source(to, c + 1)) : a;
  const int la = lanes(c), lb = second ? lanes(c + 1) : 0;
  if (la == W && lb == W) {
    const bool aligned = ((size_t)a | (size_t)b | nx * sizeof(T)) % sizeof(V) == 0;
    return inverse_last(buffer, fy, Cells<T>{a, b, nx, large && aligned});
  }
  inverse_last(buffer, fy, Rows<T>{buffer, 1});
  for (i64 row = 0; row < ny; row++)
    store_part(a + row * nx, buffer[row].r, la), store_part(b + row * nx, buffer[row].i, lb);
}

/// Stages from s on of the positions from `begin` to `end`, multiplied, and back: as many at a time as a cache holds.
template <class T>
template <int fields>
void Demag<T>::within(C* const* columns, i64 begin, i64 end, int s, i64 L, const T* part, T flip) {
  if (s == fx.stages - 1) {
#define FD_CASE(r) \
  case r:          \
    return multiply<r, fields>(columns, begin, end, (const Place<T>*)places, part, part_size, flip);
    switch (fx.last_radix()) { FD_LAST_RADICES(FD_CASE) }
#undef FD_CASE
  }
  i64 most = NEAR / (fields * i64(sizeof(C))) / L * L;
  if (most < L) most = L;
  if (most < end - begin) {
    for (i64 next; begin < end; begin = next) {
      next = end - begin < most ? end : begin + most;
      within<fields>(columns, begin, next, s, L, part, flip);
    }
    return;
  }
  for (int a = 0; a < fields; a++) forward_middle(columns[a] + begin, fx, s, L, end - begin);
  within<fields>(columns, begin, end, s + 1, L / fx.radix[s], part, flip);
  for (int a = 0; a < fields; a++) inverse_middle(columns[a] + begin, fx, s, L, end - begin);
}

/// W rows of some components (see `multiply`), forward along x, multiplied, backward. `x` holds as many columns. Those
/// of a film come from memory, the others from the transforms along z, which ask for what they need next, `ahead`.
template <class T>
template <int fields>
void Demag<T>::rows(C* first, i64 step, i64 component, const T* part, const Group& g, bool special, C* x,
                    Ahead& ahead) {
  C* to[3];
  for (int a = 0; a < fields; a++) {
    C* column = to[a] = x + a * column_size;
    gather<fields != 3>(column, first + a * component, g.rows, step, blocks_x, ahead);
    forward_first(column, fx, Rows<T>{column, 1});
    if (special) forward_inner(column, fx), forward_last(column, fx);
  }
  if (special) {
    multiply_packed(to, fx, packed_kernel, fields == 1);
  } else {
    within<fields>(to, 0, fx.P, 1, fx.P / fx.radix[0], part, g.flip ? T(-1) : T(1));
  }
  for (int a = 0; a < fields; a++) {
    C* column = to[a];
    if (special) inverse_first(column, fx), inverse_inner(column, fx);
    inverse_last(column, fx, Rows<T>{column, 1});
    for (i64 i = nx; i < blocks_x * W; i++) column[i] = {V{}, V{}};
    scatter<fields != 3>(column, first + a * component, g.rows, step, blocks_x);
  }
}

template <class T> void Demag<T>::planes(C* S, i64 block, C* buffer) {
  if constexpr (film) {  // first x and y of all waves, then z
    const i64 waves = block % blocks_y;
    C* const base = S + order(waves * together);
    const T* const k = kernel + waves * part_size;
    const bool special = packed && waves == 0;
    Ahead nothing(base, base, 1);
    if (block < blocks_y) return rows<2>(base, W, blocks_x * W, k, group[0], special, buffer, nothing);
    return rows<1>(base + 2 * blocks_x * W, W, blocks_x * W, k + ranks * 3 * W, group[0], special, buffer, nothing);
  } else {
    C *base = S + order(block * together), *x = buffer, *waves_z = buffer + 3 * column_size;
    const T* k = kernel + block * kernel_parts * part_size;
    auto columns_z = [=](auto each) {
      for (int a = 0; a < 3; a++)
        for (i64 g = 0; g < together; g++)
          for (i64 b = 0; b < blocks_x; b++)
            each(base + order(g) + a * nz * blocks_x + b, waves_z + a * plane + (g * blocks_x + b) * stride_z);
    };
    const i64 step = blocks_x;
    const C* const next = base + together * order.block;
    Ahead ahead(next, block + 1 < blocks_y ? next + together * order.block : next, groups * 3 * blocks_x);
    columns_z([=](C* from, C* to) { forward_all(to, fz, RowsAhead<T>{{from, step}}); });
    for (i64 i = 0; i < groups; i++)
      rows<3>(waves_z, stride_z, plane, k + group[i].kernel * part_size, group[i], false, x, ahead);
    columns_z([=](C* to, C* from) { inverse_all(from, fz, Rows<T>{to, step}); });
  }
}

template <class T> void Demag<T>::apply(const T* from, T* to, i64 batch, const i64* replicas, int wanted) {
  pool->enter(&turn);
  numbers = replicas;
  if (wanted > threads) wanted = threads;
  size = 3 * nx * ny * nz;
  if (batch >= 2 * states && states > 1 && wanted > 1) {
    M = from, B = to;
    const Work replica = [](void* demag, i64 replica, int thread) {
      Demag& d = *(Demag*)demag;
      C *S = d.waves[thread], *buffer = d.scratch[thread];
      const T* M = d.M + replica * d.size;
      T* B = d.B + replica * d.size;
      const Edges<T>* edges = d.edges_of(replica);
      for (i64 b = 0; edges && b < edges->blocks(); b++) edges->find(M, d.size / 3, b, d.near[thread]);
      for (i64 b = 0; b < d.pair_blocks(); b++) d.forward_pair(M, S, b, buffer);
      for (i64 b = 0; b < d.plane_blocks(); b++) d.planes(S, b, buffer);
      for (i64 b = 0; b < d.pair_blocks(); b++) d.backward_pair(B, S, b, buffer);
      if (edges) edges->add(d.near[thread], B, d.size / 3);
    };
    pool->share(replica, this, batch, wanted);
  } else {
    const Work edge = [](void* demag, i64 block, int) {
      Demag& d = *(Demag*)demag;
      d.edges_of(d.row)->find(d.M, d.size / 3, block, d.near[0]);
    };
    const Work forward = [](void* demag, i64 block, int thread) {
      Demag& d = *(Demag*)demag;
      d.forward_pair(d.M, d.waves[0], block, d.scratch[thread]), streamed();
    };
    const Work middle = [](void* demag, i64 block, int thread) {
      Demag& d = *(Demag*)demag;
      d.planes(d.waves[0], block, d.scratch[thread]);
    };
    const Work backward = [](void* demag, i64 block, int thread) {
      Demag& d = *(Demag*)demag;
      d.backward_pair(d.B, d.waves[0], block, d.scratch[thread]), streamed();
    };
    for (row = 0; row < batch; row++) {
      const Edges<T>* edges = edges_of(row);
      M = from + row * size, B = to + row * size;
      if (edges) pool->share(edge, this, edges->blocks(), wanted);
      pool->share(forward, this, pair_blocks(), wanted);
      pool->share(middle, this, plane_blocks(), wanted);
      pool->share(backward, this, pair_blocks(), wanted);
      if (edges) edges->add(near[0], B, size / 3);
    }
  }
  pool->leave(&turn);
}

}  // namespace fd

#define FD_EXPORT extern "C" __attribute__((visibility("default")))

typedef FD_REAL real;

FD_EXPORT void* fd_demag_create(const long long* cells, const long long* lengths, int threads, const Threads* pool) {
  return fd::Demag<real>::create(cells, lengths, threads, pool);
}
FD_EXPORT void fd_demag_kernel(void* demag, const double* octant, double scale) {
  ((fd::Demag<real>*)demag)->set_kernel(octant, scale);
}
FD_EXPORT void* fd_demag_edges(long long n, const long long* rows, long long shifts, const long long* by,
                               const double* tensor) {
  return fd::Edges<real>::create(n, rows, shifts, by, tensor);
}
FD_EXPORT void fd_demag_forget(void* edges) { ((fd::Edges<real>*)edges)->destroy(); }
FD_EXPORT int fd_demag_use(void* demag, void* const* edges, long long count) {
  return ((fd::Demag<real>*)demag)->use((const fd::Edges<real>* const*)edges, count);
}
// Rows of M and B are those of the replicas with these numbers, or of all if it is null.
FD_EXPORT void fd_demag_apply(void* demag, const real* M, real* B, long long batch, const long long* replicas,
                              int threads) {
  ((fd::Demag<real>*)demag)->apply(M, B, batch, replicas, threads);
}
FD_EXPORT void fd_demag_destroy(void* demag) { ((fd::Demag<real>*)demag)->destroy(); }

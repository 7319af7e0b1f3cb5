// What a demag convolution knows and owns, and how it is set up.
#pragma once
#include "demag.h"
#include "edges.h"
#include "share.h"

namespace fd {

constexpr int MOST_LANES = FD_VECTOR_BYTES / sizeof(float);
constexpr int MOST_THREADS = 256;  // each has memory of its own
constexpr i64 NEAR = 16 << 10;     // bytes of columns along x that a first cache holds beside their kernel

/// Rows along x that are transformed together.
struct Group {
  i64 rows[MOST_LANES];  // offset of each in its component
  i64 kernel;                 // which part of the block's kernel
  bool flip;                  // -kz of the group before: same kernel, parts odd in z with the other sign
  int lane_g[MOST_LANES];
  i64 lane_kz[MOST_LANES];  // -1: an idle lane
};

template <class T> struct Demag {
  typedef typename Simd<T>::V V;
  typedef Complex<T> C;
  static constexpr int W = Simd<T>::W;

  i64 nx, ny, nz, blocks_x, columns, waves_y, together, blocks_y, plane, stride_z, column_size;
  i64 groups, kernel_parts, part_size, ranks, scratch_size;
  Order order;
  int components, threads, states;
  static constexpr bool film = FD_FILM;
  bool packed, large;
  Transform<T> fx, fy, fz;
  Mirror* pairs;
  i64 pair_count;
  Place<T>* places;
  Group* group;
  T *kernel, *packed_kernel;
  C** waves;    // S, one per replica in flight
  C** scratch;  // one per thread
  const Edges<T>* const* edges;  // of each replica, or one for all; null: none
  i64 edge_count;
  V** near;  // what they find, one per replica in flight
  const Threads* pool;
  Turn turn;   // to use all this
  const T* M;  // of the call in progress
  T* B;
  const i64* numbers;  // of its replicas; null: from 0 on
  i64 size, row;       // of one replica; which one all threads are at

  static Demag* create(const i64* cells, const i64* lengths, int threads, const Threads* pool);
  bool prepare(const i64* cells, const i64* lengths);
  void make_groups();
  i64 place_of(i64 k, int c) const;
  void set_kernel(const double* octant, double scale);
  bool use(const Edges<T>* const* all, i64 count);
  void apply(const T* from, T* to, i64 batch, const i64* replicas, int wanted);
  void destroy();

  const T* source(const T* m, i64 column) const {
    return m + column / blocks_x * ny * nx + column % blocks_x * W;
  }
  int lanes(i64 column) const {
    const i64 left = nx - column % blocks_x * W;
    return int(left < W ? left : W);
  }
  i64 pair_blocks() const { return (columns + 1) / 2; }
  i64 plane_blocks() const { return film ? 2 * blocks_y : blocks_y; }
  /// Those of a row of the call in progress, or null.
  const Edges<T>* edges_of(i64 at) const {
    if (!edges) return nullptr;
    return edges[edge_count == 1 ? 0 : numbers ? numbers[at] : at];
  }
  void forward_pair(const T* m, C* S, i64 pair, C* buffer);
  void backward_pair(T* to, const C* S, i64 pair, C* buffer);
  void planes(C* S, i64 block, C* buffer);
  template <int fields> void within(C* const* columns, i64 begin, i64 end, int s, i64 L, const T* part, T flip);
  template <int fields> void rows(C* first, i64 step, i64 component, const T* part, const Group& g, bool special, C* x,
                                 Ahead& ahead);
};

/// Rows kz and -kz of all ky of a block, W pairs to two groups with one kernel; what is left over has its own.
template <class T> void Demag<T>::make_groups() {
  const i64 pairs_z = (fz.P - 1) / 2, whole = film ? 0 : together * pairs_z / W;
  const i64 left = together * fz.P - 2 * whole * W;
  groups = 2 * whole + (left + W - 1) / W;
  kernel_parts = whole + (left + W - 1) / W;
  group = (Group*)allocate(groups * sizeof(Group));
  if (!group) return;
  const i64 idle = together * blocks_x * stride_z;
  for (i64 i = 0; i < groups; i++) {
    group[i].flip = i < 2 * whole && i % 2;
    group[i].kernel = i < 2 * whole ? i / 2 : i - whole;
    for (int w = 0; w < W; w++) group[i].rows[w] = idle, group[i].lane_kz[w] = -1;
  }
  auto put = [this](i64 i, i64 w, i64 g, i64 kz) {
    group[i].lane_g[w] = int(g), group[i].lane_kz[w] = kz;
    group[i].rows[w] = film ? g : g * blocks_x * stride_z + fz.position[kz];
  };
  i64 rest = 0;
  auto put_rest = [&](i64 g, i64 kz) { put(2 * whole + rest / W, rest % W, g, kz), rest++; };
  for (i64 g = 0; g < together; g++) {
    for (i64 kz = 1; kz <= pairs_z; kz++) {
      const i64 count = g * pairs_z + kz - 1;
      if (count < whole * W) {
        put(count / W * 2, count % W, g, kz);
        put(count / W * 2 + 1, count % W, g, fz.P - kz);
      } else {
        put_rest(g, kz), put_rest(g, fz.P - kz);
      }
    }
    put_rest(g, 0);
    if (fz.P % 2 == 0) put_rest(g, fz.P / 2);
  }
}

template <class T> bool Demag<T>::prepare(const i64* cells, const i64* lengths) {
  nx = cells[0], ny = cells[1], nz = cells[2];
  const bool good_x = fx.create(lengths[0], nx), good_y = fy.create(lengths[1], ny);
  const bool good_z = fz.create(lengths[2], nz, true);
  if (!good_x || !good_y || !good_z) return false;
  if (film != (nz == 1)) return false;
  packed = film && fy.P % 2 == 0;
  components = film ? 4 : 6;
  blocks_x = (nx + W - 1) / W;
  columns = 3 * nz * blocks_x;
  waves_y = packed ? fy.P / 2 : fy.P / 2 + 1;
  together = W;
  for (i64 g = 1, least = 0; !film && g <= W; g++) {  // fewest rows along x, and little memory
    const i64 cost = (waves_y + g - 1) / g * ((g * fz.P + W - 1) / W);
    if (g > 1 && (3 * g * blocks_x * fz.P * i64(sizeof(C)) > 400000 || cost * 32 > least * 31)) continue;
    least = cost, together = g;
  }
  blocks_y = (waves_y + together - 1) / together;
  order = {0, columns + 1, 0, 1};  // not powers of two, which would fall on few cache lines
  if (film) order = {__builtin_ctz(W), columns * W + 1, 1, W};
  stride_z = fz.P + 1;
  plane = film ? 0 : (together + 1) * blocks_x * stride_z + 1;
  ranks = fx.P / 2 + 1;
  part_size = ranks * components * W;
  make_groups();
  column_size = (fx.P > blocks_x * W ? fx.P : blocks_x * W) + 5;
  const i64 longest = 3 * column_size > fy.P ? 3 * column_size : fy.P;
  scratch_size = (longest + 3 * plane) * sizeof(C);
  const i64 step = fy.P / fy.last_radix();
  pairs = (Mirror*)allocate(step * sizeof(Mirror));
  places = (Place<T>*)allocate(fx.P * sizeof(Place<T>));
  kernel = (T*)allocate(blocks_y * kernel_parts * part_size * sizeof(T));
  packed_kernel = (T*)allocate(ranks * 7 * W * sizeof(T));
  waves = (C**)allocate(threads * sizeof(C*)), scratch = (C**)allocate(threads * sizeof(C*));
  if (!group || !pairs || !places || !kernel || !packed_kernel || !waves || !scratch) return false;
  pair_count = mirrors(fy, pairs);
  i64 next = 0;
  for (i64 p = 0; p < fx.P; p++) places[p].rank = -1;
  for (i64 p = 0; p < fx.P; p++) {
    const i64 k = fx.wave[p], other = fx.position[k ? fx.P - k : 0];
    if (places[p].rank < 0) places[p].rank = places[other].rank = next++;
    places[p].sign = 2 * k > fx.P ? T(-1) : T(1);
  }
  const size_t state = (order(blocks_y * together - 1) + columns * order.column) * sizeof(C);
  large = state > (size_t(8) << 20);  // more than there is place for in a cache beside all else
  states = state > (size_t(4) << 20) ? 1 : threads;  // small meshes: a replica per thread
  for (int t = 0; t < threads; t++) {
    if (t < states && !(waves[t] = (C*)allocate(state))) return false;
    if (!(scratch[t] = (C*)allocate(scratch_size))) return false;
  }
  return true;
}

/// Where in its part of the kernel a component (xx, yy, zz, xy, xz, yz) of wave number k is; see `multiply`.
template <class T> i64 Demag<T>::place_of(i64 k, int c) const {
  const i64 rank = places[fx.position[k]].rank;
  if (!film) return (rank * 6 + c) * W;
  return c == 2 ? (ranks * 3 + rank) * W : (rank * 3 + (c == 3 ? 2 : c)) * W;
}

/// Spectrum (components, Pz / 2 + 1, Py / 2 + 1, Px / 2 + 1), times scale, to the order of use.
template <class T> void Demag<T>::set_kernel(const double* octant, double scale) {
  const i64 sx = fx.P / 2 + 1, sy = fy.P / 2 + 1, sz = fz.P / 2 + 1;
  scale *= 0.5;  // of `split`
  auto value = [=](int component, i64 kz, i64 ky, i64 kx) {
    return octant[((component * sz + kz) * sy + ky) * sx + kx] * scale;
  };
  for (i64 b = 0; b < blocks_y; b++)
    for (i64 i = 0; i < groups; i++) {
      if (group[i].flip) continue;
      T* part = kernel + (b * kernel_parts + group[i].kernel) * part_size;
      for (i64 k = 0; k < ranks; k++)
        for (int c = 0; c < components; c++) {
          T* to = part + place_of(k, c);
          for (int w = 0; w < W; w++) {
            const i64 kz = group[i].lane_kz[w], ky = b * together + group[i].lane_g[w];
            if (kz < 0 || ky >= waves_y) continue;
            const bool beyond = 2 * kz > fz.P;
            to[w] = T(value(c, beyond ? fz.P - kz : kz, ky, k) * (beyond && c > 3 ? -1 : 1));
          }
        }
    }
  if (!packed) return;
  for (i64 k = 0; k < ranks; k++) {
    T* to = packed_kernel + k * 7 * W;
    for (int c = 0; c < 4; c++) memcpy(to + (c < 3 ? c : 6) * W, kernel + place_of(k, c), W * sizeof(T));
    for (int c = 0; c < 3; c++) {
      const double first = value(c, 0, 0, k), last = value(c, 0, fy.P / 2, k);
      to[c * W] = T(0.5 * (first + last)), to[(3 + c) * W] = T(0.5 * (first - last));
    }
    to[6 * W] = T(0);
  }
}

/// Add edges from now on: of each replica, or one for all, each null if there are none. The caller keeps them.
template <class T> bool Demag<T>::use(const Edges<T>* const* all, i64 count) {
  i64 most = 0;
  for (i64 r = 0; r < count; r++)
    if (all[r] && all[r]->vectors > most) most = all[r]->vectors;
  near = (V**)allocate(threads * sizeof(V*));
  for (int t = 0; near && t < states; t++)
    if (!(near[t] = (V*)allocate((3 * most + 1) * sizeof(V)))) return false;
  edges = all, edge_count = count;
  return near != nullptr;
}

template <class T> Demag<T>* Demag<T>::create(const i64* cells, const i64* lengths, int threads, const Threads* pool) {
  Demag* d = (Demag*)allocate(sizeof(Demag));
  if (!d) return nullptr;
  d->pool = pool;
  d->threads = threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads;
  if (d->prepare(cells, lengths)) return d;
  d->destroy();
  return nullptr;
}

template <class T> void Demag<T>::destroy() {
  fx.destroy(), fy.destroy(), fz.destroy();
  for (int t = 0; t < threads; t++) {
    if (waves) release(waves[t]);
    if (scratch) release(scratch[t]);
    if (near) release(near[t]);
  }
  release(waves), release(scratch), release(near), release(group), release(pairs), release(places);
  release(kernel), release(packed_kernel);
  release(this);
}

}  // namespace fd

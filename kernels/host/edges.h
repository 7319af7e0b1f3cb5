// What the field of partly filled cells lacks, where in them the magnet is: see `fdmag/demag/edges.py`.
#pragma once
#include "../fft/memory.h"
#include "../fft/vector.h"

namespace fd {

/// B += N M with a tensor between cells that are near each other, for W neighbouring cells at once.
template <class T> struct Edges {
  typedef typename Simd<T>::V V;
  static constexpr int W = Simd<T>::W, PARTS = 6;  // xx, yy, zz, xy, xz, yz
  static constexpr i64 TOGETHER = 64;             // vectors that one thread does
  i64 vectors;  // 0: there is nothing to do
  i64* first;   // first cell of each
  i64* end;     // of its links
  i64* shift;   // of each link: from a cell to the one whose field it is, in numbers of cells
  T* tensor;    // (links, PARTS, W)

  /// tensor (6, shifts, n): from cells rows + shifts to the cells `rows`, which ascend. Null if memory is short.
  static Edges* create(i64 n, const i64* rows, i64 shifts, const i64* by, const double* given) {
    Edges* e = (Edges*)allocate(sizeof(Edges));
    if (!e) return nullptr;
    const i64 links = e->lay_out(n, rows, shifts, by, given);
    e->first = (i64*)allocate(e->vectors * sizeof(i64)), e->end = (i64*)allocate(e->vectors * sizeof(i64));
    e->shift = (i64*)allocate(links * sizeof(i64)), e->tensor = (T*)allocate(links * PARTS * W * sizeof(T));
    if (e->first && e->end && e->shift && e->tensor) return e->lay_out(n, rows, shifts, by, given), e;
    e->destroy();
    return nullptr;
  }
  void destroy() { release(first), release(end), release(shift), release(tensor), release(this); }

  i64 blocks() const { return (vectors + TOGETHER - 1) / TOGETHER; }
  /// N M of a block of vectors, to found (vectors, 3); M is (3, cells). The field may take the place of M afterwards.
  void find(const T* M, i64 cells, i64 block, V* found) const {
    const i64 last = (block + 1) * TOGETHER < vectors ? (block + 1) * TOGETHER : vectors;
    for (i64 v = block * TOGETHER; v < last; v++) {
      V x{}, y{}, z{};
      for (i64 link = v ? end[v - 1] : 0; link < end[v]; link++) {
        const V* N = (const V*)(tensor + link * PARTS * W);
        const i64 from = first[v] + shift[link];
        const V a = cells_at(M, cells, from), b = cells_at(M + cells, cells, from);
        const V c = cells_at(M + 2 * cells, cells, from);
        x += N[0] * a + N[3] * b + N[4] * c;
        y += N[3] * a + N[1] * b + N[5] * c;
        z += N[4] * a + N[5] * b + N[2] * c;
      }
      found[3 * v] = x, found[3 * v + 1] = y, found[3 * v + 2] = z;
    }
  }
  void add(const V* found, T* B, i64 cells) const {
    for (i64 v = 0; v < vectors; v++)
      for (int c = 0; c < 3; c++) {
        T* const to = B + c * cells + first[v];
        const i64 left = cells - first[v];
        if (left < W)
          store_part(to, load_part(to, int(left)) + found[3 * v + c], int(left));
        else
          store(to, load(to) + found[3 * v + c]);
      }
  }

 private:
  /// Count vectors and links, and write them down where there is memory. Number of links.
  i64 lay_out(i64 n, const i64* rows, i64 shifts, const i64* by, const double* given) {
    i64 links = 0;
    vectors = 0;
    for (i64 at = 0, next; at < n; at = next, vectors++) {
      const i64 start = rows[at] / W * W;
      for (next = at; next < n && rows[next] < start + W; next++) {}
      for (i64 s = 0; s < shifts; s++) {
        auto value = [=](int part, i64 row) { return given[(part * shifts + s) * n + row]; };
        bool any = false;
        for (i64 row = at; row < next; row++)
          for (int part = 0; part < PARTS; part++) any |= value(part, row) != 0;
        if (!any) continue;
        for (i64 row = at; tensor && row < next; row++)
          for (int part = 0; part < PARTS; part++)
            tensor[(links * PARTS + part) * W + rows[row] - start] = T(value(part, row));
        if (tensor) shift[links] = by[s];
        links++;
      }
      if (tensor) first[vectors] = start, end[vectors] = links;
    }
    return links;
  }
  /// W cells from one on; zero where there are none.
  static FD_INLINE V cells_at(const T* m, i64 cells, i64 from) {
    if (from >= 0 && from + W <= cells) return load(m + from);
    T part[W] = {};
    const i64 start = from < 0 ? -from : 0, stop = from + W > cells ? cells - from : W;
    if (start < stop) memcpy(part + start, m + from + start, (stop - start) * sizeof(T));
    return load(part);
  }
};

}  // namespace fd

// Aligned, zeroed memory, in huge pages where it is large and the system has them.
#pragma once
#include <math.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace fd {

/// Zeroed memory, or null.
inline void* allocate(size_t bytes) {
  constexpr size_t HUGE_PAGE = size_t(1) << 21;
  const bool large = bytes >= 2 * HUGE_PAGE;
  void* p = nullptr;
  if (posix_memalign(&p, large ? HUGE_PAGE : 64, bytes)) return nullptr;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (large) madvise(p, bytes, MADV_HUGEPAGE);
#endif
  memset(p, 0, bytes);
  return p;
}
inline void release(void* p) { free(p); }

}  // namespace fd

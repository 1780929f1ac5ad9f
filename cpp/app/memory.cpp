#include "app/memory.h"

#include <climits>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace torchferry {

void keep_memory() {
#ifdef __GLIBC__
  constexpr int kAtOnce = 64 << 20;
  // Not by a high M_MMAP_THRESHOLD: glibc takes no more than 32 MiB, and a batch's values are larger.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, kAtOnce);
#endif
}

}  // namespace torchferry

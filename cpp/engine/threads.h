#pragma once

namespace torchferry {

/// How many threads the calling thread's calls of a model use; before it is set, as many as torch would: the
/// physical cores, or OMP_NUM_THREADS.
[[nodiscard]] int threads();
void set_threads(int count);

}  // namespace torchferry

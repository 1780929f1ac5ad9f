#include "engine/threads.h"

#include <ATen/Parallel.h>

namespace torchferry {

int threads() { return at::get_num_threads(); }

void set_threads(int count) { at::set_num_threads(count); }

}  // namespace torchferry

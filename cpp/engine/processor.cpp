#include "engine/processor.h"

namespace torchferry {

bool has_bfloat16_instructions() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;  // whoever has AMX has that as well
#else
  return false;
#endif
}

}  // namespace torchferry

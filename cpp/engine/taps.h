#pragma once

#include <torch/csrc/jit/api/module.h>

#include <mutex>

#include "engine/answer.h"

namespace torchferry {

/// Rewrites `forward` so that whoever records hears what each submodule's `forward` returns. To be called
/// before the module runs or is frozen, for both make copies of its graph. A submodule that has two names
/// goes by the one that it is called by. What a fork calls, and a submodule that a value chooses (one of
/// several behind an interface), tell nothing; what a trace kept nothing of, such as an identity, tells None.
void tap(const torch::jit::Module& module);

/// As long as it lives, what tapped modules tell is added to some taps, which it empties first. One at a time
/// in a process: a call that waits for a fork may go on in another thread, and is to be heard there as well.
class Recording {
 public:
  /// @param into null: nothing is recorded, and nobody waits for another.
  explicit Recording(Taps* into);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 private:
  std::unique_lock<std::mutex> alone_;
};

}  // namespace torchferry

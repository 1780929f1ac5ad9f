#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/precision.h"

namespace torchferry {

/// An operator by which a model decides what is computed next, or what comes out, such as a detector's
/// sorting by score; empty where there is none. Other rounding then leads to other decisions, not to nearby
/// numbers.
[[nodiscard]] std::string decision_in(const torch::jit::Module& module);

/// `forward` made fast: frozen (weights become constants, batch norms are folded into convolutions), weights
/// and pictures channels-last unless the model asks how they lie in memory, and fused by oneDNN Graph, which
/// compiles a graph for the one form of inputs that it has seen. So each form of inputs (extents and dtypes)
/// has an executor of its own.
class Optimised {
 public:
  /// @throws std::exception where torch cannot freeze the module.
  Optimised(torch::jit::Module module, Precision precision);
  ~Optimised();

  /// Calls `forward`; may be called by several threads at once.
  /// @throws std::exception where the model fails.
  [[nodiscard]] c10::IValue run(const std::vector<c10::IValue>& inputs);

  /// The frozen module, with its other methods.
  [[nodiscard]] torch::jit::Module& module() { return module_; }

  /// Whether one call leaves something for the next, so that they must not overlap.
  [[nodiscard]] bool has_state() const { return has_state_; }

 private:
  struct Executor;
  Executor& executor_for(const std::vector<c10::IValue>& inputs);

  Precision precision_;
  bool channels_last_;
  torch::jit::Module module_;
  bool has_state_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Executor>> executors_;
  std::unique_ptr<Executor> others_;  ///< for forms beyond the first ones: any, and fused for one at most
};

}  // namespace torchferry

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

/// A module made fast: frozen (weights become constants, batch norms are folded into convolutions), weights
/// and pictures channels-last unless the model asks how they lie in memory, and, where that is asked for,
/// fused by oneDNN Graph, which compiles a graph for the one set of extents and dtypes that it has seen. So
/// there is an executor for each set.
class Optimised {
 public:
  /// @param method is the one that `run` calls.
  /// @throws std::exception where torch cannot freeze the module.
  Optimised(torch::jit::Module module, Precision precision, bool fused, const std::string& method);
  ~Optimised();

  /// Calls the method; may be called by several threads at once.
  /// @throws std::exception where the model fails.
  [[nodiscard]] c10::IValue run(const std::vector<c10::IValue>& inputs);

  /// The frozen module, with its other methods.
  [[nodiscard]] torch::jit::Module& module() { return module_; }

  /// Whether one call leaves something for the next, so that they must not overlap.
  [[nodiscard]] bool has_state() const { return has_state_; }

 private:
  struct Executor;
  Executor& executor_for(const std::vector<c10::IValue>& inputs);

  std::string method_;
  Precision precision_;
  bool channels_last_;
  torch::jit::Module module_;
  std::shared_ptr<torch::jit::Graph> graph_;  ///< of the method, as each executor gets a copy of it
  bool has_state_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Executor>> executors_;
  std::unique_ptr<Executor>
      others_;  ///< for sets of extents beyond the first ones: any, fused for one at most
};

/// Converts floating weights, and not integers, to bfloat16. Batch norms are folded into convolutions first
/// where `fold` says so: while the weights are float32, which freezing does too late.
[[nodiscard]] torch::jit::Module to_bfloat16(torch::jit::Module module, bool fold);

/// An input as a model of that precision takes it.
[[nodiscard]] c10::IValue in_precision(const c10::IValue& input, Precision precision);

}  // namespace torchferry

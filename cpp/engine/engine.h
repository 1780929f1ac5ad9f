#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

#include "engine/metadata.h"
#include "engine/ranking.h"

namespace torchferry {

/// What came out of one sample.
struct Result {
  std::size_t sample;
  std::vector<Ranking> rankings;  ///< one per batch element; empty: not class scores
};

/// A TorchScript archive, loaded and ready to run. This header is free of torch.
class Engine {
 public:
  /// @throws Error (bad_file) when the archive is missing or damaged.
  explicit Engine(const std::filesystem::path& archive);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] const Metadata& metadata() const noexcept;

  /// Runs ones of the archive's input shape, or of an image's (1, 3, 224, 224) where it does not say.
  /// @throws Error (model) when the model fails on them.
  [[nodiscard]] Result run_dummy();

  /// Runs samples of an inputs file and, unless `outputs` is empty, writes what came out there.
  /// @param order which samples to run, in this order; empty: all of them, in the file's order.
  /// @throws Error; nothing is written then.
  [[nodiscard]] std::vector<Result> run_samples(const std::filesystem::path& inputs,
                                                const std::vector<std::size_t>& order,
                                                const std::filesystem::path& outputs);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace torchferry

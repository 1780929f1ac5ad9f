#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <torch/csrc/jit/api/module.h>

#include <atomic>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "engine/answer.h"
#include "engine/archive.h"
#include "engine/engine.h"
#include "engine/metadata.h"
#include "engine/optimised.h"
#include "engine/samples.h"

namespace torchferry {

/// The same values in memory of their own: a model may change its input in place.
[[nodiscard]] Sample copy_of(const Sample& sample);

/// An archive in the form that was asked for; else in the one that it names, in which it was verified; else
/// plain. May be used by several threads at once.
class Runner {
 public:
  /// @throws Error (bad_file) when the archive is missing or damaged, (model) when it has no such precision.
  Runner(std::filesystem::path archive, EngineOptions options);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] const Metadata& metadata() const noexcept { return metadata_; }
  [[nodiscard]] const Facts& facts() const noexcept { return facts_; }
  [[nodiscard]] const std::string& method() const noexcept { return options_.method; }

  /// Calls the method of the options on a copy of the sample; the output is in memory of its own. Where the
  /// optimised form fails and the model as it is does not, the model goes on as it is, and a remark says so.
  /// A model that keeps something from call to call is called by one thread at a time. Where the options ask
  /// for taps, those of the call that did not fail are put into `taps`.
  /// @throws std::exception where the model fails.
  [[nodiscard]] c10::IValue run(const Sample& sample, Taps* taps = nullptr);

  /// Calls the method and no more: nothing is copied, and a failure is the form's own.
  /// @throws std::exception where it fails.
  [[nodiscard]] c10::IValue call(const Sample& sample);

  /// Calls `preprocess` on pixels, uint8 [3, height, width]; what it returns is in memory of its own.
  /// @throws std::exception where it fails.
  [[nodiscard]] at::Tensor preprocess(const at::Tensor& pixels);

 private:
  [[nodiscard]] std::unique_lock<std::mutex> alone();
  [[nodiscard]] Archive load() const;
  void choose_form();
  void optimise(torch::jit::Module module);
  void keep_plain(torch::jit::Module module);
  [[nodiscard]] c10::IValue call_plain(const Sample& sample, bool optimised);
  [[nodiscard]] c10::IValue run_after(const std::exception& fault, const Sample& sample, Taps* taps);

  std::filesystem::path path_;
  EngineOptions options_;
  Metadata metadata_;
  Facts facts_;
  Form form_ = Form::plain;
  std::unique_ptr<Optimised> optimised_;
  std::optional<torch::jit::Module> plain_;
  std::atomic<bool> gave_up_ = false;  ///< on the optimised form
  std::mutex one_at_a_time_;
};

}  // namespace torchferry

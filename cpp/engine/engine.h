#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/form.h"
#include "engine/metadata.h"
#include "engine/precision.h"
#include "engine/ranking.h"
#include "image/image.h"

namespace torchferry {

struct Answer;    // what came out, with all its tensors; see engine/answer.h
struct Prepared;  // a picture as the model takes it
struct Samples;   // the samples of a file

/// How an archive is to be run.
struct EngineOptions {
  Precision precision = Precision::float32;
  std::optional<Form> form;       ///< none: the one that the archive names, else plain
  std::string method = kForward;  ///< which of its methods the samples are for
  bool taps = false;  ///< whether the answer to a sample holds what each submodule returned, which is slower
  /// Hears, mostly never, what is worth knowing and no failure. From any thread.
  std::function<void(const std::string&)> remark = [](const std::string&) {};
};

/// What of a call's outcome is wanted.
struct Wanted {
  std::size_t top_k = 5;
  bool answer = false;  ///< all tensors as well
};

/// What came out of one sample or picture.
struct Result {
  std::string output;                    ///< what it is, such as "float32[1, 1000]"
  std::vector<Ranking> rankings;         ///< one per batch element; empty: not class scores
  std::shared_ptr<const Answer> answer;  ///< where it is wanted
};

/// What is known of an archive without running it.
struct Facts {
  std::string signature;             ///< "forward(Tensor x) -> Tensor"
  bool takes_pictures = false;       ///< whether it has a `preprocess`
  std::vector<std::string> methods;  ///< what else can be called, such as "embed(Tensor x) -> Tensor"
  std::size_t parameters = 0;        ///< how many numbers its parameters and buffers hold
};

/// A TorchScript archive, loaded and ready to run, by several threads at once. This header is free of torch.
class Engine {
 public:
  /// @throws Error (bad_file) when the archive is missing or damaged.
  explicit Engine(const std::filesystem::path& archive, EngineOptions options = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] const Metadata& metadata() const noexcept;
  [[nodiscard]] const Facts& facts() const noexcept;

  /// The names of the files that the archive holds beside the model and torchferry's own; reads them anew.
  [[nodiscard]] std::vector<std::string> extra_files() const;

  /// Preprocesses a picture; its pixels are kept where `keep` says so, for the answer.
  /// @throws Error (bad_file) when the archive has no `preprocess`, (model) when that fails.
  [[nodiscard]] std::shared_ptr<const Prepared> prepare(const Image& image, bool keep);

  /// Runs pictures in one call, or in one each where they differ in form; a result for each.
  /// @throws Error (model) when the model fails, (usage) when its output has no row for each of several.
  [[nodiscard]] std::vector<Result> run(std::span<const std::shared_ptr<const Prepared>> pictures,
                                        const Wanted& wanted);

  /// Reads an inputs file: the samples of the method; each one of `forward` must be what the archive takes.
  /// @throws Error (bad_file).
  [[nodiscard]] std::shared_ptr<const Samples> read(const std::filesystem::path& inputs) const;

  /// One sample of ones in the archive's form, or in an image's (1, 3, 224, 224) where it does not say.
  [[nodiscard]] std::shared_ptr<const Samples> ones() const;

  /// Calls the method on one of the samples.
  /// @throws Error (usage) when there is no such sample, (model) when the model fails on it.
  [[nodiscard]] Result run(const Samples& samples, std::size_t index, const Wanted& wanted);

  /// How many milliseconds one call takes, from the input in memory to the output in memory.
  /// @throws Error as `run`.
  [[nodiscard]] double time(const Samples& samples, std::size_t index);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// How many samples there are.
[[nodiscard]] std::size_t count(const Samples& samples);

}  // namespace torchferry

#include "engine/engine.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <string>

#include "base/error.h"
#include "engine/answer.h"
#include "engine/archive.h"
#include "engine/classify.h"
#include "engine/runner.h"
#include "engine/samples.h"

namespace torchferry {

struct Prepared {
  at::Tensor pixels;  ///< uint8 [3, height, width]; undefined where it is not kept
  at::Tensor input;   ///< without the batch
};

namespace {

constexpr double kLoose = 0.05;  // rounding in bfloat16 stays below it
const std::vector<InputSpec> kImage{{"float32", {{1, "batch"}, {3, ""}, {224, ""}, {224, ""}}}};

Result result_of(Answer answer, const Wanted& wanted) {
  if (answer.output.isTensor()) {
    answer.rankings = classify(answer.output.toTensor(), static_cast<std::int64_t>(wanted.top_k));
  }
  Result result{describe(answer.output), answer.rankings, nullptr};
  if (wanted.answer) result.answer = std::make_shared<const Answer>(std::move(answer));
  return result;
}

}  // namespace

struct Engine::State : Runner {
  using Runner::Runner;
  std::once_flag rows_checked;

  /// Whether a batch's output has a row for each picture: the first one must come out as it does alone.
  /// @throws Error (usage).
  void check_rows(const at::Tensor& first, const c10::IValue& output, std::int64_t count) {
    const auto alone = run({first.unsqueeze(0)});
    if (output.isTensor() && alone.isTensor() && output.toTensor().dim() > 0 &&
        output.toTensor().size(0) == count) {
      const auto row = output.toTensor().slice(0, 0, 1).to(at::kDouble);
      const auto expected = alone.toTensor().to(at::kDouble);
      const auto scale = expected.numel() > 0 ? expected.abs().max().item<double>() : 0.0;
      const bool is_row = row.sizes() == expected.sizes();
      // Of NaN and infinity nothing can be told, and nothing is wrong with the batch.
      if (is_row && (!std::isfinite(scale) || at::allclose(row, expected, kLoose, kLoose * scale))) return;
    }
    throw Error(ExitCode::usage,
                "--batch " + std::to_string(count) +
                    " needs an output with a row for each picture, as it comes out alone; this model's is " +
                    describe(output) + ": use --batch 1");
  }
};

Engine::Engine(const std::filesystem::path& archive, EngineOptions options)
    : state_(std::make_unique<State>(archive, std::move(options))) {}
Engine::~Engine() = default;

const Metadata& Engine::metadata() const noexcept { return state_->metadata(); }
const Facts& Engine::facts() const noexcept { return state_->facts(); }
std::vector<std::string> Engine::extra_files() const { return torchferry::extra_files(state_->path()); }

std::shared_ptr<const Prepared> Engine::prepare(const Image& image, bool keep) {
  if (!state_->facts().takes_pictures) {
    throw Error(ExitCode::bad_file,
                state_->path().string() +
                    " has no preprocess that would make an input of a picture; it takes " +
                    state_->facts().signature + ": give --inputs FILE");
  }
  const c10::InferenceMode guard;
  const auto height = static_cast<std::int64_t>(image.height);
  const auto width = static_cast<std::int64_t>(image.width);
  const auto interleaved = at::from_blob(const_cast<std::uint8_t*>(image.pixels.data()), {height, width, 3},
                                         at::TensorOptions(at::kByte));
  const auto pixels = interleaved.permute({2, 0, 1}).clone(at::MemoryFormat::Contiguous);
  try {
    const auto input = state_->preprocess(pixels);
    return std::make_shared<const Prepared>(Prepared{keep ? pixels : at::Tensor(), input});
  } catch (const std::exception& error) {
    throw Error(ExitCode::model, "the archive's preprocess failed: " + fault_in(error));
  }
}

std::vector<Result> Engine::run(std::span<const std::shared_ptr<const Prepared>> pictures,
                                const Wanted& wanted) {
  const auto differs = [&](const auto& picture) {
    return picture->input.sizes() != pictures.front()->input.sizes() ||
           picture->input.scalar_type() != pictures.front()->input.scalar_type();
  };
  std::vector<Result> results;
  if (std::ranges::any_of(pictures, differs)) {
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      results.push_back(std::move(run(pictures.subspan(i, 1), wanted).front()));
    }
    return results;
  }
  const c10::InferenceMode guard;
  std::vector<at::Tensor> inputs;
  for (const auto& picture : pictures) inputs.push_back(picture->input);
  c10::IValue output;
  try {
    output = state_->run({at::stack(inputs)});
  } catch (const std::exception& error) {
    throw Error(ExitCode::model, "the model failed: " + fault_in(error));
  }
  const auto count = static_cast<std::int64_t>(pictures.size());
  if (count > 1) {
    std::call_once(state_->rows_checked, [&] { state_->check_rows(inputs.front(), output, count); });
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& picture = *pictures[static_cast<std::size_t>(i)];
    const auto row = count > 1 ? c10::IValue(output.toTensor().slice(0, i, i + 1)) : output;
    results.push_back(result_of({row, {}, picture.pixels, picture.input, {}}, wanted));
  }
  return results;
}

std::shared_ptr<const Samples> Engine::read(const std::filesystem::path& inputs) const {
  const auto& method = state_->method();
  auto samples = read_samples(inputs, method);
  for (std::size_t i = 0; i < samples.size() && method == kForward; ++i) {
    check_sample(samples[i], i, metadata().inputs);
  }
  return std::make_shared<const Samples>(Samples{inputs.string(), std::move(samples)});
}

std::shared_ptr<const Samples> Engine::ones() const {
  const auto& inputs = metadata().inputs;
  return std::make_shared<const Samples>(Samples{"ones", {dummy_sample(inputs.empty() ? kImage : inputs)}});
}

Result Engine::run(const Samples& samples, std::size_t index, const Wanted& wanted) {
  const auto& sample = samples.at(index);
  const c10::InferenceMode guard;
  try {
    Answer answer;
    answer.output = state_->run(sample, &answer.taps);
    return result_of(std::move(answer), wanted);
  } catch (const std::exception& error) {
    throw Error(ExitCode::model, "the model failed on sample " + std::to_string(index) + ": " +
                                     fault_in(error) +
                                     (metadata().inputs.empty() ? "; it takes " + facts().signature : ""));
  }
}

double Engine::time(const Samples& samples, std::size_t index) {
  const auto& sample = samples.at(index);
  const auto timed = [&] {
    const auto copy = copy_of(sample);
    const auto start = std::chrono::steady_clock::now();
    const auto output = state_->call(copy);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  };
  const c10::InferenceMode guard;
  try {
    try {
      return timed();
    } catch (const std::exception&) {
      (void)state_->run(sample);  // which finds another form, or what is wrong with the model
      return timed();
    }
  } catch (const std::exception& error) {
    throw Error(ExitCode::model,
                "the model failed on sample " + std::to_string(index) + ": " + fault_in(error));
  }
}

}  // namespace torchferry

#include "engine/engine.h"

#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <numeric>
#include <string>
#include <unordered_map>

#include "engine/answers.h"
#include "engine/classify.h"
#include "engine/error.h"
#include "engine/samples.h"

namespace torchferry {

namespace {

constexpr std::int64_t kTop = 5;

const std::vector<InputSpec> kImage{{"float32", {std::nullopt, 3, 224, 224}}};

/// What torch says of a failure, without the frames of its own code.
std::string report_of(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  return torch_error != nullptr ? torch_error->what_without_backtrace() : error.what();
}

/// The line of an interpreter's report that names the fault: the last one that says anything.
std::string last_line(const std::string& text) {
  std::string last;
  for (const auto& line : lines(text)) {
    if (line.find_first_not_of(" \t~^") != std::string::npos) last = line;
  }
  return last;
}

/// The same values in memory of their own: a model may change its input in place.
Sample copy_of(const Sample& sample) {
  Sample copy;
  for (const auto& value : sample) copy.push_back(value.isTensor() ? value.toTensor().clone() : value);
  return copy;
}

}  // namespace

struct Engine::State {
  torch::jit::Module module;
  Metadata metadata;

  static State load(const std::filesystem::path& path);
  [[nodiscard]] Answer run(std::size_t index, const Sample& sample);
};

Engine::State Engine::State::load(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) {
    throw Error(ExitCode::bad_file, "there is no archive " + path.string() + "; `doit export` writes one");
  }
  torch::jit::ExtraFilesMap extra{{kInputsFile, ""}, {kCategoriesFile, ""}, {kNoticeFile, ""}};
  try {
    auto module = torch::jit::load(path.string(), at::kCPU, extra);
    module.eval();
    return {std::move(module),
            {parse_inputs(extra[kInputsFile]), lines(extra[kCategoriesFile]), extra[kNoticeFile]}};
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {  // a damaged one fails in many ways, not all of them torch's own
    const auto report = lines(report_of(error));
    throw Error(ExitCode::bad_file, path.string() + " is not a TorchScript archive, or is damaged (" +
                                        (report.empty() ? "" : report.front()) + "); export it again");
  }
}

Answer Engine::State::run(std::size_t index, const Sample& sample) {
  const c10::InferenceMode guard;
  try {
    // A copy, because a model may return memory that its next call changes.
    Answer answer{index, module.forward(copy_of(sample)).deepcopy(), {}};
    if (answer.output.isTensor()) answer.rankings = classify(answer.output.toTensor(), kTop);
    return answer;
  } catch (const std::exception& error) {
    throw Error(ExitCode::model,
                "the model failed on sample " + std::to_string(index) + ": " + last_line(report_of(error)));
  }
}

Engine::Engine(const std::filesystem::path& archive)
    : state_(std::make_unique<State>(State::load(archive))) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

const Metadata& Engine::metadata() const noexcept { return state_->metadata; }

Result Engine::run_dummy() {
  const auto& inputs = metadata().inputs;
  const auto answer = state_->run(0, dummy_sample(inputs.empty() ? kImage : inputs));
  return {answer.sample, answer.rankings};
}

std::vector<Result> Engine::run_samples(const std::filesystem::path& inputs,
                                        const std::vector<std::size_t>& order,
                                        const std::filesystem::path& outputs) {
  const auto samples = read_samples(inputs);
  for (std::size_t i = 0; i < samples.size(); ++i) check_sample(samples[i], i, metadata().inputs);

  auto chosen = order;
  if (chosen.empty()) {
    chosen.resize(samples.size());
    std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  }

  std::vector<Answer> answers;
  std::vector<Result> results;
  for (const auto index : chosen) {
    if (index >= samples.size()) {
      throw Error(ExitCode::usage, "--order names sample " + std::to_string(index) + ", " + inputs.string() +
                                       " holds " + std::to_string(samples.size()) + " (counted from 0)");
    }
    answers.push_back(state_->run(index, samples[index]));
    results.push_back({index, answers.back().rankings});
  }
  if (!outputs.empty()) write_answers(answers, outputs);
  return results;
}

}  // namespace torchferry

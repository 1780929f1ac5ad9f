#include "engine/runner.h"

#include <torch/csrc/jit/runtime/graph_executor.h>

#include <string>
#include <utility>

#include "base/error.h"
#include "engine/processor.h"
#include "engine/taps.h"
#include "engine/values.h"

namespace torchferry {

namespace {

Facts facts_of(const torch::jit::Module& module) {
  Facts facts{signature(module), module.find_method(kPreprocess).has_value(), {}, 0};
  for (const auto& name : other_methods(module)) facts.methods.push_back(signature(module, name));
  const auto count = [&](const at::Tensor& tensor) {
    facts.parameters += static_cast<std::size_t>(tensor.numel());
  };
  for (const auto& parameter : module.parameters()) count(parameter);
  for (const auto& buffer : module.buffers()) count(buffer);
  return facts;
}

}  // namespace

Sample copy_of(const Sample& sample) {
  Sample copy;
  for (const auto& value : sample) {
    copy.push_back(mapped(value, [](const c10::IValue& leaf) {
      return leaf.isTensor() ? c10::IValue(leaf.toTensor().clone()) : leaf;
    }));
  }
  return copy;
}

Runner::Runner(std::filesystem::path archive, EngineOptions options)
    : path_(std::move(archive)), options_(std::move(options)) {
  auto loaded = load();
  metadata_ = std::move(loaded.metadata);
  facts_ = facts_of(loaded.module);
  if (options_.precision == Precision::bfloat16 && !has_bfloat16_instructions()) {
    options_.remark("this processor has no instructions for bfloat16, which is slower than float32 on it");
  }
  if (!loaded.module.find_method(options_.method)) {
    std::string known;
    for (const auto& name : other_methods(loaded.module)) known += ", " + name;
    throw Error(ExitCode::usage,
                path_.string() + " has no method '" + options_.method + "'; it has forward" + known);
  }
  choose_form();
  if (form_ == Form::fused || form_ == Form::frozen) {
    optimise(std::move(loaded.module));
  } else {
    keep_plain(std::move(loaded.module));
  }
}

void Runner::choose_form() {
  form_ = options_.form ? *options_.form : metadata_.form.value_or(Form::plain);
  if (!options_.form && !metadata_.form) {
    options_.remark(
        path_.string() +
        " does not say in which form it was verified, so it runs plain; carry it with `doit export` for "
        "one that is faster, or try --form fused");
  }
}

void Runner::optimise(torch::jit::Module module) {
  try {
    optimised_ = std::make_unique<Optimised>(std::move(module), options_.precision, form_ == Form::fused,
                                             options_.method);
  } catch (const std::exception& fault) {
    options_.remark("the model cannot be " + std::string(name_of(form_)) + " (" + fault_in(fault) +
                    "); it runs as it is");
    keep_plain(load().module);
  }
}

/// @throws Error (model) when it has no such precision.
void Runner::keep_plain(torch::jit::Module module) {
  try {
    if (options_.precision == Precision::bfloat16) module = to_bfloat16(std::move(module), /*fold=*/false);
    plain_ = std::move(module);
  } catch (const std::exception& fault) {
    throw Error(ExitCode::model, "the model cannot run in bfloat16 (" + fault_in(fault) + "); use float32");
  }
}

Archive Runner::load() const {
  auto archive = load_archive(path_);
  if (options_.taps) tap(archive.module);
  return archive;
}

c10::IValue Runner::call(const Sample& sample) {
  if (optimised_ && !gave_up_) return optimised_->run(sample);
  // Optimised by libtorch itself where that was asked for; not after giving up, for it would be fused again.
  return call_plain(sample, form_ == Form::plain);
}

c10::IValue Runner::call_plain(const Sample& sample, bool optimised) {
  const torch::jit::GraphOptimizerEnabledGuard optimise(optimised);
  Sample taken;
  for (const auto& input : sample) taken.push_back(in_precision(input, options_.precision));
  const auto output = plain_->get_method(options_.method)(std::move(taken));
  return options_.precision == Precision::bfloat16 ? as_float32(output) : output;
}

/// Where calls may overlap, a lock that locks nothing. Of a model as it is, nobody has looked for state.
std::unique_lock<std::mutex> Runner::alone() {
  const bool may_overlap = optimised_ && !gave_up_ && !optimised_->has_state();
  return may_overlap ? std::unique_lock<std::mutex>() : std::unique_lock(one_at_a_time_);
}

c10::IValue Runner::run(const Sample& sample, Taps* taps) {
  if (!options_.taps) taps = nullptr;
  try {
    const auto lock = alone();
    const Recording recording(taps);
    auto output = call(copy_of(sample)).deepcopy();
    if (taps != nullptr && options_.precision == Precision::bfloat16) {
      for (auto& told : *taps) told.value = as_float32(told.value);
    }
    return output;
  } catch (const std::exception& fault) {
    if (!optimised_) throw;
    return run_after(fault, sample, taps);
  }
}

/// Whose fault is it: the model's, which then fails as it stands, or that of its optimised form?
c10::IValue Runner::run_after(const std::exception& fault, const Sample& sample, Taps* taps) {
  const std::scoped_lock lock(one_at_a_time_);
  if (!plain_) keep_plain(load().module);
  const Recording recording(taps);
  auto output = call_plain(copy_of(sample), /*optimised=*/false).deepcopy();
  if (!gave_up_.exchange(true)) {
    options_.remark("the model fails where it is optimised (" + fault_in(fault) + "); it goes on as it is");
  }
  return output;
}

at::Tensor Runner::preprocess(const at::Tensor& pixels) {
  const auto lock = alone();
  // It would be optimised anew for each picture's size, to no effect.
  const torch::jit::GraphOptimizerEnabledGuard as_it_is(false);
  auto& module = optimised_ ? optimised_->module() : *plain_;
  return module.get_method(kPreprocess)({pixels}).toTensor().clone();
}

}  // namespace torchferry

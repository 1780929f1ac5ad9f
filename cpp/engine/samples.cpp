#include "engine/samples.h"

#include <ATen/core/List.h>
#include <ATen/ops/ones.h>
#include <c10/core/ScalarType.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <utility>

#include "base/error.h"
#include "engine/archive.h"
#include "engine/engine.h"

namespace torchferry {

namespace {

constexpr auto kAny = "any";

constexpr std::array<std::pair<const char*, at::ScalarType>, 9> kDtypes{{
    {"float32", at::kFloat},
    {"float64", at::kDouble},
    {"float16", at::kHalf},
    {"bfloat16", at::kBFloat16},
    {"uint8", at::kByte},
    {"int8", at::kChar},
    {"int32", at::kInt},
    {"int64", at::kLong},
    {"bool", at::kBool},
}};

std::string dtype_name(at::ScalarType type) {
  for (const auto& [name, candidate] : kDtypes) {
    if (candidate == type) return name;
  }
  return c10::toString(type);
}

at::ScalarType dtype_of(const std::string& name) {
  for (const auto& [candidate, type] : kDtypes) {
    if (candidate == name) return type;
  }
  throw Error(ExitCode::bad_file, "the archive takes dtype '" + name +
                                      "', which this program does not know; rebuild it with `doit build`");
}

bool tensor_fits(const c10::IValue& value, const InputSpec& spec) {
  if (!value.isTensor()) return false;
  const auto& tensor = value.toTensor();
  const auto sizes = tensor.sizes();
  if (dtype_name(tensor.scalar_type()) != spec.dtype || sizes.size() != spec.shape.size()) return false;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (spec.shape[i].name.empty() && spec.shape[i].size != sizes[i]) return false;
  }
  return true;
}

bool fits(const c10::IValue& value, const InputSpec& spec) {
  if (spec.dtype == kAny) return true;
  if (!spec.listed) return tensor_fits(value, spec);
  return value.isList() &&
         std::ranges::all_of(value.toListRef(), [&](const auto& one) { return tensor_fits(one, spec); });
}

/// What a file holds, as the model takes it: of a list of tensors the pickle does not say what it lists.
c10::IValue typed(const c10::IValue& value) {
  if (!value.isList() || value.isTensorList()) return value;
  c10::List<at::Tensor> tensors;
  for (const c10::IValue& element : value.toListRef()) {
    if (!element.isTensor()) return value;
    tensors.push_back(element.toTensor());
  }
  return tensors;
}

std::vector<char> read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file || std::filesystem::is_directory(path)) {
    throw Error(ExitCode::bad_file,
                "cannot read the inputs file " + path.string() + "; `doit export` writes one");
  }
  std::vector<char> bytes(static_cast<std::size_t>(file.tellg()));
  file.seekg(0);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

}  // namespace

const Sample& Samples::at(std::size_t index) const {
  if (index >= samples.size()) {
    throw Error(ExitCode::usage, "--order names sample " + std::to_string(index) + ", " + source + " holds " +
                                     std::to_string(samples.size()) + " (counted from 0)");
  }
  return samples[index];
}

std::size_t count(const Samples& samples) { return samples.samples.size(); }

std::string describe(const c10::IValue& value) {
  if (value.isTensorList()) {
    std::string text;
    for (const auto& element : value.toListRef()) text += (text.empty() ? "" : ", ") + describe(element);
    return "[" + text + "]";
  }
  if (!value.isTensor()) return value.tagKind();
  const auto& tensor = value.toTensor();
  InputSpec spec{dtype_name(tensor.scalar_type()), {}};
  for (const auto extent : tensor.sizes()) spec.shape.push_back({extent, ""});
  return to_string(spec);
}

std::vector<Sample> read_samples(const std::filesystem::path& path, const std::string& method) {
  const auto bytes = read_bytes(path);
  std::vector<Sample> samples;
  try {
    const auto document = torch::jit::pickle_load(bytes).toGenericDict();
    const bool has_own = method != kForward && document.contains("methods");
    const auto found = has_own ? document.at("methods").toGenericDict().at(method) : document.at("samples");
    for (const auto& entry : found.toListRef()) {
      auto& sample = samples.emplace_back();
      for (const auto& argument : entry.toListRef()) sample.push_back(typed(argument));
    }
  } catch (const std::exception&) {
    throw Error(ExitCode::bad_file, path.string() + " is not an inputs file of " + method +
                                        " (damaged, or not written by `doit export`); export again");
  }
  if (samples.empty())
    throw Error(ExitCode::bad_file, path.string() + " holds no sample; expected at least one");
  return samples;
}

void check_sample(const Sample& sample, std::size_t index, const std::vector<InputSpec>& expected) {
  if (expected.empty()) return;
  const auto where = "sample " + std::to_string(index);
  if (sample.size() != expected.size()) {
    throw Error(ExitCode::bad_file, where + " has " + std::to_string(sample.size()) +
                                        " inputs, the model takes " + std::to_string(expected.size()));
  }
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (!fits(sample[i], expected[i])) {
      throw Error(ExitCode::bad_file, where + ", input " + std::to_string(i) + " is " + describe(sample[i]) +
                                          ", the model takes " + to_string(expected[i]));
    }
  }
}

Sample dummy_sample(const std::vector<InputSpec>& expected) {
  Sample sample;
  for (const auto& spec : expected) {
    if (spec.dtype == kAny) {
      sample.emplace_back();  // which stands for its default
      continue;
    }
    std::vector<std::int64_t> shape;
    for (const auto& extent : spec.shape) shape.push_back(extent.size);
    const auto dtype = dtype_of(spec.dtype);
    try {
      const auto ones = at::ones(shape, dtype);
      sample.push_back(spec.listed ? c10::IValue(c10::List<at::Tensor>({ones})) : c10::IValue(ones));
    } catch (const std::exception&) {
      throw Error(ExitCode::bad_file, "there is no memory for the input that the archive takes, " +
                                          to_string(spec) + "; export the model again");
    }
  }
  return sample;
}

}  // namespace torchferry

#include "engine/answers.h"

#include <ATen/core/Dict.h>
#include <ATen/core/List.h>
#include <torch/csrc/jit/serialization/pickle.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <utility>

#include "base/error.h"
#include "engine/answer.h"

namespace torchferry {

namespace {

c10::IValue or_none(const at::Tensor& tensor) {
  return tensor.defined() ? c10::IValue(tensor) : c10::IValue();
}

c10::impl::GenericList listed(const Taps& taps) {
  c10::impl::GenericList list(c10::AnyType::get());
  for (const auto& [path, value] : taps) list.push_back(c10::ivalue::Tuple::create(path, value));
  return list;
}

std::vector<char> pickled(const Answers& answers) {
  c10::List<std::int64_t> order;
  c10::impl::GenericList outputs(c10::AnyType::get());
  c10::impl::GenericList pixels(c10::AnyType::get());
  c10::impl::GenericList preprocessed(c10::AnyType::get());
  c10::impl::GenericList taps(c10::AnyType::get());
  c10::List<c10::List<c10::List<std::int64_t>>> labels;
  c10::List<c10::List<c10::List<double>>> probabilities;
  for (const auto index : answers.order) order.push_back(static_cast<std::int64_t>(index));
  for (const auto& answer : answers.answers) {
    outputs.push_back(answer->output);
    pixels.push_back(or_none(answer->pixels));
    preprocessed.push_back(or_none(answer->preprocessed));
    taps.push_back(listed(answer->taps));
    c10::List<c10::List<std::int64_t>> sample_labels;
    c10::List<c10::List<double>> sample_probabilities;
    for (const auto& ranking : answer->rankings) {
      c10::List<std::int64_t> row_labels;
      c10::List<double> row_probabilities;
      for (const auto& [label, probability] : ranking) {
        row_labels.push_back(label);
        row_probabilities.push_back(probability);
      }
      sample_labels.push_back(std::move(row_labels));
      sample_probabilities.push_back(std::move(row_probabilities));
    }
    labels.push_back(std::move(sample_labels));
    probabilities.push_back(std::move(sample_probabilities));
  }
  c10::impl::GenericDict document(c10::StringType::get(), c10::AnyType::get());
  document.insert("order", std::move(order));
  document.insert("outputs", std::move(outputs));
  document.insert("probabilities", std::move(probabilities));
  document.insert("labels", std::move(labels));
  document.insert("pixels", std::move(pixels));
  document.insert("preprocessed", std::move(preprocessed));
  document.insert("taps", std::move(taps));
  return torch::jit::pickle_save(document);
}

constexpr int kMostLinks = 40;  // as Linux follows

bool write_bytes(const std::vector<char>& bytes, const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  return static_cast<bool>(file);
}

/// Writes a regular file by way of another beside it; a link's target, not the link, is replaced.
bool replace_bytes(const std::vector<char>& bytes, const std::filesystem::path& path) {
  std::error_code failure;
  auto target = path;
  for (int links = 0; links < kMostLinks && std::filesystem::is_symlink(target, failure); ++links) {
    target = target.parent_path() / std::filesystem::read_symlink(target, failure);
  }
  const auto temporary = target.parent_path() / (".ts-infer." + std::to_string(getpid()) + ".partial");
  if (write_bytes(bytes, temporary)) {
    std::filesystem::rename(temporary, target, failure);
    if (!failure) return true;
  }
  std::filesystem::remove(temporary, failure);
  return false;
}

}  // namespace

void write_answers(const Answers& answers, const std::filesystem::path& path) {
  const auto bytes = pickled(answers);
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  const bool special = std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
  if (!(special ? write_bytes(bytes, path) : replace_bytes(bytes, path))) {
    throw Error(ExitCode::environment, "cannot write " + path.string() +
                                           "; expected a folder that exists, may be written to and has room");
  }
}

}  // namespace torchferry

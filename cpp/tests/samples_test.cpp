#include "engine/samples.h"

#include <ATen/core/Dict.h>
#include <ATen/core/List.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/jit/serialization/pickle.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "tests/testing.h"

namespace torchferry::samples_test {

namespace {

using c10::IValue;

IValue list(const std::vector<at::Tensor>& tensors) { return c10::List<at::Tensor>(tensors); }

/// How a sample is refused that is held against lines of inputs.txt.
std::string refused(const Sample& sample, const std::string& inputs) {
  return refusal([&] {
    check_sample(sample, 7, parse_inputs(inputs));
    return 0;
  });
}

c10::impl::GenericList any_list(const std::vector<IValue>& values) {
  c10::impl::GenericList found(c10::AnyType::get());
  for (const auto& value : values) found.push_back(value);
  return found;
}

c10::impl::GenericDict any_dict(const std::vector<std::pair<std::string, IValue>>& entries) {
  c10::impl::GenericDict found(c10::StringType::get(), c10::AnyType::get());
  for (const auto& [key, value] : entries) found.insert(key, value);
  return found;
}

/// A file that is gone afterwards.
class File {
 public:
  explicit File(const std::vector<char>& content) {
    std::ofstream(path_, std::ios::binary)
        .write(content.data(), static_cast<std::streamsize>(content.size()));
  }
  explicit File(const IValue& value) : File(torch::jit::pickle_save(value)) {}
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("torchferry-samples-" + std::to_string(getpid()));
};

/// How a file of these contents is refused, without its own name.
std::string unread(const File& file, const std::string& method = kForward) {
  auto text = refusal([&] { return read_samples(file.path(), method); });
  if (const auto at = text.find(file.path()); at != std::string::npos)
    text.replace(at, file.path().string().size(), "FILE");
  return text;
}

const auto kNoFile =
    "3: FILE is not an inputs file of forward (damaged, or not written by `doit export`); export again";

}  // namespace

TEST_SUITE_BEGIN("samples");

TEST_CASE("a tensor is told by its type and its extents") {
  CHECK(describe(at::zeros({1, 1000})) == "float32[1, 1000]");
  CHECK(describe(at::zeros({})) == "float32[]");
  CHECK(describe(at::zeros({0, 2}, at::kLong)) == "int64[0, 2]");
  const std::vector<std::pair<at::ScalarType, std::string>> types{
      {at::kDouble, "float64[1]"},    {at::kHalf, "float16[1]"},
      {at::kBFloat16, "bfloat16[1]"}, {at::kByte, "uint8[1]"},
      {at::kChar, "int8[1]"},         {at::kInt, "int32[1]"},
      {at::kBool, "bool[1]"},         {at::kComplexFloat, "ComplexFloat[1]"}};
  for (const auto& [type, expected] : types) CHECK(describe(at::zeros({1}, type)) == expected);
}

TEST_CASE("a list is told by its tensors, and what is neither by its kind") {
  CHECK(describe(list({at::zeros({1}), at::zeros({2}, at::kLong)})) == "[float32[1], int64[2]]");
  CHECK(describe(list({})) == "[]");
  CHECK(describe(IValue(3)) == "Int");
  CHECK(describe(IValue("text")) == "String");
  CHECK(describe(IValue()) == "None");
  CHECK(describe(c10::ivalue::Tuple::create(at::zeros({1}), 2)) == "Tuple");
}

TEST_CASE("a sample that is what the model takes is taken") {
  CHECK(refused({at::zeros({5, 3, 8, 8})}, "float32 batch 3 8 8").empty());
  CHECK(refused({at::zeros({3, 99, 1})}, "float32 3 height:8 width:8").empty());
  CHECK(refused({at::zeros({}, at::kBool)}, "bool").empty());
  CHECK(refused({at::zeros({2}), at::zeros({1}, at::kLong)}, "float32 2\nint64 1").empty());
}

TEST_CASE("where the archive is silent everything is taken") {
  CHECK(refused({}, "").empty());
  CHECK(refused({IValue(3), IValue("text")}, "").empty());
  CHECK(refused({IValue(3)}, "any").empty());
}

TEST_CASE("another number of arguments is refused") {
  CHECK(refused({}, "float32 1") == "3: sample 7 has 0 inputs, the model takes 1");
  CHECK(refused({at::zeros({1}), at::zeros({1})}, "float32 1") ==
        "3: sample 7 has 2 inputs, the model takes 1");
}

TEST_CASE("an argument of another type, rank or extent is refused, and told") {
  CHECK(refused({at::zeros({1, 3}, at::kDouble)}, "float32 batch 3") ==
        "3: sample 7, input 0 is float64[1, 3], the model takes float32[batch, 3]");
  CHECK(refused({at::zeros({1, 4})}, "float32 batch 3") ==
        "3: sample 7, input 0 is float32[1, 4], the model takes float32[batch, 3]");
  CHECK(refused({at::zeros({3})}, "float32 batch 3") ==
        "3: sample 7, input 0 is float32[3], the model takes float32[batch, 3]");
  CHECK(refused({at::zeros({1, 3, 1})}, "float32 batch 3") ==
        "3: sample 7, input 0 is float32[1, 3, 1], the model takes float32[batch, 3]");
  CHECK(refused({at::zeros({1}), IValue(3)}, "float32 1\nint64") ==
        "3: sample 7, input 1 is Int, the model takes int64[]");
}

TEST_CASE("each tensor of a list is held against what the list takes") {
  const std::string images = "list float32 3 height:8 width:8";
  CHECK(refused({list({})}, images).empty());
  CHECK(refused({list({at::zeros({3, 1, 2}), at::zeros({3, 9, 9})})}, images).empty());
  CHECK(refused({list({at::zeros({3, 1, 2}), at::zeros({4, 9, 9})})}, images) ==
        "3: sample 7, input 0 is [float32[3, 1, 2], float32[4, 9, 9]], the model takes list of float32[3, "
        "height, "
        "width]");
  CHECK(refused({at::zeros({3, 1, 2})}, images).starts_with("3: sample 7, input 0 is float32[3, 1, 2], "));
  CHECK(refused({list({at::zeros({1})})}, "float32 1").starts_with("3: sample 7, input 0 is [float32[1]], "));
}

TEST_CASE("a sample of ones has the archive's form, with a batch of one") {
  const auto sample = dummy_sample(parse_inputs("float32 batch 3 height:4 5\nlist int64 2\nany\nbool"));
  REQUIRE(sample.size() == 4);
  CHECK(describe(sample[0]) == "float32[1, 3, 4, 5]");
  CHECK(sample[0].toTensor().sum().item<double>() == 60);
  CHECK(describe(sample[1]) == "[int64[2]]");
  CHECK(sample[2].isNone());
  CHECK(describe(sample[3]) == "bool[]");
}

TEST_CASE("ones of each type that can be said are made") {
  for (const std::string type :
       {"float32", "float64", "float16", "bfloat16", "uint8", "int8", "int32", "int64", "bool"}) {
    CHECK(describe(dummy_sample(parse_inputs(type + " 2")).at(0)) == type + "[2]");
  }
}

TEST_CASE("ones of what is not known, or larger than memory, are refused") {
  CHECK(
      refusal([] { return dummy_sample(parse_inputs("float8 2")); }) ==
      "3: the archive takes dtype 'float8', which this program does not know; rebuild it with `doit build`");
  CHECK(refusal([] { return dummy_sample(parse_inputs("float32 1000000000 1000000000")); }) ==
        "3: there is no memory for the input that the archive takes, float32[1000000000, 1000000000]; export "
        "the "
        "model again");
}

TEST_CASE("samples are named by their place, and one that is not there is refused") {
  const Samples samples{"inputs.pt", {{IValue(1)}, {IValue(2)}}};
  CHECK(count(samples) == 2);
  CHECK(samples.at(1).at(0).toInt() == 2);
  CHECK(refusal([&] { return samples.at(2); }) ==
        "2: --order names sample 2, inputs.pt holds 2 (counted from 0)");
}

TEST_CASE("a file gives its samples, and of a list of tensors what it lists") {
  const File file(any_dict({{"samples", any_list({any_list({at::zeros({2}), any_list({at::zeros({1})})}),
                                                  any_list({at::zeros({3}), any_list({})})})}}));
  const auto samples = read_samples(file.path(), kForward);
  REQUIRE(samples.size() == 2);
  CHECK(describe(samples[0].at(0)) == "float32[2]");
  CHECK(samples[0].at(1).isTensorList());
  CHECK(describe(samples[0].at(1)) == "[float32[1]]");
  CHECK(samples[1].at(1).isTensorList());
}

TEST_CASE("a list of other things stays one") {
  const File file(any_dict({{"samples", any_list({any_list({any_list({IValue(1), IValue("text")})})})}}));
  CHECK_FALSE(read_samples(file.path(), kForward).at(0).at(0).isTensorList());
}

TEST_CASE("a method has samples of its own, where the file names any") {
  const auto forward = any_list({any_list({at::zeros({1})})});
  const auto embed = any_list({any_list({at::zeros({2})})});
  const File both(any_dict({{"samples", forward}, {"methods", any_dict({{"embed", embed}})}}));
  CHECK(describe(read_samples(both.path(), kForward).at(0).at(0)) == "float32[1]");
  CHECK(describe(read_samples(both.path(), "embed").at(0).at(0)) == "float32[2]");
  CHECK(unread(both, "other") ==
        "3: FILE is not an inputs file of other (damaged, or not written by `doit export`); export again");
}

TEST_CASE("without such names, the samples are those of every method") {
  const File one(any_dict({{"samples", any_list({any_list({at::zeros({1})})})}}));
  CHECK(describe(read_samples(one.path(), "embed").at(0).at(0)) == "float32[1]");
}

TEST_CASE("a file of no sample is refused") {
  CHECK(unread(File(any_dict({{"samples", any_list({})}}))) ==
        "3: FILE holds no sample; expected at least one");
}

TEST_CASE("a file of another form is refused") {
  CHECK(unread(File(any_dict({}))) == kNoFile);
  CHECK(unread(File(any_dict({{"samples", 3}}))) == kNoFile);
  CHECK(unread(File(any_dict({{"samples", any_list({at::zeros({1})})}}))) == kNoFile);
  CHECK(unread(File(any_list({}))) == kNoFile);
  CHECK(unread(File(std::vector<char>{})) == kNoFile);
  CHECK(unread(File(std::vector<char>{'P', 'K', 3, 4})) == kNoFile);
}

TEST_CASE("a file that is cut is refused") {
  const auto whole = torch::jit::pickle_save(any_dict({{"samples", any_list({any_list({at::zeros({2})})})}}));
  for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 40) {
    CAPTURE(length);
    CHECK(unread(File(std::vector<char>(whole.begin(),
                                        whole.begin() + static_cast<std::ptrdiff_t>(length)))) == kNoFile);
  }
}

TEST_CASE("a file that is not there, or a folder, is refused") {
  for (const std::string path : {"/nowhere/inputs.pt", "/"}) {
    CHECK(refusal([&] { return read_samples(path, kForward); }) ==
          "3: cannot read the inputs file " + path + "; `doit export` writes one");
  }
}

TEST_SUITE_END();

}  // namespace torchferry::samples_test

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

#include "engine/samples.h"
#include "tests/testing.h"

namespace torchferry::inputs_file_test {

namespace {

using c10::IValue;

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

TEST_SUITE_BEGIN("inputs file");

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

}  // namespace torchferry::inputs_file_test

#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "app/sources.h"
#include "tests/testing.h"

namespace torchferry {

/// A folder that is gone afterwards.
class Folder {
 public:
  Folder() {
    auto name = (std::filesystem::temp_directory_path() / "torchferry-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string path(const std::string& name = "") const {
    return name.empty() ? path_ : path_ / name;
  }
  [[nodiscard]] std::string write(const std::string& name, const std::string& content = "x") const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }

 private:
  std::filesystem::path path_;
};

/// What a source holds, as text.
[[nodiscard]] inline std::string content(Source source) {
  const auto bytes = read(std::move(source));
  return {bytes.begin(), bytes.end()};
}

/// How a file is refused.
[[nodiscard]] inline std::string unread(const std::string& name) {
  return refusal([&] { return read({name, {}}); });
}

}  // namespace torchferry

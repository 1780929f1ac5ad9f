#include "app/sources.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "app/interruption.h"
#include "base/error.h"

namespace torchferry {

namespace fs = std::filesystem;

namespace {

constexpr auto kStandardInput = "-";
constexpr std::size_t kLargestFile = std::size_t{1} << 30;
constexpr auto kTooLarge = ": is larger than 1 GiB, expected a picture";
constexpr std::size_t kLongestLine = 1 << 16;
constexpr std::size_t kAtOnce = 1 << 16;
constexpr int kPatience = 100;  // milliseconds until it is asked again whether the rest is wanted

bool is_picture_name(const fs::path& path) {
  auto extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

std::string taken_from(std::deque<std::string>& words) {
  auto word = std::move(words.front());
  words.pop_front();
  return word;
}

}  // namespace

Sources::Sources(const std::vector<std::string>& words) : words_(words.begin(), words.end()) {}

std::optional<Source> Sources::next() {
  while (!stopped_ && interruption() == 0) {
    if (!opened_.empty()) return Source{taken_from(opened_), {}};
    if (!lists_ && words_.empty()) return std::nullopt;
    if (!lists_ && words_.front() == kStandardInput) {
      words_.pop_front();
      if (begins_with_picture()) return Source{kStandardInput, rest_of_input()};
      lists_ = true;
    }
    const auto name = lists_ ? next_line() : taken_from(words_);
    if (!name) {
      lists_ = false;
      continue;
    }
    std::error_code failure;
    if (name->empty() || (fs::is_directory(*name, failure) && open_folder(*name))) continue;
    return Source{*name, {}};
  }
  return std::nullopt;
}

/// The next line of standard input, without its end; nothing after the last. One longer than any path is cut.
std::optional<std::string> Sources::next_line() {
  auto end = buffer_.find('\n');
  while (end == std::string::npos && buffer_.size() < kLongestLine && read_more()) end = buffer_.find('\n');
  if (buffer_.empty() || stopped_ || interruption() != 0) return std::nullopt;
  auto line = buffer_.substr(0, std::min(end, kLongestLine));
  buffer_.erase(0, line.size() + (end == line.size() ? 1 : 0));
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

/// Waits for more of standard input; false at its end, and when nobody wants it any more.
bool Sources::read_more() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  while (!ended_ && !stopped_ && interruption() == 0) {
    if (poll(&input, 1, kPatience) <= 0) continue;
    std::array<char, kAtOnce> bytes{};
    const auto count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count > 0) {
      buffer_.append(bytes.data(), static_cast<std::size_t>(count));
      return true;
    }
    ended_ = count == 0 || errno != EINTR;
  }
  return false;
}

/// All that is left of standard input, up to a little more than a file may have.
std::vector<std::uint8_t> Sources::rest_of_input() {
  while (buffer_.size() <= kLargestFile && read_more()) {
  }
  std::vector<std::uint8_t> rest(buffer_.begin(), buffer_.end());
  buffer_.clear();
  return rest;
}

/// Whether standard input is a picture, and no list: the first byte of a JPEG and of a PNG begins no text.
bool Sources::begins_with_picture() {
  if (buffer_.empty() && !read_more()) return false;
  return buffer_.front() == '\xFF' || buffer_.front() == '\x89';
}

/// Puts the pictures below a folder in its place, sorted; false where there are none.
bool Sources::open_folder(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code failure;
  auto entries =
      fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, failure);
  for (; !failure && entries != fs::recursive_directory_iterator(); entries.increment(failure)) {
    std::error_code unknown;  // of a link to itself, which is then named as a picture that cannot be read
    if (is_picture_name(entries->path()) && !entries->is_directory(unknown)) {
      found.push_back(entries->path().string());
    }
  }
  std::ranges::sort(found);
  opened_.assign(found.begin(), found.end());
  return !found.empty();
}

bool Sources::may_exceed(std::size_t number) {
  std::error_code failure;
  const auto is_many = [&](const auto& word) {
    return word == kStandardInput ? !begins_with_picture() : fs::is_directory(word, failure);
  };
  return words_.size() > number || std::ranges::any_of(words_, is_many);
}

std::vector<std::uint8_t> read(Source source) {
  if (source.content.size() > kLargestFile) throw Error(ExitCode::bad_file, source.name + kTooLarge);
  if (!source.content.empty()) return std::move(source.content);
  std::error_code failure;
  const auto status = fs::status(source.name, failure);
  if (!fs::exists(status)) throw Error(ExitCode::bad_file, source.name + ": there is no such file");
  if (fs::is_directory(status)) {
    throw Error(
        ExitCode::bad_file,
        source.name + ": is a folder that holds no picture; expected files that end in .jpg, .jpeg or .png");
  }
  if (fs::is_regular_file(status) && fs::file_size(source.name, failure) > kLargestFile) {
    throw Error(ExitCode::bad_file, source.name + kTooLarge);
  }
  errno = 0;
  std::ifstream file(source.name, std::ios::binary);
  std::vector<std::uint8_t> content;
  if (file && fs::is_regular_file(status)) {
    content.resize(fs::file_size(source.name, failure));
    file.read(reinterpret_cast<char*>(content.data()), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(file.gcount()));
  } else if (file) {  // a pipe, whose size nobody knows
    for (std::istreambuf_iterator<char> at(file), end; at != end && content.size() <= kLargestFile; ++at) {
      content.push_back(static_cast<std::uint8_t>(*at));
    }
  }
  if (content.size() > kLargestFile) throw Error(ExitCode::bad_file, source.name + kTooLarge);
  if (!file && errno != 0) {
    throw Error(ExitCode::bad_file, source.name + ": cannot be read (" + std::strerror(errno) + ")");
  }
  return content;
}

}  // namespace torchferry

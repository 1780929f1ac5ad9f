#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace torchferry {

/// One picture that was asked for.
struct Source {
  std::string name;  ///< the file, or "-"
  std::vector<std::uint8_t>
      content;  ///< where it came from standard input; else empty, and the file is to be read
};

/// The pictures that the command line names, one after the other: a folder is opened, and a list on standard
/// input read, only when it is reached, so that a list may be without end.
class Sources {
 public:
  explicit Sources(const std::vector<std::string>& words);

  /// The next one; nothing after the last. A folder that holds no picture stands for itself.
  [[nodiscard]] std::optional<Source> next();

  /// Whether there may be more than `number` to come.
  [[nodiscard]] bool may_exceed(std::size_t number);

  /// Has `next`, which may be waiting for standard input in another thread, return nothing from now on.
  void stop() { stopped_ = true; }

 private:
  [[nodiscard]] std::optional<std::string> next_line();
  [[nodiscard]] bool read_more();
  [[nodiscard]] std::vector<std::uint8_t> rest_of_input();
  [[nodiscard]] bool begins_with_picture();
  [[nodiscard]] bool open_folder(const std::string& folder);

  std::deque<std::string> words_;
  std::deque<std::string> opened_;  ///< what is left of a folder
  std::string buffer_;              ///< read of standard input and not used yet
  bool ended_ = false;              ///< whether standard input has
  bool lists_ = false;              ///< whether standard input is a list that is being read
  std::atomic<bool> stopped_ = false;
};

/// All bytes of a source.
/// @throws Error (bad_file) when the file is missing, no regular file, too large or cannot be read.
[[nodiscard]] std::vector<std::uint8_t> read(Source source);

}  // namespace torchferry

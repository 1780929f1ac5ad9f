#pragma once

#include <stdexcept>
#include <string>

namespace torchferry {

/// What the process exits with; the same numbers mean the same in the Python steps.
enum class ExitCode : int {
  ok = 0,
  usage = 2,        ///< the command line cannot be understood
  bad_file = 3,     ///< an archive or a samples file is missing, damaged or does not fit
  model = 4,        ///< the model failed while it ran
  environment = 5,  ///< something around us failed: a folder that cannot be written, say
};

/// A failure that the user can act on. `what()` is one line: what was found, what was expected, what to do.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

}  // namespace torchferry

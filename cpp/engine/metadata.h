#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/form.h"

namespace torchferry {

/// The method that every model has.
inline constexpr auto kForward = "forward";

/// One axis of a tensor.
struct Extent {
  std::int64_t size = 1;  ///< where it is free, one that the model was tried with
  std::string name;       ///< "batch", "height", …; empty: it is what `size` says
};

/// What one argument of `forward` must look like.
struct InputSpec {
  std::string dtype;          ///< torch's own name: "float32", "uint8", …; "any": not said
  std::vector<Extent> shape;  ///< of the tensor, or of each one in the list
  bool listed = false;        ///< a list of tensors, each with free extents of its own
};

/// What the exporter wrote into the archive beside the model. An archive made elsewhere has none of it.
struct Metadata {
  std::vector<InputSpec> inputs;        ///< one per argument of `forward`; empty: unknown
  std::vector<std::string> categories;  ///< the class names by label; empty: unknown
  std::string notice;                   ///< what whoever runs this archive must be told; mostly empty
  std::optional<Form> form;             ///< in which it was verified, and is to run; none: not said
  std::string record;                   ///< all that the exporter knew, as JSON
  std::string about;                    ///< the same in a few lines for people
};

/// The archive's extra files that make up the metadata.
inline constexpr auto kInputsFile = "inputs.txt";
inline constexpr auto kCategoriesFile = "categories.txt";
inline constexpr auto kNoticeFile = "notice.txt";
inline constexpr auto kFormFile = "form.txt";
inline constexpr auto kRecordFile = "torchferry.json";
inline constexpr auto kAboutFile = "about.txt";
inline constexpr std::array kOurFiles{kInputsFile, kCategoriesFile, kNoticeFile,
                                      kFormFile,   kRecordFile,     kAboutFile};

/// Reads `inputs.txt`: a line per argument, "list" where it is one, the dtype, and each extent: "3", or
/// "height:192" where it is free, or "batch".
/// @throws Error (bad_file) on a line that is not of this form.
[[nodiscard]] std::vector<InputSpec> parse_inputs(const std::string& text);

/// Reads `form.txt`: "fused", "frozen" or "plain" in its first line; none where the text is empty.
/// @throws Error (bad_file) on another word.
[[nodiscard]] std::optional<Form> parse_form(const std::string& text);

/// The lines of a text, without their ends; a last empty line does not count.
[[nodiscard]] std::vector<std::string> lines(const std::string& text);

/// "float32[batch, 3, 224, 224]", "list of float32[3, height, width]"
[[nodiscard]] std::string to_string(const InputSpec& spec);

}  // namespace torchferry

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace torchferry {

/// What one argument of `forward` must look like.
struct InputSpec {
  std::string dtype;                               ///< torch's own name: "float32", "uint8", …
  std::vector<std::optional<std::int64_t>> shape;  ///< a missing extent is free: the batch
};

/// What the exporter wrote into the archive beside the model. An archive made elsewhere has none of it.
struct Metadata {
  std::vector<InputSpec> inputs;        ///< one per argument of `forward`; empty: unknown
  std::vector<std::string> categories;  ///< the class names by label; empty: unknown
  std::string notice;                   ///< what whoever runs this archive must be told; mostly empty
  std::string record;                   ///< all that the exporter knew, as JSON
  std::string about;                    ///< the same in a few lines for people
};

/// The archive's extra files that make up the metadata.
inline constexpr auto kInputsFile = "inputs.txt";
inline constexpr auto kCategoriesFile = "categories.txt";
inline constexpr auto kNoticeFile = "notice.txt";
inline constexpr auto kRecordFile = "torchferry.json";
inline constexpr auto kAboutFile = "about.txt";

/// Reads `inputs.txt`: a line per argument, the dtype and then each extent, "batch" where it is free.
/// @throws Error (bad_file) on a line that is not of this form.
[[nodiscard]] std::vector<InputSpec> parse_inputs(const std::string& text);

/// The lines of a text, without their ends; a last empty line does not count.
[[nodiscard]] std::vector<std::string> lines(const std::string& text);

/// "float32[batch, 3, 224, 224]"
[[nodiscard]] std::string to_string(const InputSpec& spec);

}  // namespace torchferry

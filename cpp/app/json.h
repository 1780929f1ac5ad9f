#pragma once

#include <string>
#include <string_view>

namespace torchferry {

/// A text as a JSON string, quotes included; bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);

/// A number as JSON knows it: null where it is not finite.
[[nodiscard]] std::string json_number(double value);

}  // namespace torchferry

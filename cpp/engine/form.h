#pragma once

#include <optional>
#include <string_view>

namespace torchferry {

/// What is made of a model before it runs.
enum class Form {
  fused,   ///< frozen, and fused by oneDNN Graph; see engine/optimised.h
  frozen,  ///< weights become constants, and batch norms are folded into convolutions
  plain,   ///< what libtorch makes of it by itself
  once,    ///< nothing: for a single call, where the others take longer than they save
};

/// "fused", "frozen", "plain" or "once".
[[nodiscard]] constexpr std::string_view name_of(Form form) {
  switch (form) {
    case Form::fused:
      return "fused";
    case Form::frozen:
      return "frozen";
    case Form::plain:
      return "plain";
    case Form::once:
      return "once";
  }
  return "";
}

/// The form of that name, which a person or an archive asks for; none where there is no such one.
[[nodiscard]] constexpr std::optional<Form> form_named(std::string_view name) {
  for (const auto form : {Form::fused, Form::frozen, Form::plain}) {
    if (name == name_of(form)) return form;
  }
  return std::nullopt;
}

}  // namespace torchferry

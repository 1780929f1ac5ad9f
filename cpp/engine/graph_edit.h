#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace torchferry {

using Values = std::vector<torch::jit::Value*>;

/// The operator that makes a view of a whole tensor: it copies nothing, and is no kernel of oneDNN's.
inline constexpr auto kView = "aten::detach";

/// The first inputs of a node, or all of them.
[[nodiscard]] Values first(torch::jit::Node& node, std::size_t count);
[[nodiscard]] Values all(torch::jit::Node& node);

/// A test of a node, such as `is_pointwise`.
using Test = std::function<bool(const torch::jit::Node&)>;

/// Goes back along first inputs past nodes that pass a test, and returns the first node that does not.
[[nodiscard]] const torch::jit::Node* behind(const torch::jit::Node* node, const Test& passes);

/// Goes back from a node through nodes that pass a test; returns it and all that are reached.
[[nodiscard]] std::vector<const torch::jit::Node*> reached(const torch::jit::Node* node, const Test& passes);

/// A constant that a node can read.
[[nodiscard]] torch::jit::Value* constant_before(torch::jit::Node& node, const c10::IValue& value);

[[nodiscard]] bool is_none(const torch::jit::Value& value);
[[nodiscard]] bool is_tensor(const torch::jit::Value& value);

/// Puts another operator of ATen, whose results are tensors, in the place of one; its first result stands for
/// that of the former.
void replace(torch::jit::Node& node, const std::string& kind, const Values& inputs, std::size_t results = 1);

/// Gives a node a view of one of its inputs, a tensor, instead, or what another operator makes of that and of
/// more values.
void put_between(torch::jit::Node& node, std::size_t place, const char* kind = kView,
                 const Values& more = {});

}  // namespace torchferry

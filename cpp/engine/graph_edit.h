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

/// Something that a node is, such as `is_pointwise`.
using Test = std::function<bool(const torch::jit::Node&)>;

/// What makes the value that a chain of nodes that pass a test, of which this is the last, takes for its
/// input.
[[nodiscard]] const torch::jit::Node* behind(const torch::jit::Node* node, const Test& passes);

/// A node, and all that are reached from it backwards, through nodes that pass a test.
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

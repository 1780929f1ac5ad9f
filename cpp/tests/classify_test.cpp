#include "engine/classify.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <limits>
#include <vector>

#include "tests/testing.h"

namespace torchferry::classify_test {

namespace {

constexpr auto kNan = std::numeric_limits<float>::quiet_NaN();
constexpr auto kInfinity = std::numeric_limits<float>::infinity();

at::Tensor row(const std::vector<float>& logits) { return at::tensor(logits).unsqueeze(0); }

std::vector<std::int64_t> labels(const Ranking& ranking) {
  std::vector<std::int64_t> found;
  found.reserve(ranking.size());
  for (const auto& ranked : ranking) found.push_back(ranked.label);
  return found;
}

std::vector<std::int64_t> labels(const at::Tensor& output, std::int64_t k = 5) {
  const auto rankings = classify(output, k);
  REQUIRE(rankings.size() == 1);
  return labels(rankings.front());
}

}  // namespace

TEST_SUITE_BEGIN("classify");

TEST_CASE("the likeliest classes come first") {
  CHECK(labels(row({1, 5, 3, 2, 4})) == std::vector<std::int64_t>{1, 4, 2, 3, 0});
  CHECK(labels(row({1, 5, 3, 2, 4}), 2) == std::vector<std::int64_t>{1, 4});
}

TEST_CASE("where there are fewer classes than are asked for, all come") {
  CHECK(labels(row({1, 2}), 1000) == std::vector<std::int64_t>{1, 0});
  CHECK(labels(row({1}), 5) == std::vector<std::int64_t>{0});
}

TEST_CASE("a probability is the softmax over all classes, also those that are not shown") {
  const auto ranking = classify(row({0, 0, 0, 0}), 1).at(0);
  CHECK(ranking.at(0).probability == doctest::Approx(0.25));
  const auto steep = classify(row({1000, 0, -1000}), 3).at(0);
  CHECK(steep.at(0).probability == doctest::Approx(1));
  CHECK(steep.at(2).probability == 0);
}

TEST_CASE("each row of a batch is ranked on its own") {
  const auto rankings = classify(at::tensor(std::vector<float>{1, 2, 3, 9, 8, 7}).view({2, 3}), 2);
  REQUIRE(rankings.size() == 2);
  CHECK(labels(rankings[0]) == std::vector<std::int64_t>{2, 1});
  CHECK(labels(rankings[1]) == std::vector<std::int64_t>{0, 1});
}

TEST_CASE("of equal scores each comes once") {
  auto found = labels(at::zeros({1, 6}), 6);
  std::ranges::sort(found);
  CHECK(found == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5});
  const auto rankings = classify(at::zeros({1, 6}), 6);
  for (const auto& ranked : rankings.at(0)) CHECK(ranked.probability == doctest::Approx(1.0 / 6));
}

TEST_CASE("it is ranked by logits, where half precision gives different ones the same probability") {
  for (const auto type : {at::kHalf, at::kBFloat16}) {
    const auto logits = row({20.0F, 20.125F, 20.25F, 40.0F}).to(type);
    CHECK(labels(logits, 4) == std::vector<std::int64_t>{3, 2, 1, 0});
  }
}

TEST_CASE("what is no number comes first, and is none as a probability") {
  const auto ranking = classify(row({1, kNan, 3}), 3).at(0);
  CHECK(labels(ranking) == std::vector<std::int64_t>{1, 2, 0});
  for (const auto& ranked : ranking) CHECK(std::isnan(ranked.probability));
}

TEST_CASE("infinite scores are ranked as what they are") {
  CHECK(labels(row({1, -kInfinity, 3})) == std::vector<std::int64_t>{2, 0, 1});
  CHECK(classify(row({1, -kInfinity, 3}), 3).at(0).at(2).probability == 0);
  CHECK(labels(row({1, kInfinity, 3}), 1) == std::vector<std::int64_t>{1});
}

TEST_CASE("scores of every type of floating point are ranked") {
  for (const auto type : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16}) {
    CHECK(labels(row({1, 3, 2}).to(type)) == std::vector<std::int64_t>{1, 2, 0});
  }
}

TEST_CASE("scores that do not lie side by side in memory are ranked") {
  const auto turned = at::tensor(std::vector<float>{1, 6, 2, 5, 3, 4}).view({3, 2}).t();
  const auto rankings = classify(turned, 3);
  REQUIRE(rankings.size() == 2);
  CHECK(labels(rankings[0]) == std::vector<std::int64_t>{2, 1, 0});
  CHECK(labels(rankings[1]) == std::vector<std::int64_t>{0, 1, 2});
}

TEST_CASE("what are no class scores is not ranked") {
  CHECK(classify(at::zeros({3}), 5).empty());
  CHECK(classify(at::zeros({1, 3, 4}), 5).empty());
  CHECK(classify(at::zeros({}), 5).empty());
  CHECK(classify(at::empty({0, 3}), 5).empty());
  CHECK(classify(at::empty({3, 0}), 5).empty());
  CHECK(classify(at::zeros({1, 3}, at::kLong), 5).empty());
  CHECK(classify(at::zeros({1, 3}, at::kBool), 5).empty());
  CHECK(classify(at::zeros({1, 3}, at::kComplexFloat), 5).empty());
  CHECK(classify(at::zeros({1, 3}).to_sparse(), 5).empty());
}

TEST_SUITE_END();

}  // namespace torchferry::classify_test

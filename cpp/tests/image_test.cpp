#include "image/image.h"

#include "tests/testing.h"

namespace torchferry::image_test {

TEST_SUITE_BEGIN("image");

TEST_CASE("a picture is taken up to its largest area and its longest side") {
  CHECK_NOTHROW(check_size(1, 1, "a"));
  CHECK_NOTHROW(check_size(kMaxSide, 178, "a"));
  CHECK_NOTHROW(check_size(178, kMaxSide, "a"));
  CHECK_NOTHROW(check_size(13377, 13377, "a"));  // 178,944,129 pixels
}

TEST_CASE("a larger one is refused, and what it claims is said") {
  const auto refused = [](std::size_t width, std::size_t height) {
    return refusal([&] {
      check_size(width, height, "big.png");
      return 0;
    });
  };
  CHECK(refused(1'000'001, 1) ==
        "3: big.png claims to be 1000001x1, expected at most 178956970 pixels and 1000000 a side; make it "
        "smaller");
  CHECK(refused(13378, 13378).starts_with("3: big.png claims to be 13378x13378, "));
  CHECK(refused(kMaxPixels / 1000 + 1, 1000).starts_with("3: "));
  CHECK(refused(1, 1'000'001).starts_with("3: "));
  CHECK(refused(0xFFFFFFFF, 0xFFFFFFFF).starts_with("3: "));
  CHECK(refused(0x80000000, 2).starts_with("3: "));
}

TEST_CASE("memory for a picture has three bytes a pixel") {
  const auto image = unwritten(7, 5, "a");
  CHECK(image.width == 7);
  CHECK(image.height == 5);
  CHECK(image.pixels.size() == 105);
}

TEST_CASE("memory is asked for only within the limits") {
  CHECK(
      refusal([] { return unwritten(60'000, 60'000, "a"); }).starts_with("3: a claims to be 60000x60000, "));
}

TEST_SUITE_END();

}  // namespace torchferry::image_test

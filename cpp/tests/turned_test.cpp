#include <array>
#include <random>
#include <string>

#include "image/orientation.h"
#include "tests/testing.h"

namespace torchferry::turned_test {

namespace {

/// A picture whose pixels are the letters of rows of equal length, the channels told apart by their case.
Image drawn(std::initializer_list<std::string_view> rows) {
  Image image{rows.begin()->size(), rows.size(), {}};
  for (const auto row : rows) {
    for (const char letter : row) {
      for (const int channel : {0, 1, 2})
        image.pixels.push_back(static_cast<std::uint8_t>(letter + channel * 64));
    }
  }
  return image;
}

bool same(const Image& one, const Image& other) {
  return one.width == other.width && one.height == other.height && one.pixels == other.pixels;
}

Image noise(std::size_t width, std::size_t height) {
  std::minstd_rand chance(7);
  Image image{width, height, Pixels(width * height * kChannels)};
  for (auto& value : image.pixels) value = static_cast<std::uint8_t>(chance());
  return image;
}

/// Where in the picture the pixel (x, y) of the turned one comes from.
std::array<std::size_t, 2> origin(int orientation, std::size_t x, std::size_t y, const Image& from) {
  const auto right = from.width - 1;
  const auto bottom = from.height - 1;
  switch (orientation) {
    case 2:
      return {right - x, y};
    case 3:
      return {right - x, bottom - y};
    case 4:
      return {x, bottom - y};
    case 5:
      return {y, x};
    case 6:
      return {y, bottom - x};
    case 7:
      return {right - y, bottom - x};
    case 8:
      return {right - y, x};
    default:
      return {x, y};
  }
}

bool is_turned(const Image& from, const Image& to, int orientation) {
  for (std::size_t y = 0; y < to.height; ++y) {
    for (std::size_t x = 0; x < to.width; ++x) {
      const auto [left, top] = origin(orientation, x, y, from);
      for (std::size_t channel = 0; channel < kChannels; ++channel) {
        if (to.pixels[(y * to.width + x) * kChannels + channel] !=
            from.pixels[(top * from.width + left) * kChannels + channel]) {
          return false;
        }
      }
    }
  }
  return true;
}

}  // namespace

TEST_SUITE_BEGIN("turned");

TEST_CASE("each orientation puts every pixel where EXIF says") {
  const auto picture = drawn({"abc", "def"});
  CHECK(same(turned(picture, 1), picture));
  CHECK(same(turned(picture, 2), drawn({"cba", "fed"})));
  CHECK(same(turned(picture, 3), drawn({"fed", "cba"})));
  CHECK(same(turned(picture, 4), drawn({"def", "abc"})));
  CHECK(same(turned(picture, 5), drawn({"ad", "be", "cf"})));
  CHECK(same(turned(picture, 6), drawn({"da", "eb", "fc"})));
  CHECK(same(turned(picture, 7), drawn({"fc", "eb", "da"})));
  CHECK(same(turned(picture, 8), drawn({"cf", "be", "ad"})));
}

TEST_CASE("a number that is none of the eight turns nothing") {
  const auto picture = drawn({"abc", "def"});
  for (const int orientation : {-1, 0, 9, 255}) CHECK(same(turned(picture, orientation), picture));
}

TEST_CASE("a picture of one row, one column or one pixel is turned") {
  CHECK(same(turned(drawn({"a"}), 7), drawn({"a"})));
  CHECK(same(turned(drawn({"abc"}), 6), drawn({"a", "b", "c"})));
  CHECK(same(turned(drawn({"abc"}), 8), drawn({"c", "b", "a"})));
  CHECK(same(turned(drawn({"a", "b"}), 5), drawn({"ab"})));
}

TEST_CASE("pictures that are larger than a tile, and no multiple of it, are turned") {
  for (const auto& [width, height] :
       {std::pair<std::size_t, std::size_t>{32, 32}, {33, 31}, {70, 45}, {1, 100}}) {
    const auto picture = noise(width, height);
    for (int orientation = 1; orientation <= 8; ++orientation) {
      CAPTURE(orientation);
      const auto upright = turned(picture, orientation);
      CHECK(upright.width == (orientation >= 5 ? height : width));
      CHECK(upright.height == (orientation >= 5 ? width : height));
      CHECK(is_turned(picture, upright, orientation));
    }
  }
}

TEST_CASE("turning back gives the picture again") {
  constexpr std::array kBack{1, 2, 3, 4, 5, 8, 7, 6};
  const auto picture = noise(37, 66);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    CHECK(same(turned(turned(picture, orientation), kBack[static_cast<std::size_t>(orientation - 1)]),
               picture));
  }
}

TEST_SUITE_END();

}  // namespace torchferry::turned_test

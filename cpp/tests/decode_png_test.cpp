
#include <string>
#include <vector>

#include "image/decode.h"
#include "tests/exif.h"
#include "tests/png.h"
#include "tests/testing.h"

namespace torchferry::decode_png_test {

namespace {

using namespace std::string_literals;
using Values = std::vector<int>;

const auto kRow = "\0\1\2\3\4\5\6"s;  // not filtered, and two pixels of three bytes

Image decoded(const std::string& png) { return decode(bytes_of(png), "cat.png"); }

std::string refused(const std::string& png) {
  return refusal([&] { return decoded(png); });
}

std::string png(const std::string& head, const std::string& row) {
  return std::string(kSignature) + head + chunk("IDAT", packed(row)) + chunk("IEND");
}

Values values(const std::string& content) {
  const auto image = decoded(content);
  return {image.pixels.begin(), image.pixels.end()};
}

}  // namespace

TEST_SUITE_BEGIN("decode a PNG");

TEST_CASE("red, green and blue stay as they are") {
  const auto image = decoded(two_pixels());
  CHECK(image.width == 2);
  CHECK(image.height == 1);
  CHECK(values(two_pixels()) == Values{1, 2, 3, 4, 5, 6});
}

TEST_CASE("grey becomes three equal channels, in all its depths") {
  CHECK(values(png(header(2, 1, 8, Colour::grey), "\0\x12\xFE"s)) ==
        Values{0x12, 0x12, 0x12, 0xFE, 0xFE, 0xFE});
  CHECK(values(png(header(2, 1, 1, Colour::grey), "\0\x40"s)) == Values{0, 0, 0, 255, 255, 255});
  CHECK(values(png(header(2, 1, 2, Colour::grey), "\0\x90"s)) == Values{170, 170, 170, 85, 85, 85});
  CHECK(values(png(header(2, 1, 4, Colour::grey), "\0\x1F"s)) == Values{17, 17, 17, 255, 255, 255});
}

TEST_CASE("of 16 bits the high byte stays") {
  CHECK(values(png(header(2, 1, 16, Colour::grey), "\0\x12\x34\xFE\xFF"s)) ==
        Values{0x12, 0x12, 0x12, 0xFE, 0xFE, 0xFE});
  CHECK(values(png(header(1, 1, 16, Colour::rgb), "\0\x12\xFF\x34\xFF\x56\xFF"s)) ==
        Values{0x12, 0x34, 0x56});
}

TEST_CASE("alpha is dropped, also that of one transparent colour") {
  CHECK(values(png(header(2, 1, 8, Colour::grey_alpha), "\0\x80\0\x81\xFF"s)) ==
        Values{0x80, 0x80, 0x80, 0x81, 0x81, 0x81});
  CHECK(values(png(header(2, 1, 8, Colour::rgb_alpha), "\0\1\2\3\0\4\5\6\x80"s)) == Values{1, 2, 3, 4, 5, 6});
  CHECK(values(two_pixels(chunk("tRNS", "\0\1\0\2\0\3"s))) == Values{1, 2, 3, 4, 5, 6});
}

TEST_CASE("a palette is looked up, in all depths of its indices") {
  const auto palette = chunk("PLTE", "\1\2\3\4\5\6\7\x08\x09"s);
  CHECK(values(png(header(3, 1, 8, Colour::indexed) + palette, "\0\2\0\1"s)) ==
        Values{7, 8, 9, 1, 2, 3, 4, 5, 6});
  CHECK(values(png(header(3, 1, 2, Colour::indexed) + palette, "\0\x84"s)) ==
        Values{7, 8, 9, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("a colour that the palette lacks is refused") {
  const auto palette = chunk("PLTE", "\1\2\3\4\5\6"s);
  CHECK(refused(png(header(2, 1, 8, Colour::indexed) + palette, "\0\1\2"s)) ==
        "3: cat.png has a pixel of colour 2, expected less than the 2 of its palette; convert it again");
}

TEST_CASE("gamma and colour profiles are ignored") {
  CHECK(values(two_pixels(chunk("gAMA", number(45455, 4)))) == Values{1, 2, 3, 4, 5, 6});
  CHECK(values(two_pixels(chunk("iCCP", "x\0\0"s + packed("no profile")))) == Values{1, 2, 3, 4, 5, 6});
}

TEST_CASE("it is turned as its EXIF says") {
  const auto upright = decoded(two_pixels(chunk("eXIf", tiff_of(8))));
  CHECK(upright.width == 1);
  CHECK(upright.height == 2);
  CHECK(values(two_pixels(chunk("eXIf", tiff_of(8)))) == Values{4, 5, 6, 1, 2, 3});
}

TEST_CASE("a byte that was changed anywhere is seen") {
  const auto whole = two_pixels(chunk("eXIf", tiff_of(6)));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    CAPTURE(at);
    auto changed = whole;
    changed[at] ^= 4;
    CHECK(refused(changed).starts_with("3: cat.png "));
  }
}

TEST_CASE("one that is cut is refused as such") {
  const auto whole = two_pixels();
  for (std::size_t length = kSignature.size(); length < whole.size(); ++length) {
    CHECK(refused(whole.substr(0, length)) ==
          "3: cat.png is a PNG that ends too early, expected a whole one; fetch it again");
  }
}

TEST_CASE("an animation is refused") {
  CHECK(refused(two_pixels(chunk("acTL", "\0\0\0\1\0\0\0\0"s))) ==
        "3: cat.png is an animated PNG, expected a still one; convert it");
}

TEST_CASE("data that are too short, too long or damaged are refused, in libpng's words") {
  CHECK(refused(png(header(2, 1), kRow.substr(0, 6))).starts_with("3: cat.png cannot be decoded as a PNG ("));
  CHECK(refused(png(header(2, 1), kRow + "more")).starts_with("3: cat.png cannot be decoded as a PNG (IDAT"));
  const auto bent = packed(kRow).substr(0, 10);
  CHECK(refused(std::string(kSignature) + header(2, 1) + chunk("IDAT", bent) + chunk("IEND"))
            .ends_with("), expected an undamaged one; fetch or convert it again"));
}

TEST_CASE("one without data, or whose header says what cannot be, is refused") {
  CHECK(refused(std::string(kSignature) + header(2, 1) + chunk("IEND"))
            .starts_with("3: cat.png cannot be decoded"));
  CHECK(refused(std::string(kSignature) + chunk("IEND")).starts_with("3: cat.png cannot be decoded"));
  CHECK(refused(png(header(0, 1), kRow)).starts_with("3: cat.png cannot be decoded"));
  CHECK(refused(png(header(2, 1, 3), kRow)).starts_with("3: cat.png cannot be decoded"));
  CHECK(refused(png(header(2, 1, 8, static_cast<Colour>(5)), kRow))
            .starts_with("3: cat.png cannot be decoded"));
  CHECK(refused(png(header(2, 1, 8, Colour::indexed), kRow)).starts_with("3: cat.png cannot be decoded"));
}

TEST_CASE("one that claims to be larger than any picture is refused for that") {
  CHECK(refused(png(header(60'000, 60'000), kRow)).starts_with("3: cat.png claims to be 60000x60000, "));
  CHECK(refused(png(header(1'000'001, 1), kRow)).starts_with("3: cat.png claims to be 1000001x1, "));
}

TEST_CASE("a private chunk may be longer than libpng would take") {
  CHECK(values(two_pixels(chunk("prVt", std::string(9'000'000, 'x')))) == Values{1, 2, 3, 4, 5, 6});
}

TEST_SUITE_END();

}  // namespace torchferry::decode_png_test

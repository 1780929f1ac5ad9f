
// clang-format off
#include <cstdio>  // for jpeglib.h, which needs it first
#include <jpeglib.h>
// clang-format on

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "image/decode.h"
#include "tests/exif.h"
#include "tests/testing.h"

namespace torchferry::decode_jpeg_test {

namespace {

using namespace std::string_literals;

const auto kExif = "Exif\0\0"s;
const auto kXmp = "http://ns.adobe.com/xap/1.0/\0"s;

/// A JPEG, as libjpeg writes it, whose left half is of one colour and whose right half of another.
std::string halves(const std::vector<int>& left, const std::vector<int>& right, bool progressive = false) {
  constexpr JDIMENSION kWidth = 32;
  constexpr JDIMENSION kHeight = 16;
  jpeg_compress_struct state{};
  jpeg_error_mgr errors{};
  state.err = jpeg_std_error(&errors);
  jpeg_create_compress(&state);
  unsigned char* content = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&state, &content, &size);
  state.image_width = kWidth;
  state.image_height = kHeight;
  state.input_components = static_cast<int>(left.size());
  state.in_color_space = left.size() == 1 ? JCS_GRAYSCALE : left.size() == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&state);
  jpeg_set_quality(&state, 100, TRUE);
  if (progressive) jpeg_simple_progression(&state);
  jpeg_start_compress(&state, TRUE);
  std::vector<JSAMPLE> row;
  for (JDIMENSION x = 0; x < kWidth; ++x) {
    for (const int value : x < kWidth / 2 ? left : right) row.push_back(static_cast<JSAMPLE>(value));
  }
  auto* line = row.data();
  for (JDIMENSION y = 0; y < kHeight; ++y) jpeg_write_scanlines(&state, &line, 1);
  jpeg_finish_compress(&state);
  jpeg_destroy_compress(&state);
  std::string jpeg(reinterpret_cast<const char*>(content), size);
  std::free(content);  // NOLINT(cppcoreguidelines-no-malloc,cppcoreguidelines-owning-memory)
  return jpeg;
}

/// A red half beside a blue one.
std::string red_and_blue() { return halves({255, 0, 0}, {0, 0, 255}); }

/// A JPEG with these blocks in front.
std::string with_app1(const std::string& jpeg, const std::vector<std::string>& blocks) {
  std::string segments;
  for (const auto& block : blocks) {
    segments += "\xFF\xE1" + number(static_cast<std::uint32_t>(block.size() + 2), 2) + block;
  }
  return jpeg.substr(0, 2) + segments + jpeg.substr(2);
}

Image decoded(const std::string& jpeg) { return decode(bytes_of(jpeg), "cat.jpg"); }

std::string refused(const std::string& jpeg) {
  return refusal([&] { return decoded(jpeg); });
}

/// Whether the pixel at (x, y) is that colour, but for what a JPEG rounds.
bool is_near(const Image& image, std::size_t x, std::size_t y, const std::vector<int>& colour) {
  const auto* pixel = image.pixels.data() + (y * image.width + x) * kChannels;
  return std::equal(colour.begin(), colour.end(), pixel,
                    [](int expected, int found) { return std::abs(expected - found) <= 3; });
}

/// Where the frame header begins.
std::size_t frame(const std::string& jpeg) { return jpeg.find("\xFF\xC0"); }

/// "32x16" upright, "16x32" turned by a quarter.
std::string size_of(const std::string& jpeg) {
  const auto image = decoded(jpeg);
  return std::to_string(image.width) + "x" + std::to_string(image.height);
}

}  // namespace

TEST_SUITE_BEGIN("decode a JPEG");

TEST_CASE("colours come out as red, green and blue") {
  for (const bool progressive : {false, true}) {
    const auto image = decoded(halves({255, 0, 0}, {0, 0, 255}, progressive));
    CHECK(image.width == 32);
    CHECK(image.height == 16);
    CHECK(image.pixels.size() == 32UL * 16 * 3);
    CHECK(is_near(image, 2, 8, {255, 0, 0}));
    CHECK(is_near(image, 29, 8, {0, 0, 255}));
  }
}

TEST_CASE("grey becomes three equal channels") {
  const auto image = decoded(halves({200}, {50}));
  CHECK(is_near(image, 2, 8, {200, 200, 200}));
  CHECK(is_near(image, 29, 8, {50, 50, 50}));
}

TEST_CASE("four inks are taken to be inverted, as Adobe writes them and Pillow reads them") {
  const auto image = decoded(halves({255, 255, 255, 255}, {0, 255, 255, 128}));
  CHECK(is_near(image, 2, 8, {255, 255, 255}));
  CHECK(is_near(image, 29, 8, {0, 128, 128}));
}

TEST_CASE("it is turned as its EXIF says") {
  const auto upright = decoded(with_app1(red_and_blue(), {kExif + tiff_of(6)}));
  CHECK(upright.width == 16);
  CHECK(upright.height == 32);
  CHECK(is_near(upright, 8, 2, {255, 0, 0}));
  CHECK(is_near(upright, 8, 29, {0, 0, 255}));
  const auto mirrored = decoded(with_app1(red_and_blue(), {kExif + tiff_of(2)}));
  CHECK(is_near(mirrored, 2, 8, {0, 0, 255}));
}

TEST_CASE("an EXIF block may go on in further segments") {
  const auto block = tiff_of(6);
  CHECK(size_of(with_app1(red_and_blue(), {kExif + block.substr(0, 15), kExif + block.substr(15)})) ==
        "16x32");
  CHECK(size_of(with_app1(red_and_blue(), {kExif + block.substr(0, 15)})) == "32x16");
}

TEST_CASE("it is turned as its XMP says, where EXIF says nothing") {
  const auto xmp = kXmp + R"(<x tiff:Orientation="6"/>)";
  CHECK(size_of(with_app1(red_and_blue(), {xmp})) == "16x32");
  CHECK(size_of(with_app1(red_and_blue(), {kExif + tiff({}), xmp})) == "16x32");
  CHECK(size_of(with_app1(red_and_blue(), {xmp, kExif + tiff_of(1)})) == "32x16");
}

TEST_CASE("notes that are damaged or of something else turn nothing") {
  for (const auto& block : {"Exif"s, kExif, kExif + "anything", "Other"s + tiff_of(6), kXmp, ""s}) {
    CHECK(size_of(with_app1(red_and_blue(), {block})) == "32x16");
  }
}

TEST_CASE("one that is cut anywhere is refused") {
  for (const bool progressive : {false, true}) {
    const auto whole = halves({255, 0, 0}, {0, 0, 255}, progressive);
    for (std::size_t length = 3; length < whole.size(); ++length) {
      CAPTURE(length);
      CHECK(refused(whole.substr(0, length)).starts_with("3: cat.jpg cannot be decoded as a JPEG ("));
    }
  }
}

TEST_CASE("what follows the picture is not read") {
  CHECK(size_of(red_and_blue() + std::string(100, '\0')) == "32x16");
  CHECK(size_of(red_and_blue() + "\xFF\xD8\xFF") == "32x16");
}

TEST_CASE("fill bytes before the end, as cameras leave them, do no harm") {
  const auto whole = red_and_blue();
  CHECK(size_of(whole.substr(0, whole.size() - 2) + std::string(7, '\0') + whole.substr(whole.size() - 2)) ==
        "32x16");
}

TEST_CASE("a kind that libjpeg does not decode is refused by name") {
  auto jpeg = red_and_blue();
  for (const char kind : {'\xC3', '\xC5'}) {
    jpeg[frame(red_and_blue()) + 1] = kind;
    CHECK(refused(jpeg) == "3: cat.jpg is a lossless or hierarchical JPEG, expected a plain one; convert it");
  }
  jpeg = red_and_blue();
  jpeg[frame(jpeg) + 4] = 12;
  CHECK(refused(jpeg) == "3: cat.jpg is a JPEG of 12 bits, expected one of 8; convert it");
}

TEST_CASE("one that claims to be larger than any picture is refused for that") {
  auto jpeg = red_and_blue();
  jpeg.replace(frame(jpeg) + 5, 4, number(65'000, 2) + number(65'000, 2));
  CHECK(refused(jpeg).starts_with("3: cat.jpg claims to be 65000x65000, "));
}

TEST_CASE("data that are damaged are refused in libjpeg's words") {
  auto jpeg = red_and_blue();
  jpeg.erase(jpeg.size() - 12, 6);
  CHECK(refused(jpeg).ends_with("), expected an undamaged one; fetch or convert it again"));
  CHECK(refused("\xFF\xD8\xFF\xD9").starts_with("3: cat.jpg cannot be decoded as a JPEG ("));
}

TEST_SUITE_END();

}  // namespace torchferry::decode_jpeg_test

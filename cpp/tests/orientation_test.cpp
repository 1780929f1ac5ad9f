#include "image/orientation.h"

#include <string>
#include <string_view>

#include "tests/exif.h"
#include "tests/testing.h"

namespace torchferry::orientation_test {

namespace {

using namespace std::string_literals;

const auto kPrefix = "Exif\0\0"s;
constexpr std::string_view kSix = R"(<x tiff:Orientation="6"/>)";

int said(const std::string& exif, std::string_view xmp = "") { return orientation(bytes_of(exif), xmp); }

}  // namespace

TEST_SUITE_BEGIN("orientation");

TEST_CASE("a picture without notes is upright") {
  CHECK(said("") == 1);
  CHECK(orientation({}, {}) == 1);
}

TEST_CASE("each number is read in both orders of bytes") {
  for (std::uint32_t value = 1; value <= 8; ++value) {
    CHECK(said(tiff({{value}})) == static_cast<int>(value));
    CHECK(said(tiff({{value}}, /*little=*/false)) == static_cast<int>(value));
  }
}

TEST_CASE("the block may begin with its prefix, once or twice") {
  CHECK(said(kPrefix + tiff_of(6)) == 6);
  CHECK(said(kPrefix + kPrefix + tiff_of(6)) == 6);
  CHECK(said(kPrefix + kPrefix + kPrefix + tiff_of(6)) == 1);
}

TEST_CASE("a number that is none of the eight turns nothing") {
  for (const std::uint32_t value : {0U, 9U, 255U, 0x0600U, 65535U}) CHECK(said(tiff({{value}})) == 1);
  for (const std::uint32_t value : {0U, 9U, 0x10006U, 0xFFFFFFFFU})
    CHECK(said(tiff({{value, Type::u32}})) == 1);
}

TEST_CASE("whole numbers of two and of four bytes are read") {
  for (const auto type : {Type::u16, Type::i16, Type::u32, Type::i32, Type::ifd}) {
    CHECK(said(tiff({{6, type}})) == 6);
    CHECK(said(tiff({{6, type}}, /*little=*/false)) == 6);
  }
}

TEST_CASE("what is no such number turns nothing") {
  CHECK(said(tiff({{6, Type::byte}})) == 1);
  CHECK(said(tiff({{6, Type::ascii}})) == 1);
  CHECK(said(tiff({{6, Type::byte, 4}})) == 1);
}

TEST_CASE("an entry of no type and one of no values are passed over") {
  CHECK(said(tiff({{6, static_cast<Type>(0)}, {3}})) == 3);
  CHECK(said(tiff({{6, static_cast<Type>(14)}, {3}})) == 3);
  CHECK(said(tiff({{6, static_cast<Type>(200)}, {3}})) == 3);
  CHECK(said(tiff({{6, Type::u16, 0}, {3}})) == 3);
}

TEST_CASE("of several values the first counts") {
  CHECK(said(tiff({{8, Type::u16, 2}})) == 8);
  const auto behind = number(5, 4, true) + number(3, 4, true);
  CHECK(said(tiff({{26, Type::u32, 2}}) + behind) == 5);
}

TEST_CASE("of several entries the first counts") { CHECK(said(tiff({{6}, {3}})) == 6); }

TEST_CASE("other entries are passed over") {
  CHECK(said(tiff({{1, Type::u16, 1, 0x0100}, {5}, {3, Type::u16, 1, 0x0128}})) == 5);
  CHECK(said(tiff({{6, Type::u16, 1, 0x0128}})) == 1);
  CHECK(said(tiff({})) == 1);
}

TEST_CASE("the directory lies where the block says") {
  auto block = tiff_of(6);
  block.insert(8, 7, '\xFF');
  block[4] = 15;
  CHECK(said(block) == 6);
}

TEST_CASE("a directory beyond the block turns nothing") {
  CHECK(said(tiff({{6}}, true, 25)) == 1);
  CHECK(said(tiff({{6}}, true, 26)) == 1);
  CHECK(said(tiff({{6}}, true, 0xFFFFFFF0)) == 1);
  CHECK(said(tiff({{6}}, true, 0xFFFFFFFF)) == 1);
}

TEST_CASE("a directory that begins at the block's own start is read as one") {
  CHECK(said(tiff({{6}}, true, 0)) == 1);
}

TEST_CASE("a block is read as far as it goes") {
  const auto block = tiff_of(6);  // 8 bytes of header, 2 of a count, 12 of an entry, 4 of what follows
  for (std::size_t length = 0; length < 22; ++length) CHECK(said(block.substr(0, length)) == 1);
  for (std::size_t length = 22; length <= block.size(); ++length) CHECK(said(block.substr(0, length)) == 6);
}

TEST_CASE("a directory may claim more entries than there are") {
  auto block = tiff({{3, Type::u16, 1, 0x0100}, {6}});
  block[8] = block[9] = '\xFF';
  CHECK(said(block) == 6);
}

TEST_CASE("an entry that points out of the block ends the reading, as in Pillow") {
  CHECK(said(tiff({{0x7FFFFFFF, Type::u32, 3, 0x010F}, {6}})) == 1);
  CHECK(said(tiff({{0xFFFFFFFF, Type::u32, 2, 0x010F}, {6}})) == 1);
  CHECK(said(tiff({{0x7FFFFFFF, Type::u32, 2}})) == 1);
}

TEST_CASE("an entry that is longer than the block is passed over, as in Pillow") {
  CHECK(said(tiff({{8, Type::u32, 0xFFFFFFFF, 0x010F}, {6}})) == 6);
  CHECK(said(tiff({{8, Type::u32, 0x40000001}, {6}})) == 6);  // 4 bytes more than 32 bits can count
}

TEST_CASE("what begins as no TIFF does turns nothing") {
  auto block = tiff_of(6);
  for (const auto& start : {"IM"s, "MI"s, "ii"s, "XX"s, "\0\0"s}) CHECK(said(start + block.substr(2)) == 1);
  CHECK(said(tiff({{6}}, /*little=*/false).replace(0, 2, "II")) == 1);
  block[2] = 43;
  CHECK(said(block) == 1);
  CHECK(said("anything at all, and long enough") == 1);
}

TEST_CASE("the number that marks TIFF may be in the wrong order, as in Pillow") {
  auto block = tiff_of(6);
  std::swap(block[2], block[3]);
  CHECK(said(block) == 6);
}

TEST_CASE("XMP is read as an attribute and as an element") {
  for (int value = 1; value <= 8; ++value) {
    const auto digit = std::to_string(value);
    CHECK(said("", "<x tiff:Orientation=\"" + digit + "\"/>") == value);
    CHECK(said("", "<tiff:Orientation>" + digit + "</tiff:Orientation>") == value);
  }
}

TEST_CASE("XMP that says nothing readable turns nothing") {
  for (const std::string_view xmp :
       {"tiff:Orientation", "tiff:Orientation=", "tiff:Orientation=\"", "tiff:Orientation>",
        "tiff:Orientation = \"6\"", "tiff:Orientation='6'", "tiff:Orientation=\"x\"",
        "tiff:Orientation=\"0\"", "tiff:Orientation=\"9\"", "Orientation=\"6\"", "tiff:orientation=\"6\"",
        "tiff:Orientation> 6"}) {
    CAPTURE(xmp);
    CHECK(said("", xmp) == 1);
  }
}

TEST_CASE("in XMP the first that can be read counts, by its first digit") {
  CHECK(said("", R"(tiff:Orientation tiff:Orientation="x" tiff:Orientation="3" tiff:Orientation="6")") == 3);
  CHECK(said("", R"(tiff:Orientation="63")") == 6);
}

TEST_CASE("XMP counts where EXIF does not speak of the orientation") {
  CHECK(said("", kSix) == 6);
  CHECK(said(tiff({}), kSix) == 6);
  CHECK(said(tiff({{3, Type::u16, 1, 0x0128}}), kSix) == 6);
  CHECK(said(tiff({{6}}, true, 0xFFFFFFF0), kSix) == 6);
}

TEST_CASE("EXIF counts before XMP, whatever it says") {
  CHECK(said(tiff_of(3), kSix) == 3);
  CHECK(said(tiff_of(1), kSix) == 1);
  CHECK(said(tiff_of(0), kSix) == 1);
  CHECK(said(tiff_of(9), kSix) == 1);
  CHECK(said("no TIFF", kSix) == 1);
  CHECK(said(kPrefix, kSix) == 6);  // nothing is left of it
}

TEST_SUITE_END();

}  // namespace torchferry::orientation_test

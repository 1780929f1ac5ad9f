#include "image/notes.h"

#include <array>
#include <cstdio>
#include <string>

#include "tests/exif.h"
#include "tests/png.h"
#include "tests/testing.h"

namespace torchferry::notes_test {

namespace {

using namespace std::string_literals;

constexpr std::string_view kPacket = R"(<x tiff:Orientation="6"/>)";
const auto kXmpKey = "XML:com.adobe.xmp\0"s;
const auto kProfileKey = "Raw profile type exif\0"s;

Notes notes_of(const std::string& png) { return read_notes(bytes_of(png)); }

/// The orientation that these chunks give.
int said(const std::string& before, const std::string& after = "") {
  const auto notes = notes_of(two_pixels(before, after));
  CHECK(notes.whole);
  CHECK_FALSE(notes.animated);
  return notes.orientation;
}

/// An EXIF block as ImageMagick writes it.
std::string in_hex(const std::string& block) {
  std::string text = "\nexif\n      " + std::to_string(block.size()) + "\n";
  std::size_t column = 0;
  for (const auto byte : bytes_of(block)) {
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", byte);
    text += digits.data();
    if (++column % 36 == 0) text += '\n';
  }
  return text + '\n';
}

const auto kProfile = in_hex("Exif\0\0"s + tiff_of(6));

}  // namespace

TEST_SUITE_BEGIN("notes");

TEST_CASE("a PNG without notes is whole, still and upright") { CHECK(said("") == 1); }

TEST_CASE("a PNG that is cut anywhere is not whole") {
  const auto png = two_pixels(chunk("eXIf", tiff_of(6)));
  for (std::size_t length = 0; length < png.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(notes_of(png.substr(0, length)).whole);
  }
  CHECK(notes_of(png).whole);
}

TEST_CASE("what follows the last chunk is not read") {
  CHECK(notes_of(two_pixels() + std::string(100, '\0')).whole);
  const auto notes = notes_of(two_pixels() + chunk("acTL") + chunk("eXIf", tiff_of(6)));
  CHECK(notes.whole);
  CHECK_FALSE(notes.animated);
  CHECK(notes.orientation == 1);
}

TEST_CASE("a chunk that claims to be longer than the file ends the reading") {
  for (const std::uint32_t length : {1U, 13U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
    CAPTURE(length);
    const auto png = std::string(kSignature) + header(2, 1) + number(length, 4) + "IEND" + number(0, 4);
    CHECK_FALSE(notes_of(png).whole);
  }
}

TEST_CASE("an animation is told by its control chunk") {
  CHECK(notes_of(two_pixels(chunk("acTL", "12345678"))).animated);
  CHECK(notes_of(two_pixels("", chunk("acTL"))).animated);
  CHECK_FALSE(notes_of(two_pixels(chunk("acTl") + chunk("tEXt", "acTL"))).animated);
}

TEST_CASE("EXIF is read wherever it stands, with and without its prefix") {
  for (std::uint32_t value = 1; value <= 8; ++value) {
    CHECK(said(chunk("eXIf", tiff_of(value))) == static_cast<int>(value));
  }
  CHECK(said("", chunk("eXIf", tiff_of(6))) == 6);
  CHECK(said(chunk("eXIf", "Exif\0\0"s + tiff_of(6))) == 6);
}

TEST_CASE("of several EXIF chunks the last counts") {
  CHECK(said(chunk("eXIf", tiff_of(6)) + chunk("eXIf", tiff_of(3))) == 3);
}

TEST_CASE("checksums are not looked at, which is the decoder's work") {
  auto exif = chunk("eXIf", tiff_of(6));
  exif.back() ^= 1;
  CHECK(said(exif) == 6);
}

TEST_CASE("XMP is read from every kind of text chunk") {
  const auto packet = std::string(kPacket);
  CHECK(said(chunk("iTXt", kXmpKey + "\0\0\0\0"s + packet)) == 6);
  CHECK(said(chunk("iTXt", kXmpKey + "\0\0de\0Schl\xC3\xBCssel\0"s + packet)) == 6);
  CHECK(said(chunk("iTXt", kXmpKey + "\1\0\0\0"s + packed(packet))) == 6);
  CHECK(said(chunk("tEXt", kXmpKey + packet)) == 6);
  CHECK(said(chunk("zTXt", kXmpKey + "\0"s + packed(packet))) == 6);
  CHECK(said("", chunk("iTXt", kXmpKey + "\0\0\0\0"s + packet)) == 6);
}

TEST_CASE("a text of another key is passed over") {
  const auto packet = std::string(kPacket);
  CHECK(said(chunk("tEXt", "Comment\0"s + packet)) == 1);
  CHECK(said(chunk("tEXt", "XML:com.adobe.xmp2\0"s + packet)) == 1);
  CHECK(said(chunk("tEXt", "XML:com.adobe.xm\0"s + packet)) == 1);
  CHECK(said(chunk("tEXt", packet)) == 1);
}

TEST_CASE("a text that is cut, or packed in a way that is not known, says nothing") {
  const auto packet = std::string(kPacket);
  CHECK(said(chunk("tEXt")) == 1);
  CHECK(said(chunk("tEXt", "XML:com.adobe.xmp")) == 1);
  for (const auto& start : {""s, "\0"s, "\0\0"s, "\0\0\0"s, "\1\0\0\0"s}) {
    CHECK(said(chunk("iTXt", kXmpKey + start)) == 1);
    CHECK(said(chunk("zTXt", kXmpKey + start)) == 1);
  }
  CHECK(said(chunk("zTXt", kXmpKey + "\1"s + packed(packet))) == 1);
  CHECK(said(chunk("iTXt", kXmpKey + "\1\1\0\0"s + packed(packet))) == 1);
  CHECK(said(chunk("zTXt", kXmpKey + "\0"s + packed(packet).substr(0, 20))) == 1);
  CHECK(said(chunk("zTXt", kXmpKey + "\0"s + packet)) == 1);
}

TEST_CASE("a text that unfolds to more than a note is passed over") {
  const auto filled = [](std::size_t length) {
    return std::string(kPacket) + std::string(length - kPacket.size(), ' ');
  };
  CHECK(said(chunk("zTXt", kXmpKey + "\0"s + packed(filled(1 << 20)))) == 6);
  CHECK(said(chunk("zTXt", kXmpKey + "\0"s + packed(filled((1 << 20) + 1)))) == 1);
}

TEST_CASE("EXIF that ImageMagick wrote as text is read") {
  CHECK(said(chunk("zTXt", kProfileKey + "\0"s + packed(kProfile))) == 6);
  CHECK(said(chunk("tEXt", kProfileKey + kProfile)) == 6);
  CHECK(said(chunk("iTXt", kProfileKey + "\0\0\0\0"s + kProfile)) == 6);
  CHECK(said(chunk("tEXt", kProfileKey + in_hex(tiff_of(8)))) == 8);
}

TEST_CASE("such a text that is cut or damaged turns nothing") {
  for (std::size_t length = 0; length < kProfile.size() - 12; length += 3) {
    CHECK(said(chunk("tEXt", kProfileKey + kProfile.substr(0, length))) == 1);
  }
  auto damaged = kProfile;
  damaged[damaged.size() - 4] = 'z';
  CHECK(said(chunk("tEXt", kProfileKey + damaged)) == 1);
  damaged = kProfile;
  damaged.erase(damaged.size() - 2, 1);  // half a byte
  CHECK(said(chunk("tEXt", kProfileKey + damaged)) == 1);
  CHECK(said(chunk("tEXt", kProfileKey + "\n\n\n"s)) == 1);
}

TEST_CASE("a block of its own counts before one in a text, and both before XMP") {
  const auto xmp = chunk("tEXt", kXmpKey + R"(tiff:Orientation="8")");
  const auto profile = chunk("tEXt", kProfileKey + kProfile);
  CHECK(said(profile + chunk("eXIf", tiff_of(3)) + xmp) == 3);
  CHECK(said(xmp + profile) == 6);
  CHECK(said(xmp + chunk("eXIf", tiff({}))) == 8);
  CHECK(said(profile + chunk("eXIf")) == 1);
}

TEST_SUITE_END();

}  // namespace torchferry::notes_test

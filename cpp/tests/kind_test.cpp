#include "image/kind.h"

#include <string>
#include <utility>
#include <vector>

#include "tests/bytes.h"
#include "tests/testing.h"

namespace torchferry::kind_test {

namespace {

using namespace std::string_literals;

std::string kind(const std::string& content) { return std::string(kind_of(bytes_of(content))); }

/// The shortest beginning by which each kind is known.
const std::vector<std::pair<std::string, std::string>> kBeginnings{
    {"\xFF\xD8\xFF"s, "a JPEG"},
    {"\x89PNG\r\n\x1A\n"s, "a PNG"},
    {"GIF8"s, "a GIF"},
    {"RIFF\x10\0\0\0WEBP"s, "a WebP"},
    {"BM"s, "a BMP"},
    {"II*\0"s, "a TIFF"},
    {"MM\0*"s, "a TIFF"},
    {"\0\0\0\x18"
     "ftypavif"s,
     "an AVIF"},
    {"\0\0\0\x18"
     "ftypavis"s,
     "an AVIF"},
    {"\0\0\0\x18"
     "ftyphei"s,
     "a HEIC"},
    {"\0\0\0\x18"
     "ftyphev"s,
     "a HEIC"},
    {"\0\0\0\x18"
     "ftypmif1"s,
     "a HEIC"},
    {"\0\0\0\x18"
     "ftypmsf1"s,
     "a HEIC"},
    {"\0\0\0\x18"
     "ftyp"s,
     "a video"},
    {"\0\0\0\x0C"
     "jP  "s,
     "a JPEG 2000"},
    {"\xFF\x4F\xFF\x51"s, "a JPEG 2000"},
    {"\0\0\0\x0C"
     "JXL "s,
     "a JPEG XL"},
    {"\xFF\x0A"s, "a JPEG XL"},
    {"8BPS"s, "a Photoshop file"},
    {"%PDF"s, "a PDF"},
    {"PK\x03\x04"s, "a ZIP archive"},
    {"version https://git-lfs"s, "a Git LFS pointer, not what it points to"},
};

}  // namespace

TEST_SUITE_BEGIN("kind");

TEST_CASE("each kind is known by its first bytes, whatever follows") {
  for (const auto& [beginning, expected] : kBeginnings) {
    CHECK(kind(beginning) == expected);
    CHECK(kind(beginning + "x"s) == expected);
    CHECK(kind(beginning + "\0\xFF<html>"s) == expected);
  }
}

TEST_CASE("less than those is not known as that kind") {
  for (const auto& [beginning, expected] : kBeginnings) {
    for (std::size_t length = 1; length < beginning.size(); ++length) {
      CAPTURE(length);
      CHECK(kind(beginning.substr(0, length)) != expected);
    }
  }
}

TEST_CASE("the bytes count only at their place") {
  for (const auto& [beginning, expected] : kBeginnings) CHECK(kind("x" + beginning) != expected);
}

TEST_CASE("of other containers nothing is claimed") {
  CHECK(kind("RIFF\x10\0\0\0WAVE"s).empty());
  CHECK(kind("WEBP"s).empty());
  CHECK(kind("PK\x05\x06"s).empty());
  CHECK(kind("II+\0"s).empty());
  CHECK(kind("\x89PNG\n\x1A\n"s).empty());  // as a transfer in text mode leaves it
}

TEST_CASE("nothing at all is empty") { CHECK(kind("") == "empty"); }

TEST_CASE("a web page is known by its first words, in any case, after blanks and a byte order mark") {
  for (const auto& page : {"<html>"s, "<HTML lang='en'>"s, "<!doctype html>"s, "<!DOCTYPE HTML><html>"s,
                           "  \r\n\t<html>"s, "\xEF\xBB\xBF<html>"s, "\xEF\xBB\xBF\r\n <!DocType Html>"s}) {
    CHECK(kind(page) == "a web page");
  }
}

TEST_CASE("XML is known by its first words") {
  for (const auto& text :
       {"<svg xmlns=''>"s, "<SVG>"s, "<?xml version='1.0'?><svg/>"s, "\xEF\xBB\xBF <?XML?>"s}) {
    CHECK(kind(text) == "an SVG or other XML");
  }
}

TEST_CASE("what only resembles a page is not known") {
  for (const auto& text : {"<htm"s, "< html>"s, "x<html>"s, "<!doctype svg>"s, "<body>"s, " "s,
                           "\xEF\xBB\xBF"s, "\xEF\xBB<html>"s, "anything"s, "\0\0\0\0"s}) {
    CHECK(kind(text).empty());
  }
}

TEST_SUITE_END();

}  // namespace torchferry::kind_test

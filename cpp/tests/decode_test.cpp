#include "image/decode.h"

#include <string>

#include "tests/bytes.h"
#include "tests/testing.h"

namespace torchferry::decode_test {

namespace {

using namespace std::string_literals;

std::string refused(const std::string& content) {
  return refusal([&] { return decode(bytes_of(content), "cat.jpg"); });
}

}  // namespace

TEST_SUITE_BEGIN("decode");

TEST_CASE("what is something else is named, whatever the file is called") {
  CHECK(refused("GIF89a") == "3: cat.jpg is a GIF, expected JPEG or PNG; convert it");
  CHECK(refused("RIFF\0\0\0\0WEBP"s) == "3: cat.jpg is a WebP, expected JPEG or PNG; convert it");
  CHECK(refused("%PDF-1.7") == "3: cat.jpg is a PDF, expected JPEG or PNG; convert it");
}

TEST_CASE("what did not arrive is to be fetched again") {
  CHECK(refused("") == "3: cat.jpg is empty, expected JPEG or PNG; fetch it again");
  CHECK(refused("<!DOCTYPE html>") == "3: cat.jpg is a web page, expected JPEG or PNG; fetch it again");
}

TEST_CASE("what is not known is refused") {
  CHECK(refused("anything") == "3: cat.jpg is neither JPEG nor PNG, whatever its name says; convert it");
  CHECK(refused("\0"s) == "3: cat.jpg is neither JPEG nor PNG, whatever its name says; convert it");
}

TEST_CASE("the codecs are named, or that they are missing") {
  const auto text = std::string(codecs());
  CHECK((text.find("libjpeg") == 0 || text.find("no JPEG") == 0));
  CHECK((text.find(", libpng 1.") != std::string::npos || text.find(", no PNG") != std::string::npos));
}

TEST_SUITE_END();

}  // namespace torchferry::decode_test

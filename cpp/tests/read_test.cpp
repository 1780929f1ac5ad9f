#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "app/sources.h"
#include "tests/folder.h"
#include "tests/testing.h"

namespace torchferry::read_test {

namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

}  // namespace

TEST_SUITE_BEGIN("read");

TEST_CASE("a file is read whole, whatever it holds") {
  const Folder folder;
  for (const auto& whole : {""s, "x"s, "\0\r\n\x1A\xFF"s, std::string(300'000, 'x')}) {
    CHECK(content({folder.write("größe 試験.png", whole), {}}) == whole);
  }
}

TEST_CASE("what came from standard input is not read again") { CHECK(content({"-", {'a', 'b'}}) == "ab"); }

TEST_CASE("a pipe is read to its end") {
  const Folder folder;
  REQUIRE(mkfifo(folder.path("pipe").c_str(), 0600) == 0);
  std::thread writer(
      [&] { std::ofstream(folder.path("pipe"), std::ios::binary) << std::string(100'000, 'y'); });
  CHECK(content({folder.path("pipe"), {}}) == std::string(100'000, 'y'));
  writer.join();
}

TEST_CASE("a file that is missing is refused") {
  CHECK(unread("/nowhere/a.png") == "3: /nowhere/a.png: there is no such file");
  CHECK(unread("") == "3: : there is no such file");
}

TEST_CASE("a file that is larger than any picture is refused unread") {
  const Folder folder;
  const auto name = folder.write("large.png");
  for (const auto size : {(std::uintmax_t{1} << 30) + 1, std::uintmax_t{1} << 40}) {
    fs::resize_file(name, size);  // all hole
    CHECK(unread(name) == "3: " + name + ": is larger than 1 GiB, expected a picture");
  }
}

TEST_CASE("a file that cannot be opened is refused with the system's reason") {
  const Folder folder;
  sockaddr_un address{AF_UNIX, {}};
  folder.path("socket").copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(unread(folder.path("socket")) ==
        "3: " + folder.path("socket") + ": cannot be read (No such device or address)");
  close(socket);
}

TEST_SUITE_END();

}  // namespace torchferry::read_test

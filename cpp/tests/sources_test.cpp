#include "app/sources.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/testing.h"

namespace torchferry::sources_test {

namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;
using Words = std::vector<std::string>;

/// A folder that is gone afterwards.
class Folder {
 public:
  Folder() {
    auto name = (fs::temp_directory_path() / "torchferry-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string path(const std::string& name = "") const {
    return name.empty() ? path_ : path_ / name;
  }
  [[nodiscard]] std::string write(const std::string& name, const std::string& content = "x") const {
    fs::create_directories(fs::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }

 private:
  fs::path path_;
};

/// Puts something on standard input, and what was there back again.
class Input {
 public:
  explicit Input(const std::string& content)
      : Input(::open(Folder().write("input", content).c_str(), O_RDONLY | O_CLOEXEC)) {}
  /// @param file is closed.
  explicit Input(int file) : before_(dup(STDIN_FILENO)) {
    dup2(file, STDIN_FILENO);
    close(file);
  }
  ~Input() {
    dup2(before_, STDIN_FILENO);
    close(before_);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

 private:
  int before_;
};

/// The names of all sources that these words stand for.
Words names(const Words& words) {
  Sources sources(words);
  Words found;
  while (auto source = sources.next()) found.push_back(source->name);
  return found;
}

std::string content(Source source) {
  const auto bytes = read(std::move(source));
  return {bytes.begin(), bytes.end()};
}

std::string refused(const std::string& name) {
  return refusal([&] { return read({name, {}}); });
}

}  // namespace

TEST_SUITE_BEGIN("sources");

TEST_CASE("files are taken as they are named, also those that are not there") {
  CHECK(names({"b.png", "a.txt", "b.png"}) == Words{"b.png", "a.txt", "b.png"});
  CHECK(names({}).empty());
}

TEST_CASE("a folder stands for the pictures below it, sorted by their paths") {
  const Folder folder;
  for (const auto* name :
       {"b.png", "a.jpg", "sub/c.JPEG", "sub/deep/d.PnG", "notes.txt", "png", "e.gif", ".jpg"}) {
    (void)folder.write(name);
  }
  fs::create_directory(folder.path("folder.png"));
  CHECK(names({"z.png", folder.path(), "y.png"}) == Words{"z.png", folder.path("a.jpg"), folder.path("b.png"),
                                                          folder.path("sub/c.JPEG"),
                                                          folder.path("sub/deep/d.PnG"), "y.png"});
}

TEST_CASE("a folder that holds no picture stands for itself") {
  const Folder folder;
  (void)folder.write("notes.txt");
  CHECK(names({folder.path()}) == Words{folder.path()});
  CHECK(refused(folder.path()) ==
        "3: " + folder.path() +
            ": is a folder that holds no picture; expected files that end in .jpg, .jpeg or "
            ".png");
}

TEST_CASE("a link to nothing and a link to itself are named, and cannot be read") {
  const Folder folder;
  fs::create_symlink("gone", folder.path("a.png"));
  fs::create_symlink("b.png", folder.path("b.png"));
  CHECK(names({folder.path()}) == Words{folder.path("a.png"), folder.path("b.png")});
  CHECK(refused(folder.path("a.png")) == "3: " + folder.path("a.png") + ": there is no such file");
  CHECK(refused(folder.path("b.png")).starts_with("3: " + folder.path("b.png") + ": "));
}

TEST_CASE("a list on standard input names a source in each line") {
  const Folder folder;
  const auto picture = folder.write("p.png");
  const Input input("a.png\r\nb c.jpg\n\n" + folder.path() + "\nlast.png");
  CHECK(names({"first.png", "-", "then.png"}) ==
        Words{"first.png", "a.png", "b c.jpg", picture, "last.png", "then.png"});
}

TEST_CASE("in a list - is a file of that name") {
  const Input input("-\n");
  CHECK(names({"-"}) == Words{"-"});
}

TEST_CASE("an empty list names nothing") {
  const Input input("");
  CHECK(names({"-"}).empty());
}

TEST_CASE("a line that is longer than any path is cut, and what follows it is kept") {
  const Input input(std::string(100'000, 'x') + "\nb.png\n");
  const auto found = names({"-"});
  REQUIRE(found.size() == 3);
  CHECK(found[0].size() == 65536);
  CHECK(found[0].size() + found[1].size() == 100'000);
  CHECK(found[2] == "b.png");
}

TEST_CASE("standard input that begins as a picture is one, whole") {
  for (const auto& start : {"\xFF\xD8\xFF"s, "\x89PNG"s, "\xFF"s}) {
    const auto whole = start + "\nno name\n\0"s + std::string(200'000, 'x');
    const Input input(whole);
    Sources sources({"-", "b.png"});
    auto source = sources.next();
    REQUIRE(source.has_value());
    CHECK(source->name == "-");
    CHECK(content(std::move(*source)) == whole);
    CHECK(sources.next()->name == "b.png");
    CHECK_FALSE(sources.next().has_value());
  }
}

TEST_CASE("whether there may be more is known before anything is read") {
  CHECK_FALSE(Sources({}).may_exceed(0));
  CHECK_FALSE(Sources({"a.png"}).may_exceed(1));
  CHECK(Sources({"a.png", "b.png"}).may_exceed(1));
  CHECK_FALSE(Sources({"a.png", "b.png"}).may_exceed(2));
}

TEST_CASE("of a folder and of a list there may be any number") {
  const Folder folder;
  CHECK(Sources({folder.path()}).may_exceed(1000));
  const Input input("a.png\n");
  CHECK(Sources({"-"}).may_exceed(1000));
}

TEST_CASE("a picture on standard input is one, and is still there when its turn comes") {
  const Input input("\xFF\xD8picture");
  Sources sources({"-"});
  CHECK_FALSE(sources.may_exceed(1));
  CHECK(content(*sources.next()) == "\xFF\xD8picture");
}

TEST_CASE("after stopping there is nothing more") {
  Sources sources({"a.png", "b.png"});
  CHECK(sources.next()->name == "a.png");
  sources.stop();
  CHECK_FALSE(sources.next().has_value());
}

TEST_CASE("stopping ends who waits for standard input") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const Input input(ends[0]);
  Sources sources({"-"});
  std::thread waiting([&] { CHECK_FALSE(sources.next().has_value()); });
  sources.stop();
  waiting.join();
  close(ends[1]);
}

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
  CHECK(refused("/nowhere/a.png") == "3: /nowhere/a.png: there is no such file");
  CHECK(refused("") == "3: : there is no such file");
}

TEST_CASE("a file that is larger than any picture is refused unread") {
  const Folder folder;
  const auto name = folder.write("large.png");
  fs::resize_file(name, (std::uintmax_t{1} << 30) + 1);  // all hole
  CHECK(refused(name) == "3: " + name + ": is larger than 1 GiB, expected a picture");
}

TEST_CASE("a file that cannot be opened is refused with the system's reason") {
  const Folder folder;
  sockaddr_un address{AF_UNIX, {}};
  folder.path("socket").copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(refused(folder.path("socket")) ==
        "3: " + folder.path("socket") + ": cannot be read (No such device or address)");
  close(socket);
}

TEST_SUITE_END();

}  // namespace torchferry::sources_test

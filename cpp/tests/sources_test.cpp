#include "app/sources.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/folder.h"
#include "tests/testing.h"

namespace torchferry::sources_test {

namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;
using Words = std::vector<std::string>;

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
  CHECK(unread(folder.path()) ==
        "3: " + folder.path() +
            ": is a folder that holds no picture; expected files that end in .jpg, .jpeg or "
            ".png");
}

TEST_CASE("a link to nothing and a link to itself are named, and cannot be read") {
  const Folder folder;
  fs::create_symlink("gone", folder.path("a.png"));
  fs::create_symlink("b.png", folder.path("b.png"));
  CHECK(names({folder.path()}) == Words{folder.path("a.png"), folder.path("b.png")});
  CHECK(unread(folder.path("a.png")) == "3: " + folder.path("a.png") + ": there is no such file");
  CHECK(unread(folder.path("b.png")).starts_with("3: " + folder.path("b.png") + ": "));
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
  std::this_thread::sleep_for(std::chrono::milliseconds(30));  // else it may never have waited
  sources.stop();
  waiting.join();
  close(ends[1]);
}

TEST_SUITE_END();

}  // namespace torchferry::sources_test

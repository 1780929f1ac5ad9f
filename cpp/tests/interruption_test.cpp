#include "app/interruption.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/testing.h"

namespace torchferry::interruption_test {

namespace {

/// How a process of its own ends that does this: its exit code, or 128 and the signal's number.
template <typename Work>
int ended(Work work) {
  const auto child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

TEST_SUITE_BEGIN("interruption");

TEST_CASE("nothing has come at first") {
  CHECK(ended([] {
          heed_signals();
          return interruption();
        }) == 0);
}

TEST_CASE("a signal is noted, and does not end the process") {
  for (const int number : {SIGINT, SIGTERM}) {
    CHECK(ended([&] {
            std::signal(number, SIG_DFL);
            heed_signals();
            std::raise(number);
            return interruption();
          }) == number);
  }
}

TEST_CASE("a second one ends it") {
  CHECK(ended([] {
          heed_signals();
          std::raise(SIGTERM);
          std::raise(SIGTERM);
          return 0;
        }) == 128 + SIGTERM);
}

TEST_CASE("what whoever started us had us ignore stays ignored") {
  CHECK(ended([] {
          std::signal(SIGINT, SIG_IGN);
          heed_signals();
          std::raise(SIGINT);
          return interruption();
        }) == 0);
}

TEST_CASE("reading ends when a signal comes") {
  CHECK(ended([] {
          heed_signals();
          int ends[2];
          if (pipe(ends) != 0) return 1;
          alarm(60);  // where reading does not end, this does
          const auto parent = getpid();
          if (fork() == 0) {
            usleep(20'000);
            kill(parent, SIGTERM);
            _exit(0);
          }
          char byte = 0;
          return read(ends[0], &byte, 1) < 0 && interruption() == SIGTERM ? 0 : 2;
        }) == 0);
}

TEST_SUITE_END();

}  // namespace torchferry::interruption_test

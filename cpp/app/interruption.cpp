#include "app/interruption.h"

#include <atomic>
#include <csignal>

namespace torchferry {

namespace {

std::atomic<int> came{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may touch nothing else");

}  // namespace

void heed_signals() {
  for (const int number : {SIGINT, SIGTERM}) {
    struct sigaction action = {};
    action.sa_handler = [](int signal) { came.store(signal); };
    action.sa_flags = static_cast<int>(SA_RESETHAND);  // and no SA_RESTART: reading standard input ends
    struct sigaction before = {};
    if (sigaction(number, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) {
      sigaction(number, &action, nullptr);
    }
  }
}

int interruption() { return came.load(); }

}  // namespace torchferry

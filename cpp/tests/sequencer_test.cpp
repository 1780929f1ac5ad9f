#include "app/sequencer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "tests/testing.h"

namespace torchferry::sequencer_test {

namespace {

/// Long enough for a thread to go on where it should not. Where it is not, a fault goes unseen; none is made
/// up.
void let_others_run() { std::this_thread::sleep_for(std::chrono::milliseconds(30)); }

/// All that is left, in the order in which it is taken.
template <typename T>
std::vector<T> rest(Sequencer<T>& sequencer) {
  std::vector<T> taken;
  while (auto value = sequencer.take()) taken.push_back(std::move(*value));
  return taken;
}

}  // namespace

TEST_SUITE_BEGIN("sequencer");

TEST_CASE("what is handed in in order is taken in order") {
  Sequencer<int> sequencer(3);
  for (int ticket = 0; ticket < 3; ++ticket)
    CHECK(sequencer.put(static_cast<std::size_t>(ticket), ticket * 10));
  sequencer.end_at(3);
  CHECK(rest(sequencer) == std::vector{0, 10, 20});
}

TEST_CASE("what is handed in in any order is taken in that of the tickets") {
  std::vector<std::size_t> tickets{0, 1, 2, 3, 4};
  do {
    Sequencer<std::size_t> sequencer(5);
    for (const auto ticket : tickets) CHECK(sequencer.put(ticket, ticket));
    sequencer.end_at(5);
    CHECK(rest(sequencer) == std::vector<std::size_t>{0, 1, 2, 3, 4});
  } while (std::ranges::next_permutation(tickets).found);
}

TEST_CASE("the end may be known before everything is handed in") {
  Sequencer<int> sequencer(2);
  sequencer.end_at(2);
  CHECK(sequencer.put(1, 11));
  CHECK(sequencer.put(0, 10));
  CHECK(rest(sequencer) == std::vector{10, 11});
  CHECK_FALSE(sequencer.take().has_value());
}

TEST_CASE("where there is nothing at all, nothing is taken") {
  Sequencer<int> sequencer(1);
  sequencer.end_at(0);
  CHECK_FALSE(sequencer.take().has_value());
}

TEST_CASE("who takes waits for the next one, though later ones are there") {
  Sequencer<int> sequencer(4);
  CHECK(sequencer.put(1, 11));
  CHECK(sequencer.put(2, 12));
  std::atomic<bool> taken = false;
  std::vector<int> found;
  std::thread taker([&] {
    found.push_back(*sequencer.take());
    taken = true;
  });
  let_others_run();
  CHECK_FALSE(taken);
  CHECK(sequencer.put(0, 10));
  taker.join();
  CHECK(found == std::vector{10});
}

TEST_CASE("who is too far ahead waits until enough is taken") {
  for (const std::size_t window : {1U, 2U, 5U}) {
    CAPTURE(window);
    Sequencer<std::size_t> sequencer(window);
    for (std::size_t ticket = 0; ticket < window; ++ticket) CHECK(sequencer.put(ticket, ticket));
    std::atomic<bool> handed_in = false;
    std::thread ahead([&] { handed_in = sequencer.put(window, window); });
    let_others_run();
    CHECK_FALSE(handed_in);
    CHECK(sequencer.take() == 0);
    ahead.join();
    CHECK(handed_in);
  }
}

TEST_CASE("the ticket that is waited for is never held back") {
  Sequencer<int> sequencer(1);
  std::thread ahead([&] { sequencer.put(1, 11); });
  CHECK(sequencer.put(0, 10));
  CHECK(sequencer.take() == 10);
  CHECK(sequencer.take() == 11);
  ahead.join();
}

TEST_CASE("closing sends away who waits to hand something in") {
  Sequencer<int> sequencer(1);
  CHECK(sequencer.put(0, 10));
  std::atomic<int> refused = 0;
  std::vector<std::thread> ahead;
  for (std::size_t ticket = 1; ticket < 4; ++ticket) {
    ahead.emplace_back([&, ticket] { refused += sequencer.put(ticket, 0) ? 0 : 1; });
  }
  let_others_run();
  CHECK(refused == 0);
  sequencer.close();
  for (auto& thread : ahead) thread.join();
  CHECK(refused == 3);
}

TEST_CASE("closing sends away who waits to take something") {
  Sequencer<int> sequencer(1);
  std::atomic<bool> nothing = false;
  std::thread taker([&] { nothing = !sequencer.take().has_value(); });
  let_others_run();
  CHECK_FALSE(nothing);
  sequencer.close();
  taker.join();
  CHECK(nothing);
}

TEST_CASE("the end sends away who waits to take something") {
  Sequencer<int> sequencer(1);
  std::atomic<bool> nothing = false;
  std::thread taker([&] { nothing = !sequencer.take().has_value(); });
  let_others_run();
  sequencer.end_at(0);
  taker.join();
  CHECK(nothing);
}

TEST_CASE("after closing nothing goes in and nothing comes out") {
  Sequencer<int> sequencer(2);
  CHECK(sequencer.put(0, 10));
  sequencer.close();
  CHECK_FALSE(sequencer.take().has_value());
  CHECK_FALSE(sequencer.put(1, 11));
}

TEST_CASE("what cannot be copied passes through") {
  Sequencer<std::unique_ptr<int>> sequencer(1);
  CHECK(sequencer.put(0, std::make_unique<int>(7)));
  CHECK(**sequencer.take() == 7);
}

TEST_CASE("many threads stay in order and within the window") {
  constexpr std::size_t kThreads = 6;
  constexpr std::size_t kTickets = 3000;
  constexpr std::size_t kWindow = 4;
  Sequencer<std::size_t> sequencer(kWindow);
  std::atomic<std::size_t> next = 0;
  std::atomic<std::size_t> asked = 0;  // how often the taker has asked for one: no less than it was given
  std::atomic<std::size_t> ran_ahead = 0;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      std::minstd_rand chance(static_cast<unsigned>(i));
      for (auto ticket = next++; ticket < kTickets; ticket = next++) {
        if (chance() % 3 == 0) std::this_thread::yield();
        sequencer.put(ticket, ticket);
        if (ticket + 1 > asked + kWindow) ++ran_ahead;
      }
    });
  }
  std::vector<std::size_t> taken;
  while (taken.size() < kTickets) {
    ++asked;
    taken.push_back(*sequencer.take());
  }
  sequencer.end_at(kTickets);
  CHECK_FALSE(sequencer.take().has_value());
  for (auto& thread : threads) thread.join();
  std::vector<std::size_t> expected(kTickets);
  std::iota(expected.begin(), expected.end(), std::size_t{0});
  CHECK(taken == expected);
  CHECK(ran_ahead == 0);
}

TEST_SUITE_END();

}  // namespace torchferry::sequencer_test

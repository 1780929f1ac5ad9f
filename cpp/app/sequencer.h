#pragma once

#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace torchferry {

/// Brings what several threads make into the order of their tickets 0, 1, 2, …, and lets none run far ahead.
template <typename T>
class Sequencer {
 public:
  /// @param window how many may be waiting to be taken.
  explicit Sequencer(std::size_t window) : window_(window) {}

  /// Hands one in; waits while it is too far ahead of what was taken. False: nobody wants it any more.
  bool put(std::size_t ticket, T value) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || ticket < next_ + window_; });
    if (closed_) return false;
    waiting_.emplace(ticket, std::move(value));
    changed_.notify_all();
    return true;
  }

  /// There is nothing from this ticket on.
  void end_at(std::size_t ticket) {
    const std::scoped_lock lock(mutex_);
    end_ = ticket;
    changed_.notify_all();
  }

  /// The next in order; waits for it. Nothing: that was the last, or it is closed.
  std::optional<T> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || waiting_.contains(next_) || next_ == end_; });
    const auto found = waiting_.find(next_);
    if (closed_ || found == waiting_.end()) return std::nullopt;
    std::optional<T> value(std::move(found->second));
    waiting_.erase(found);
    ++next_;
    changed_.notify_all();
    return value;
  }

  /// Nothing will be taken any more.
  void close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  const std::size_t window_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, T> waiting_;
  std::size_t next_ = 0;
  std::optional<std::size_t> end_;
  bool closed_ = false;
};

}  // namespace torchferry

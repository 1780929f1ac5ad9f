#include "app/lanes.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "app/interruption.h"
#include "app/sequencer.h"
#include "engine/threads.h"
#include "image/decode.h"

namespace torchferry {

namespace {

using Outcomes = std::vector<Outcome>;

/// The sources of one batch, and which batch it is.
struct Work {
  std::size_t ticket = 0;
  std::vector<Source> sources;
};

/// What the lanes have in common: the sources that they take from, and the order of what they make.
class Lanes {
 public:
  Lanes(Engine& engine, Sources& sources, const LaneOptions& options, std::size_t lanes)
      : engine_(engine), sources_(sources), options_(options), done_(2 * lanes) {}

  /// What one thread does: batch after batch, until there is none or nobody wants the outcomes.
  void run() noexcept {
    try {
      for (auto work = next(); work; work = next()) {
        const auto ticket = work->ticket;
        if (!done_.put(ticket, outcomes_of(std::move(*work)))) return;
      }
    } catch (...) {  // a fault of ours, or no memory: it ends the run
      fail(std::current_exception());
    }
  }

  std::optional<Outcomes> take() { return done_.take(); }
  void close() {
    sources_.stop();
    done_.close();
  }

  /// @throws what ended a lane, where that was no picture's fault.
  void rethrow() {
    const std::scoped_lock lock(fault_mutex_);
    if (fault_) std::rethrow_exception(fault_);
  }

 private:
  std::optional<Work> next() {
    const std::scoped_lock lock(mutex_);
    Work work{next_ticket_, {}};
    while (!ended_ && interruption() == 0 && work.sources.size() < options_.batch) {
      auto source = sources_.next();
      if (!source) break;
      work.sources.push_back(std::move(*source));
    }
    if (work.sources.empty()) {
      ended_ = true;
      done_.end_at(next_ticket_);
      return std::nullopt;
    }
    ++next_ticket_;
    return work;
  }

  Outcomes outcomes_of(Work work) {
    Outcomes outcomes;
    std::vector<std::shared_ptr<const Prepared>> prepared;
    std::vector<std::size_t> places;
    for (auto& source : work.sources) {
      outcomes.push_back({source.name, {}, {}});
      try {
        const auto name = source.name;
        prepared.push_back(engine_.prepare(decode(read(std::move(source)), name), options_.wanted.answer));
        places.push_back(outcomes.size() - 1);
      } catch (const Error& error) {
        outcomes.back().error = error;
      }
    }
    run(prepared, places, outcomes);
    return outcomes;
  }

  void run(const std::vector<std::shared_ptr<const Prepared>>& prepared,
           const std::vector<std::size_t>& places, Outcomes& outcomes) {
    if (prepared.empty()) return;
    try {
      auto results = engine_.run(prepared, options_.wanted);
      for (std::size_t i = 0; i < results.size(); ++i) outcomes[places[i]].result = std::move(results[i]);
    } catch (const Error& error) {
      if (error.code() == ExitCode::usage) throw;
      for (const auto place : places) outcomes[place].error = error;
    }
  }

  void fail(std::exception_ptr fault) {
    {
      const std::scoped_lock lock(fault_mutex_);
      if (!fault_) fault_ = std::move(fault);
    }
    close();
  }

  Engine& engine_;
  Sources& sources_;
  const LaneOptions& options_;
  Sequencer<Outcomes> done_;
  std::mutex mutex_;
  std::size_t next_ticket_ = 0;
  bool ended_ = false;
  std::mutex fault_mutex_;
  std::exception_ptr fault_;
};

}  // namespace

void run_lanes(Engine& engine, Sources& sources, const LaneOptions& options,
               const std::function<bool(Outcome)>& on_outcome) {
  std::size_t count = options.threads;
  while (count > 1 && !sources.may_exceed((count - 1) * options.batch)) --count;
  const auto threads_each = static_cast<int>(options.threads / count);

  Lanes lanes(engine, sources, options, count);
  std::vector<std::jthread> running;
  running.reserve(count);
  const auto close = [](Lanes* open) { open->close(); };
  const std::unique_ptr<Lanes, decltype(close)> closing(&lanes, close);  // before they are joined
  for (std::size_t i = 0; i < count; ++i) {
    running.emplace_back([&lanes, threads_each] {
      set_threads(threads_each);
      lanes.run();
    });
  }
  while (auto outcomes = lanes.take()) {
    for (auto& outcome : *outcomes) {
      if (!on_outcome(std::move(outcome))) return;
    }
  }
  lanes.rethrow();
}

}  // namespace torchferry

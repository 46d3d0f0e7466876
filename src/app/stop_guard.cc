#include "app/stop_guard.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <memory>
#include <utility>

#include "app/log.h"
#include "sluice/base/check.h"

namespace sluice {
namespace {

constexpr int kExitCode = 1;
// A log that is stuck as well (a full pipe) must not keep the process.
constexpr std::chrono::milliseconds kLogMax{300};

const char* name_of_signal(int number) { return number == SIGINT ? "SIGINT" : "SIGTERM"; }

Fd open_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  SLUICE_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0, "the set is a valid one");
  return Fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

// Runs `log` on a thread that nobody waits for longer than kLogMax.
void log_within(std::function<void()> log) {
  struct Done {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_done = false;
  };
  const auto done = std::make_shared<Done>();
  std::thread([done, log = std::move(log)] {
    log();
    const std::lock_guard lock(done->mutex);
    done->is_done = true;
    done->changed.notify_one();
  }).detach();
  std::unique_lock lock(done->mutex);
  done->changed.wait_for(lock, kLogMax, [&] { return done->is_done; });
}

}  // namespace

StopGuard::StopGuard(std::chrono::milliseconds at_most)
    : at_most_(at_most), signals_(open_signals()), wake_(eventfd(0, EFD_CLOEXEC)) {
  SLUICE_CHECK(signals_.get() >= 0 && wake_.get() >= 0, "a guard needs two descriptors");
  thread_ = std::thread([this] { run(); });
}

StopGuard::~StopGuard() {
  const std::uint64_t one = 1;
  SLUICE_CHECK(write(wake_.get(), &one, sizeof one) == sizeof one, "an eventfd takes a 1");
  thread_.join();
}

void StopGuard::tell(OnSignal on_signal) {
  const std::lock_guard lock(mutex_);
  on_signal_ = std::move(on_signal);
  if (on_signal_ && first_signal_ != 0) on_signal_(first_signal_, false);
}

void StopGuard::describe_with(Describe describe) {
  const std::lock_guard lock(mutex_);
  describe_ = std::move(describe);
}

void StopGuard::run() {
  while (true) {
    std::array<pollfd, 2> ready{{{signals_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
    const int count = poll(ready.data(), ready.size(), wait_ms());
    if (ready[1].revents != 0) return;
    if (deadline_ && Clock::now() >= *deadline_) end();
    if (count > 0 && ready[0].revents != 0) take_signal();
  }
}

int StopGuard::wait_ms() const {
  if (!deadline_) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

void StopGuard::take_signal() {
  signalfd_siginfo info{};
  if (read(signals_.get(), &info, sizeof info) != sizeof info) return;
  const int number = static_cast<int>(info.ssi_signo);
  const bool is_again = deadline_.has_value();
  const auto end = Clock::now() + (is_again ? kSlackWhenAsked : at_most_ + kSlack);
  deadline_ = std::min(deadline_.value_or(end), end);
  if (is_again && !std::exchange(was_asked_twice_, true)) {
    log_within([number] {
      say(LogId::kStopHurried, "{} again: stopping without waiting for destinations",
          name_of_signal(number));
    });
  }
  const std::lock_guard lock(mutex_);
  if (first_signal_ == 0) first_signal_ = number;
  if (on_signal_) on_signal_(number, is_again);
}

void StopGuard::end() {
  log_within([this] {
    std::string words;
    {
      const std::lock_guard lock(mutex_);
      if (describe_) words = describe_();
    }
    if (was_asked_twice_) {
      say(LogId::kStopCut, "ended at once, as asked; {}", words);
    } else {
      say(LogId::kStopCut,
          "the stop took longer than \"shutdown_timeout\" ({:.1f} s) and was ended; {}",
          std::chrono::duration<double>(at_most_).count(), words);
    }
  });
  std::_Exit(kExitCode);
}

}  // namespace sluice

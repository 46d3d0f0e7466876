#include "store/state_lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>

#include "store/scratch_folder.h"

namespace sluice {
namespace {

// Another process that holds the lock of `folder` until it is killed.
class OtherSluice {
 public:
  explicit OtherSluice(const std::string& folder) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      const auto lock = StateLock::take(folder);
      const char answer = lock.has_value() ? 'y' : 'n';
      (void)!::write(ends[1], &answer, 1);
      while (true) ::pause();
    }
    ::close(ends[1]);
    char answer = 0;
    has_lock_ = ::read(ends[0], &answer, 1) == 1 && answer == 'y';
    ::close(ends[0]);
  }
  ~OtherSluice() { kill(); }
  OtherSluice(const OtherSluice&) = delete;
  OtherSluice& operator=(const OtherSluice&) = delete;

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool has_lock() const { return has_lock_; }

 private:
  pid_t pid_ = -1;
  bool has_lock_ = false;
};

}  // namespace

TEST_CASE("a second process is refused a state folder and told whose it is", "[store]") {
  const ScratchFolder folder;
  OtherSluice other(folder.path());
  REQUIRE(other.has_lock());
  const auto refused = StateLock::take(folder.path());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message() ==
        folder.path() + ": another sluice (pid " + std::to_string(other.pid()) +
            ") uses it; stop it, or give this one a folder of its own");
  other.kill();  // The lock of a process that was killed is free.
  CHECK(StateLock::take(folder.path()).has_value());
}

TEST_CASE("a lock whose folder was removed or replaced is taken anew, unless another has it",
          "[store]") {
  const ScratchFolder scratch;
  const std::string folder = scratch.file("state");
  std::filesystem::create_directory(folder);
  auto lock = StateLock::take(folder);
  REQUIRE(lock.has_value());
  REQUIRE(lock->renew().has_value());
  std::filesystem::remove_all(folder);
  REQUIRE(lock->renew().has_value());
  CHECK_FALSE(StateLock::take(folder).has_value());
  std::filesystem::rename(folder, scratch.file("old"));
  std::filesystem::create_directory(folder);
  OtherSluice other(folder);
  REQUIRE(other.has_lock());
  CHECK_FALSE(lock->renew().has_value());
  other.kill();
  CHECK(lock->renew().has_value());
  CHECK_FALSE(StateLock::take(folder).has_value());
}

TEST_CASE("a lock says whose it is, lasts as long as its object, and moves with it", "[store]") {
  const ScratchFolder folder;
  write_bytes(folder.file("lock"), "123456789012345\n");  // Of one that is long gone.
  auto first = StateLock::take(folder.path());
  REQUIRE(first.has_value());
  CHECK(read_bytes(folder.file("lock")) == std::to_string(::getpid()) + "\n");
  std::optional<StateLock> second(std::move(*first));
  CHECK_FALSE(StateLock::take(folder.path()).has_value());
  second.reset();
  CHECK(StateLock::take(folder.path()).has_value());
}

TEST_CASE("a lock in a folder that is not there is an error that names it", "[store]") {
  const ScratchFolder folder;
  const auto lock = StateLock::take(folder.file("missing"));
  REQUIRE_FALSE(lock.has_value());
  CHECK(lock.error().message() ==
        folder.file("missing/lock") +
            ": cannot be opened (No such file or directory); look at its folder, owner and mode");
}

}  // namespace sluice

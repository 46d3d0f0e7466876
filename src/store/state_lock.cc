#include "store/state_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "store/file_identity.h"

namespace sluice {
namespace {

// The pid that the holder wrote, or nothing when it had no time to.
std::string holder_of(int file) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  const std::string_view written(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  const std::string_view pid = written.substr(0, written.find_first_not_of("0123456789"));
  return pid.empty() ? "" : fmt::format(" (pid {})", pid);
}

std::unexpected<Error> cannot(const std::string& path, const char* what) {
  return at(path, Error{{},
                        fmt::format("cannot be {} ({}); look at its folder, owner and mode", what,
                                    std::strerror(errno))});
}

}  // namespace

Expected<StateLock> StateLock::take(const std::string& state_dir) {
  const std::string path = state_dir + "/lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (file < 0) return cannot(path, "opened");
  StateLock lock(state_dir, file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return cannot(path, "locked");
    return fail(
        fmt::format("{}: another sluice{} uses it; stop it, or give this one a folder of its own",
                    state_dir, holder_of(file)));
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  // Only for people: without it (a full disk) the lock holds all the same.
  if (::ftruncate(file, 0) == 0) (void)!::pwrite(file, pid.data(), pid.size(), 0);
  return lock;
}

Expected<void> StateLock::renew() {
  if (FileIdentity::of(file_) == FileIdentity::of(state_dir_ + "/lock")) return {};
  std::error_code ignored;  // Without a folder the lock cannot be taken, which says why.
  std::filesystem::create_directories(state_dir_, ignored);
  auto lock = take(state_dir_);
  if (!lock) return std::unexpected(std::move(lock).error());
  *this = std::move(*lock);
  return {};
}

StateLock::~StateLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace sluice

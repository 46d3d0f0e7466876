#include "net/unix_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "sluice/base/check.h"

namespace sluice {
namespace {

// The kernel cuts it to net.core.somaxconn (4096).
constexpr int kBacklog = 4096;

std::unexpected<Error> fail_at(const Endpoint& endpoint, std::string what) {
  return at(endpoint.to_string(), Error{{}, std::move(what)});
}

std::unexpected<Error> fail_at(const Endpoint& endpoint, int error) {
  switch (error) {
    case ENOENT:
      return fail_at(endpoint, "the folder does not exist; create it (systemd: RuntimeDirectory=)");
    case EACCES:
    case EPERM:
      return fail_at(endpoint,
                     "permission denied; the user that runs sluice must be able to write "
                     "to the folder and to replace the file");
    case EROFS:
      return fail_at(endpoint, "the file system is read-only (systemd: ReadWritePaths=)");
    case EMFILE:
    case ENFILE:
      return fail_at(endpoint, "no file descriptor is left; raise LimitNOFILE (ulimit -n)");
    default:
      return fail_at(endpoint, std::string(std::strerror(error)));
  }
}

std::unexpected<Error> in_use(const Endpoint& endpoint) {
  return fail_at(endpoint,
                 fmt::format("another program is listening there; is it another sluice, rsyslog or "
                             "systemd-journald? (ss -xlp | grep {})",
                             endpoint.host));
}

sockaddr_un address_of(const Endpoint& endpoint) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  SLUICE_CHECK(endpoint.host.size() < sizeof address.sun_path, "the configuration bounds the path");
  std::memcpy(address.sun_path, endpoint.host.data(), endpoint.host.size());
  return address;
}

int type_of(const Endpoint& endpoint) {
  return (endpoint.is_stream() ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
}

// What connecting says: 0 or an errno. ECONNREFUSED: nobody has the socket open any more.
int try_connect(const Endpoint& endpoint) {
  const Fd probe(socket(AF_UNIX, type_of(endpoint), 0));
  if (!probe.is_open()) return errno;
  const sockaddr_un address = address_of(endpoint);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  return connect(probe.get(), generic, sizeof address) == 0 ? 0 : errno;
}

// Makes room at the path: removes the file that a dead process has left there.
Expected<void> remove_stale(const Endpoint& endpoint) {
  struct stat found{};
  if (lstat(endpoint.host.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return fail_at(endpoint, errno);
  }
  if (!S_ISSOCK(found.st_mode)) {
    return fail_at(endpoint, "there is a file that is no socket; remove it or choose another path");
  }
  switch (const int error = try_connect(endpoint)) {
    case ECONNREFUSED:
      break;
    case 0:
    case EAGAIN:      // Its backlog is full.
    case EPROTOTYPE:  // It is of the other kind.
      return in_use(endpoint);
    default:
      return fail_at(endpoint, error);
  }
  if (unlink(endpoint.host.c_str()) != 0 && errno != ENOENT) return fail_at(endpoint, errno);
  return {};
}

}  // namespace

SocketFile::SocketFile(std::string path) noexcept : path_(std::move(path)) {
  struct stat found{};
  if (lstat(path_.c_str(), &found) != 0) path_.clear();
  device_ = found.st_dev;
  inode_ = found.st_ino;
}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  if (this == &other) return *this;
  remove();
  path_ = std::exchange(other.path_, {});
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

void SocketFile::remove() noexcept {
  if (path_.empty()) return;
  struct stat found{};
  const bool is_ours =
      lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_;
  if (is_ours) unlink(path_.c_str());
  path_.clear();
}

Expected<UnixSocket> open_unix_socket(const Endpoint& endpoint, std::uint32_t mode) {
  if (auto done = remove_stale(endpoint); !done) return std::unexpected(std::move(done).error());
  UnixSocket opened;
  opened.socket = Fd(socket(AF_UNIX, type_of(endpoint), 0));
  if (!opened.socket.is_open()) return fail_at(endpoint, errno);
  // bind() makes the file with the socket's mode, less the umask: never more than `mode`.
  if (fchmod(opened.socket.get(), mode) != 0) return fail_at(endpoint, errno);
  const sockaddr_un address = address_of(endpoint);
  if (bind(opened.socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return errno == EADDRINUSE ? in_use(endpoint) : fail_at(endpoint, errno);
  }
  opened.file = SocketFile(endpoint.host);
  if (chmod(endpoint.host.c_str(), mode) != 0) return fail_at(endpoint, errno);
  if (endpoint.is_stream() && listen(opened.socket.get(), kBacklog) != 0) {
    return fail_at(endpoint, errno);
  }
  return opened;
}

}  // namespace sluice

#include "config/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace sluice {
namespace {

// Owns a file descriptor.
class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> cannot_read(int error) {
  return fail("cannot be read: " + std::generic_category().message(error));
}

}  // namespace

Expected<std::string> read_text_file(const std::string& path) {
  const File file(path);
  if (file.fd() < 0) return cannot_read(errno);
  std::string text;
  std::array<char, 64 * 1024> chunk;
  while (true) {
    const ssize_t count = ::read(file.fd(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_read(errno);
    if (count == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(count));
    if (text.size() > kTextFileBytesMax) return fail("larger than 16MiB; is this the right file?");
  }
}

}  // namespace sluice

#include "net/unix_socket.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <utility>

#include "config/temporary_folder.h"
#include "net/sockets.h"

namespace sluice {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using Transport = Endpoint::Transport;

Endpoint endpoint_in(const TemporaryFolder& folder, Transport transport) {
  return {transport, folder.path() + "/log", 0};
}

int type_of(Transport transport) {
  return transport == Transport::kUnix ? SOCK_STREAM : SOCK_DGRAM;
}

std::string error_of_opening(const Endpoint& endpoint) {
  const auto opened = open_unix_socket(endpoint, 0660);
  return opened ? std::string() : opened.error().message();
}

unsigned mode_of(const std::string& path) {
  struct stat found{};
  REQUIRE(stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777U;
}

TEST_CASE("a unix socket is there with its mode while it has an owner", "[net][unix]") {
  const TemporaryFolder folder;
  const Transport transport = GENERATE(Transport::kUnix, Transport::kUnixgram);
  const unsigned mode = GENERATE(0600U, 0660U, 0666U);
  const Endpoint endpoint = endpoint_in(folder, transport);
  {
    auto opened = open_unix_socket(endpoint, mode);
    REQUIRE(opened);
    const SocketFile moved = std::move(opened->file);
    CHECK(mode_of(endpoint.host) == mode);
    CHECK(connect_to_path(endpoint.host, type_of(transport)).is_open());
  }
  CHECK_FALSE(std::filesystem::exists(endpoint.host));
}

// What a process leaves that was killed.
void leave_stale_socket(const std::string& path, int type) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  const Fd fd(socket(AF_UNIX, type, 0));
  REQUIRE(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

TEST_CASE("a socket file that a dead process left is replaced", "[net][unix]") {
  const TemporaryFolder folder;
  const int dead = GENERATE(SOCK_STREAM, SOCK_DGRAM);
  const Transport transport = GENERATE(Transport::kUnix, Transport::kUnixgram);
  const Endpoint endpoint = endpoint_in(folder, transport);
  leave_stale_socket(endpoint.host, dead);
  const auto opened = open_unix_socket(endpoint, 0660);
  REQUIRE(opened);
  CHECK(mode_of(endpoint.host) == 0660);
  CHECK(connect_to_path(endpoint.host, type_of(transport)).is_open());
}

TEST_CASE("the socket file of another program in the same place is not removed", "[net][unix]") {
  const TemporaryFolder folder;
  const Endpoint endpoint = endpoint_in(folder, Transport::kUnix);
  auto first = open_unix_socket(endpoint, 0660);
  REQUIRE(first);
  std::filesystem::remove(endpoint.host);
  const auto second = open_unix_socket(endpoint, 0660);
  REQUIRE(second);
  first->file.remove();
  CHECK(connect_to_path(endpoint.host, SOCK_STREAM).is_open());
}

TEST_CASE("a socket that somebody listens at is left alone, with how to see who", "[net][unix]") {
  const TemporaryFolder folder;
  const Transport live = GENERATE(Transport::kUnix, Transport::kUnixgram);
  const Transport transport = GENERATE(Transport::kUnix, Transport::kUnixgram);
  const auto first = open_unix_socket(endpoint_in(folder, live), 0600);
  REQUIRE(first);
  const Endpoint endpoint = endpoint_in(folder, transport);
  CHECK_THAT(error_of_opening(endpoint),
             StartsWith(endpoint.to_string() + ": another program is listening there") &&
                 Contains("ss -xlp | grep " + endpoint.host));
  CHECK(connect_to_path(endpoint.host, type_of(live)).is_open());
}

TEST_CASE("a file that is no socket is left alone", "[net][unix]") {
  const TemporaryFolder folder;
  folder.write("log", "precious");
  CHECK_THAT(error_of_opening(endpoint_in(folder, Transport::kUnix)), Contains("no socket"));
  CHECK(std::filesystem::file_size(folder.path() + "/log") == 8);
}

TEST_CASE("a folder that is not there is said to be so", "[net][unix]") {
  const TemporaryFolder folder;
  CHECK_THAT(error_of_opening({Transport::kUnixgram, folder.path() + "/none/log", 0}),
             Contains("the folder does not exist") && Contains("RuntimeDirectory"));
}

}  // namespace
}  // namespace sluice

#include "http/http_front.h"

#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "http/status_server.h"
#include "net/fd.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

Fd connect_to(std::uint16_t port) {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  const timeval patience{.tv_sec = 60, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

void say(const Fd& fd, std::string_view bytes) {
  (void)send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

// All that comes until the server closes.
std::string hear_all(const Fd& fd) {
  std::string all;
  std::array<char, 4096> buffer{};
  for (ssize_t count; (count = recv(fd.get(), buffer.data(), buffer.size(), 0)) > 0;)
    all.append(buffer.data(), static_cast<std::size_t>(count));
  return all;
}

std::unique_ptr<HttpFront> start(const HttpFrontOptions& options, const std::string& answer) {
  auto front = HttpFront::start(
      options,
      [answer](const HttpRequest& request) {
        return HttpAnswer{answer, request.bytes.starts_with("LAST")};
      },
      [](int status, std::string_view) { return "refused " + std::to_string(status) + "\n"; });
  REQUIRE(front);
  return std::move(*front);
}

}  // namespace

TEST_CASE("requests that come in one piece are answered in order", "[http]") {
  const auto front = start({}, "yes\n");
  const Fd client = connect_to(front->port());
  say(client, "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nLAST /3 HTTP/1.1\r\n\r\n");
  CHECK(hear_all(client) == "yes\nyes\nyes\n");
  CHECK(front->stats().requests == 3);
}

TEST_CASE("a request that is not whole in time is told so and closed", "[http]") {
  const auto front = start({.request_time = milliseconds(50)}, "yes\n");
  const Fd client = connect_to(front->port());
  say(client, "GET / HT");
  CHECK(hear_all(client) == "refused 408\n");
  CHECK(front->stats().clients_late == 1);
}

TEST_CASE("a client that says nothing is closed without a word", "[http]") {
  const auto front = start({.idle_time = milliseconds(50)}, "yes\n");
  CHECK(hear_all(connect_to(front->port())).empty());
}

TEST_CASE("a client that does not read its answer is closed", "[http]") {
  const auto front = start({.answer_time = milliseconds(50)}, std::string(64 << 20, 'x'));
  const Fd client = connect_to(front->port());
  say(client, "GET / HTTP/1.1\r\n\r\n");
  const auto end = Clock::now() + seconds(60);
  while (front->stats().clients_late == 0 && Clock::now() < end)
    std::this_thread::sleep_for(milliseconds(1));
  CHECK(front->stats().clients_late == 1);
}

TEST_CASE("one client more than there may be takes the place of the idlest", "[http]") {
  const auto front = start({.clients_max = 3, .idle_time = seconds(60)}, "yes\n");
  const Fd first = connect_to(front->port());
  std::vector<Fd> more;
  for (int i = 0; i < 3; ++i) more.push_back(connect_to(front->port()));
  CHECK(hear_all(first).empty());
  say(more.back(), "LAST / HTTP/1.1\r\n\r\n");
  CHECK(hear_all(more.back()) == "yes\n");
  CHECK(front->stats().clients_refused == 1);
}

TEST_CASE("requests beyond those that may wait are refused, and probes are not", "[http]") {
  std::mutex mutex;
  std::condition_variable changed;
  bool may_answer = false;
  std::atomic<int> under_way = 0;
  auto started = HttpFront::start(
      {.threads = 1, .waiting_max = 1},
      [&](const HttpRequest&) {
        ++under_way;
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return may_answer; });
        return HttpAnswer{"yes\n", true};
      },
      [](int status, std::string_view) { return "refused " + std::to_string(status) + "\n"; });
  REQUIRE(started);
  const auto& front = *started;
  const Fd first = connect_to(front->port());
  say(first, "GET /1 HTTP/1.1\r\n\r\n");
  while (under_way == 0) std::this_thread::yield();
  std::vector<Fd> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(connect_to(front->port()));
    say(clients.back(), i == 3 ? "GET /healthz HTTP/1.1\r\n\r\n" : "GET /2 HTTP/1.1\r\n\r\n");
    while (front->stats().requests < static_cast<std::uint64_t>(i) + 2) std::this_thread::yield();
  }
  CHECK(hear_all(clients[1]) == "refused 503\n");
  CHECK(hear_all(clients[2]) == "refused 503\n");
  {
    const std::lock_guard lock(mutex);
    may_answer = true;
  }
  changed.notify_all();
  CHECK(hear_all(clients[3]) == "yes\n");
  CHECK(hear_all(clients[0]) == "yes\n");
}

TEST_CASE("200 clients that idle and drip keep nobody from an answer, nor the stop", "[http]") {
  // None of them is closed for its slowness before the test is over.
  auto server =
      StatusServer::start({.host = "127.0.0.1",
                           .port = 0,
                           .front = {.request_time = seconds(600), .idle_time = seconds(600)}});
  REQUIRE(server);
  const std::uint16_t port = (*server)->port();
  std::vector<Fd> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(connect_to(port));
    if (i % 2 == 0) say(slow.back(), "GET /healthz HTTP/1.1\r\nHo");
  }
  std::atomic<bool> is_over = false;
  std::thread drips([&] {
    while (!is_over) {
      for (std::size_t i = 0; i < slow.size(); i += 2) say(slow[i], "x");
      std::this_thread::sleep_for(milliseconds(10));
    }
  });
  for (int i = 0; i < 20; ++i) {
    const auto begin = Clock::now();
    httplib::Client client("127.0.0.1", port);
    const auto answer = client.Get("/healthz");
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(Clock::now() - begin < seconds(60));
  }
  const auto begin = Clock::now();
  server->reset();
  CHECK(Clock::now() - begin < seconds(60));
  is_over = true;
  drips.join();
}

TEST_CASE("every answer forbids framing, sniffing and foreign scripts", "[http]") {
  auto server = StatusServer::start({.host = "127.0.0.1", .port = 0, .token = "0123456789abcdef"});
  REQUIRE(server);
  httplib::Client client("127.0.0.1", (*server)->port());
  const std::string long_path = "/" + std::string(5000, 'a');
  for (const char* path : {"/", "/healthz", "/metrics", "/nothing", long_path.c_str()}) {
    CAPTURE(path);
    const auto answer = client.Get(path);
    REQUIRE(answer);
    CHECK(answer->get_header_value("X-Frame-Options") == "DENY");
    CHECK(answer->get_header_value("X-Content-Type-Options") == "nosniff");
    CHECK(answer->get_header_value("Referrer-Policy") == "no-referrer");
    CHECK(answer->get_header_value("Content-Security-Policy").starts_with("default-src 'none'"));
    CHECK(answer->get_header_value_count("Cache-Control") == 1);
  }
}

TEST_CASE("with a token, only the page's files and health are open", "[http]") {
  auto server = StatusServer::start({.host = "127.0.0.1", .port = 0, .token = "0123456789abcdef"});
  REQUIRE(server);
  httplib::Client client("127.0.0.1", (*server)->port());
  CHECK(client.Get("/")->status == 200);
  CHECK(client.Get("/healthz")->status == 200);
  const auto refused = client.Get("/api/v1/ledger");
  CHECK(refused->status == 401);
  CHECK(refused->get_header_value("WWW-Authenticate") == "Bearer");
  CHECK(refused->get_header_value("Content-Type") == "application/problem+json");
  CHECK(client.Get("/metrics")->status == 401);
  const httplib::Headers token{{"Authorization", "Bearer 0123456789abcdef"}};
  CHECK(client.Get("/api/v1/ledger", token)->status == 200);
}

TEST_CASE("the page's files are kept by browsers until they change", "[http]") {
  auto server = StatusServer::start({.host = "127.0.0.1", .port = 0});
  REQUIRE(server);
  httplib::Client client("127.0.0.1", (*server)->port());
  const auto first = client.Get("/");
  CHECK(first->get_header_value("Content-Type") == "text/html; charset=utf-8");
  CHECK(first->body.find("<title>sluice") != std::string::npos);
  const httplib::Headers same{{"If-None-Match", first->get_header_value("ETag")}};
  const auto again = client.Get("/", same);
  CHECK(again->status == 304);
  CHECK(again->body.empty());
}

TEST_CASE("a query that is not understood is refused with the nearest name", "[http]") {
  auto server = StatusServer::start({.host = "127.0.0.1", .port = 0});
  REQUIRE(server);
  httplib::Client client("127.0.0.1", (*server)->port());
  for (const char* path : {"/api/v1/ledger?x=1", "/healthz?verbose=1", "/api/v1/attention?x"}) {
    CAPTURE(path);
    CHECK(client.Get(path)->status == 400);
  }
  // A request for parts is answered as a whole: many parts would be many times the answer.
  const auto ranged = client.Get("/healthz", {{"Range", "bytes=0-1,0-1,0-1"}});
  CHECK(ranged->status == 200);
  CHECK(client.Delete("/healthz")->status == 405);
  CHECK(client.Delete("/healthz")->get_header_value("Allow") == "GET, HEAD");
  CHECK(client.Get("/api/v1/forget")->get_header_value("Allow") == "POST");
}

}  // namespace sluice

#include "http/http_front.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "http/answer_pool.h"
#include "net/fd.h"

namespace sluice {
namespace {

using Clock = std::chrono::steady_clock;

// Clients that wait to be accepted while all else goes on.
constexpr int kBacklog = 128;
// For probes, so that they never wait behind what takes long.
constexpr std::string_view kUrgent = "GET /healthz ";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

struct Client {
  enum class Phase : std::uint8_t {
    kReading,
    kAnswering,  // A thread has its request.
    kWriting,
    kDraining,  // Its last answer is written; what it still sends is read and dropped.
  } phase = Phase::kReading;
  Fd fd;
  std::string peer;
  std::string local;  // The address of this machine that it came to.
  std::string in;
  std::string out;
  std::size_t written = 0;
  std::size_t requests = 0;
  bool is_last = false;
  bool was_told_to_go_on = false;
  Clock::time_point deadline;
  Clock::time_point idle_since;

  [[nodiscard]] bool is_idle() const { return phase == Phase::kReading && in.empty(); }
};

struct FreeAddresses {
  void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};

std::string text_of(const sockaddr_storage& address) {
  std::array<char, NI_MAXHOST> host{};
  if (getnameinfo(reinterpret_cast<const sockaddr*>(&address), sizeof address, host.data(),
                  host.size(), nullptr, 0, NI_NUMERICHOST) != 0)
    return {};
  return host.data();
}

// Not with SO_REUSEPORT, which would let two relays share the port unnoticed.
Expected<Fd> listen_on(const HttpFrontOptions& options) {
  const auto refuse = [&](const char* why) {
    return fail(
        fmt::format("http://{}:{}: cannot listen there ({}); is another sluice running? (ss -ltnp)",
                    options.host, options.port, why));
  };
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure =
      getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(), &hints, &found);
  if (failure != 0) return refuse(gai_strerror(failure));
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  Fd fd(socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!fd.is_open() || bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      listen(fd.get(), kBacklog) != 0)
    return refuse(std::strerror(errno));
  return fd;
}

std::uint16_t port_of(const Fd& fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

}  // namespace

struct HttpFront::State {
  State(HttpFrontOptions chosen, Answerer answerer, Refuser refuser, Fd socket)
      : options(std::move(chosen)),
        answer(std::move(answerer)),
        refuse(std::move(refuser)),
        listener(std::move(socket)),
        port(port_of(listener)),
        wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        pool(
            options.threads, options.waiting_max,
            [this](const AnswerPool::Request& request) {
              HttpAnswer made = answer({request.bytes, request.peer, request.local});
              return AnswerPool::Answer{request.client, std::move(made.bytes), made.is_last};
            },
            [this] { rouse(); }),
        thread([this] { run(); }) {}
  ~State() {
    is_ending = true;
    rouse();
    thread.join();
  }

  void rouse() const noexcept { eventfd_write(wake.get(), 1); }
  void run();
  void wait();
  void accept_clients();
  bool make_room();
  void take_answers();
  void expire();
  // False: the client is to be closed.
  bool serve(std::uint64_t id, Client& client);
  bool read(Client& client);
  bool look(std::uint64_t id, Client& client);
  void reply(Client& client, std::string bytes, bool is_last);
  bool write(std::uint64_t id, Client& client);
  void await_request(Client& client);

  HttpFrontOptions options;
  Answerer answer;
  Refuser refuse;
  Fd listener;
  std::uint16_t port;
  Fd wake;
  std::atomic<bool> is_ending = false;
  std::atomic<std::uint64_t> requests = 0;
  std::atomic<std::uint64_t> clients_refused = 0;
  std::atomic<std::uint64_t> clients_late = 0;

  // The thread's own.
  std::map<std::uint64_t, Client> clients;
  std::uint64_t next_id = 1;
  Clock::time_point now = Clock::now();
  Clock::time_point looked;  // What had come by then has been read.
  std::vector<pollfd> polled;
  std::vector<std::uint64_t> polled_ids;
  bool is_out_of_files = false;

  AnswerPool pool;
  std::thread thread;  // Last, so that it finds everything made.
};

void HttpFront::State::run() {
  while (!is_ending) {
    wait();
    now = Clock::now();
    if (is_ending) break;
    take_answers();
    for (std::size_t i = 2; i < polled.size(); ++i) {
      const auto found = clients.find(polled_ids[i]);
      if (polled[i].revents == 0 || found == clients.end()) continue;
      if (!serve(found->first, found->second)) clients.erase(found);
    }
    is_out_of_files = false;
    if (polled[0].revents != 0) accept_clients();
    expire();
  }
  clients.clear();
  listener.reset();
}

void HttpFront::State::wait() {
  polled.clear();
  polled_ids.assign(2, 0);
  // Without a descriptor for it, a client that waits to be accepted would make poll() spin.
  polled.push_back({listener.get(), static_cast<short>(is_out_of_files ? 0 : POLLIN), 0});
  polled.push_back({wake.get(), POLLIN, 0});
  Clock::time_point first = now + std::chrono::seconds(1);
  for (const auto& [id, client] : clients) {
    if (client.phase == Client::Phase::kAnswering) continue;
    first = std::min(first, client.deadline);
    const bool is_writing = client.phase == Client::Phase::kWriting;
    polled.push_back({client.fd.get(), static_cast<short>(is_writing ? POLLOUT : POLLIN), 0});
    polled_ids.push_back(id);
  }
  const auto looks_at = Clock::now();
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - looks_at);
  const auto wait_ms = std::clamp<std::int64_t>(left.count(), 0, 1000);
  // What a signal interrupted has looked at nothing.
  if (poll(polled.data(), polled.size(), static_cast<int>(wait_ms)) >= 0) looked = looks_at;
  eventfd_t ignored = 0;
  eventfd_read(wake.get(), &ignored);
}

void HttpFront::State::accept_clients() {
  while (true) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    Fd fd(accept4(listener.get(), reinterpret_cast<sockaddr*>(&address), &size,
                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.is_open()) {
      is_out_of_files = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      return;
    }
    if (!make_room()) continue;  // And `fd` is closed.
    Client client;
    client.fd = std::move(fd);
    client.peer = text_of(address);
    size = sizeof address;
    if (getsockname(client.fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0)
      client.local = text_of(address);
    await_request(client);
    clients.emplace(next_id++, std::move(client));
  }
}

// The one that has said nothing for longest goes; failing that, whose request is not whole.
bool HttpFront::State::make_room() {
  if (clients.size() < options.clients_max) return true;
  ++clients_refused;
  auto worst = clients.end();
  for (auto it = clients.begin(); it != clients.end(); ++it) {
    if (it->second.phase == Client::Phase::kAnswering) continue;
    const auto rank = [](const Client& client) {
      return std::pair(!client.is_idle(), client.idle_since);
    };
    if (worst == clients.end() || rank(it->second) < rank(worst->second)) worst = it;
  }
  if (worst == clients.end()) return false;
  clients.erase(worst);
  return true;
}

void HttpFront::State::take_answers() {
  for (AnswerPool::Answer& answered : pool.take()) {
    const auto found = clients.find(answered.client);
    if (found == clients.end()) continue;
    Client& client = found->second;
    const bool is_last = answered.is_last || client.requests >= options.requests_per_client_max;
    reply(client, std::move(answered.bytes), is_last);
    if (!write(found->first, client)) clients.erase(found);
  }
}

void HttpFront::State::expire() {
  for (auto it = clients.begin(); it != clients.end();) {
    Client& client = it->second;
    // Not by `now`: of a relay that stood still, what came meanwhile may be unread.
    if (client.phase == Client::Phase::kAnswering || looked < client.deadline) {
      ++it;
      continue;
    }
    // Whoever began a request is told; one attempt has to do.
    if (client.phase == Client::Phase::kReading && !client.in.empty()) {
      const std::string late = refuse(408, "the request was not whole in time");
      [[maybe_unused]] const auto sent =
          send(client.fd.get(), late.data(), late.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (!client.is_idle() && client.phase != Client::Phase::kDraining) ++clients_late;
    it = clients.erase(it);
  }
}

bool HttpFront::State::serve(std::uint64_t id, Client& client) {
  switch (client.phase) {
    case Client::Phase::kReading:
      return read(client) && look(id, client);
    case Client::Phase::kWriting:
      return write(id, client);
    case Client::Phase::kDraining:
      client.in.clear();
      return read(client);
    case Client::Phase::kAnswering:
      return true;
  }
  return false;
}

bool HttpFront::State::read(Client& client) {
  std::array<char, 16 * 1024> buffer;
  const ssize_t count = recv(client.fd.get(), buffer.data(), buffer.size(), 0);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) return false;
  if (client.in.empty() && client.phase == Client::Phase::kReading)
    client.deadline = now + options.request_time;
  client.in.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

// Is there a whole request?
bool HttpFront::State::look(std::uint64_t id, Client& client) {
  if (client.in.empty()) return true;
  RequestFrame frame = frame_request(client.in, options.limits);
  if (frame.status == RequestFrame::Status::kRefused) {
    reply(client, refuse(frame.problem_status, frame.problem), true);
    return write(id, client);
  }
  if (frame.status == RequestFrame::Status::kNeedMore) {
    if (frame.is_told_to_wait && !std::exchange(client.was_told_to_go_on, true)) {
      return send(client.fd.get(), kContinue.data(), kContinue.size(),
                  MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
    }
    return true;
  }
  ++requests;
  ++client.requests;
  const bool is_urgent = client.in.starts_with(kUrgent);
  AnswerPool::Request request{id, client.in.substr(0, frame.bytes), client.peer, client.local};
  client.in.erase(0, frame.bytes);
  client.was_told_to_go_on = false;
  client.phase = Client::Phase::kAnswering;
  if (pool.add(std::move(request), is_urgent)) return true;
  reply(client, refuse(503, "too many requests wait for an answer; ask again in a moment"), true);
  return write(id, client);
}

void HttpFront::State::reply(Client& client, std::string bytes, bool is_last) {
  client.phase = Client::Phase::kWriting;
  client.out = std::move(bytes);
  client.written = 0;
  client.is_last = is_last;
  client.deadline = now + options.answer_time;
}

bool HttpFront::State::write(std::uint64_t id, Client& client) {
  while (client.written < client.out.size()) {
    const ssize_t count = send(client.fd.get(), client.out.data() + client.written,
                               client.out.size() - client.written, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    client.written += static_cast<std::size_t>(count);
  }
  client.out = {};
  if (client.is_last) {
    // A close with octets unread would be a reset, which may overtake the answer.
    shutdown(client.fd.get(), SHUT_WR);
    client.phase = Client::Phase::kDraining;
    client.deadline = now + std::chrono::seconds(1);
    return true;
  }
  await_request(client);
  return look(id, client);  // The next one may be there.
}

void HttpFront::State::await_request(Client& client) {
  client.phase = Client::Phase::kReading;
  client.idle_since = now;
  client.deadline = now + (client.in.empty() ? options.idle_time : options.request_time);
}

Expected<std::unique_ptr<HttpFront>> HttpFront::start(const HttpFrontOptions& options,
                                                      Answerer answer, Refuser refuse) {
  auto listener = listen_on(options);
  if (!listener) return std::unexpected(std::move(listener).error());
  return std::make_unique<HttpFront>(
      std::make_unique<State>(options, std::move(answer), std::move(refuse), std::move(*listener)));
}

HttpFront::HttpFront(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpFront::~HttpFront() = default;

std::uint16_t HttpFront::port() const noexcept { return state_->port; }

HttpFrontStats HttpFront::stats() const {
  return {state_->requests, state_->clients_refused, state_->clients_late};
}

}  // namespace sluice

#include "http/status_server.h"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "http/observed_routes.h"
#include "http/render.h"
#include "http/senders.h"

namespace sluice {
namespace {

// Few people look at a relay's status at once; a fifth waits its turn.
constexpr std::size_t kThreads = 4;
// An idle client must not keep a thread from the others.
constexpr time_t kTimeoutSeconds = 2;
constexpr std::size_t kRequestsPerConnection = 20;
constexpr std::size_t kPayloadBytesMax = 4096;

constexpr const char* kJson = "application/json";
constexpr const char* kProblem = "application/problem+json";

void answer_problem(httplib::Response& response, int status, std::string_view title,
                    std::string_view detail) {
  response.status = status;
  response.set_content(render_problem(status, title, detail), kProblem);
}

// The senders that the query string asks for, or what is wrong with it.
void answer_senders(const httplib::Params& parameters, const SenderReport& report,
                    httplib::Response& response) {
  SenderQuery query;
  for (const auto& [name, value] : parameters) {
    const auto set = parameters.count(name) > 1
                         ? Expected<void>(fail(name + ": expected once, got it several times"))
                         : set_parameter(query, name, value);
    if (set) continue;
    answer_problem(response, 400, "Bad Request", set.error().message());
    return;
  }
  response.set_content(render_senders(report, query), kJson);
}

// The host of "name:port" or "[address]:port".
std::string host_of(std::string_view header) {
  if (header.starts_with('[')) return std::string(header.substr(1, header.find(']') - 1));
  return std::string(header.substr(0, header.find(':')));
}

// A header that no web page can send to another site without asking first, which is never granted.
constexpr const char* kOrderHeader = "X-Sluice-Order";
constexpr const char* kForgetPath = "/api/v1/forget";

bool is_of_this_machine(const std::string& address) {
  return address == "127.0.0.1" || address == "::1" || address == "::ffff:127.0.0.1";
}

void answer_forget(const StatusServerOptions& options, const httplib::Request& request,
                   httplib::Response& response) {
  if (!request.has_header(kOrderHeader) || !is_of_this_machine(request.remote_addr)) {
    answer_problem(response, 403, "Forbidden",
                   "a host can be forgotten from the relay's machine alone: sluice forget HOST");
    return;
  }
  const std::string host = request.get_param_value("host");
  if (host.empty()) {
    answer_problem(response, 400, "Bad Request", "expected the parameter \"host\"");
    return;
  }
  switch (options.forget ? options.forget(host) : Forgotten::kNoAnswer) {
    case Forgotten::kDone:
      response.set_content(R"({"forgotten": true})", kJson);
      return;
    case Forgotten::kUnknownHost:
      answer_problem(response, 404, "Not Found", "no host of this name is known");
      return;
    case Forgotten::kNoAnswer:
      answer_problem(response, 503, "Service Unavailable", "the relay does not take orders now");
      return;
  }
}

}  // namespace

struct StatusServer::State {
  void set_limits();
  void set_routes();
  [[nodiscard]] bool is_known_host(const std::string& host) const;

  StatusServerOptions options;
  httplib::Server server;
  int port = 0;
  std::atomic<std::shared_ptr<const Snapshot>> snapshot{std::make_shared<const Snapshot>()};
  std::thread thread;
};

Expected<std::unique_ptr<StatusServer>> StatusServer::start(const StatusServerOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  state->set_limits();
  state->set_routes();
  const bool is_bound = options.port == 0
                            ? (state->port = state->server.bind_to_any_port(options.host)) > 0
                            : state->server.bind_to_port(options.host, options.port);
  if (!is_bound) {
    return fail(
        fmt::format("http://{}:{}: cannot listen there; is another sluice running? (ss -ltnp)",
                    options.host, options.port));
  }
  if (options.port != 0) state->port = options.port;
  state->thread = std::thread([server = &state->server] { server->listen_after_bind(); });
  return std::make_unique<StatusServer>(std::move(state));
}

StatusServer::StatusServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

StatusServer::~StatusServer() {
  // stop() does nothing before the thread listens, and then the thread would never end.
  while (!state_->server.is_running()) std::this_thread::yield();
  state_->server.stop();
  state_->thread.join();
}

void StatusServer::publish(std::shared_ptr<const Snapshot> snapshot) {
  state_->snapshot.store(std::move(snapshot));
}

std::uint16_t StatusServer::port() const noexcept {
  return static_cast<std::uint16_t>(state_->port);
}

void StatusServer::State::set_limits() {
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_read_timeout(kTimeoutSeconds);
  server.set_write_timeout(kTimeoutSeconds);
  server.set_keep_alive_timeout(kTimeoutSeconds);
  server.set_keep_alive_max_count(kRequestsPerConnection);
  server.set_payload_max_length(kPayloadBytesMax);
  // Not the library's own choice, SO_REUSEPORT, which would let two relays share the port
  // unnoticed.
  server.set_socket_options([](socket_t socket) {
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  server.set_default_headers(
      {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}});
}

void StatusServer::State::set_routes() {
  server.set_pre_routing_handler(
      [this](const httplib::Request& request, httplib::Response& response) {
        using Handler = httplib::Server::HandlerResponse;
        if (!is_known_host(host_of(request.get_header_value("Host")))) {
          answer_problem(
              response, 403, "Forbidden",
              "the Host header names another machine; use the address that the relay listens on");
          return Handler::Handled;
        }
        const bool is_order = request.method == "POST" && request.path == kForgetPath;
        if (request.method != "GET" && request.method != "HEAD" && !is_order) {
          answer_problem(response, 405, "Method Not Allowed", "only GET and HEAD are served");
          return Handler::Handled;
        }
        return Handler::Unhandled;
      });
  server.Get("/healthz", [this](const httplib::Request&, httplib::Response& response) {
    response.set_content(render_health(*snapshot.load()), kJson);
  });
  server.Get("/api/v1/ledger", [this](const httplib::Request&, httplib::Response& response) {
    response.set_content(render_ledger(*snapshot.load()), kJson);
  });
  server.Get("/api/v1/senders",
             [this](const httplib::Request& request, httplib::Response& response) {
               const auto snapshot_now = snapshot.load();
               answer_senders(request.params, *snapshot_now->senders, response);
             });
  server.Get("/api/v1/attention", [this](const httplib::Request&, httplib::Response& response) {
    const auto snapshot_now = snapshot.load();
    response.set_content(render_attention(*snapshot_now->attention), kJson);
  });
  add_observed_routes(server, [this] { return snapshot.load(); });
  server.Post(kForgetPath, [this](const httplib::Request& request, httplib::Response& response) {
    answer_forget(options, request, response);
  });
  server.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
    response.set_content(render_prometheus(*snapshot.load()), "text/plain; version=0.0.4");
  });
  server.set_error_handler([](const httplib::Request& request, httplib::Response& response) {
    if (!response.body.empty()) return;
    answer_problem(response, response.status, response.status == 404 ? "Not Found" : "Bad Request",
                   response.status == 404
                       ? "known are /healthz, /metrics, /api/v1/ledger, /api/v1/senders, "
                         "/api/v1/attention, /api/v1/unmatched, /api/v1/rules, "
                         "/api/v1/failures, /api/v1/events; not " +
                             request.path
                       : std::string("the request cannot be read"));
  });
}

bool StatusServer::State::is_known_host(const std::string& host) const {
  const auto is_local = {std::string("localhost"), std::string("127.0.0.1"), std::string("::1"),
                         options.host, options.instance};
  return !host.empty() && std::ranges::find(is_local, host) != is_local.end();
}

}  // namespace sluice

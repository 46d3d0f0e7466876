#include "http/status_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "config/names.h"
#include "http/access.h"
#include "http/answer.h"
#include "http/json_text.h"
#include "http/observed_routes.h"
#include "http/page_files.h"
#include "http/query.h"
#include "http/render.h"
#include "http/router.h"
#include "http/senders.h"

namespace sluice {
namespace {

using Request = httplib::Request;
using Response = httplib::Response;

// A header that no web page can send to another site without asking first, which is never granted.
constexpr const char* kOrderHeader = "X-Sluice-Order";
constexpr const char* kForgetPath = "/api/v1/forget";
constexpr std::size_t kExplainBytesMax = 64 * 1024;
constexpr std::size_t kExplainedMax = 20;  // Messages.
constexpr const char* kHealthPath = "/healthz";

void answer_senders(const httplib::Params& parameters, const SenderReport& report,
                    Response& response) {
  Query query(parameters);
  const SenderQuery wanted = read_sender_query(query);
  if (auto fine = query.finish(); !fine)
    return answer_problem(response, 400, fine.error().message());
  response.set_content(render_senders(report, wanted), kJsonType);
}

// What the page needs to know of the relay before it asks for anything else.
std::string render_about(const Snapshot& now, const StatusServerOptions& options) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const PageLink& link : options.links)
    list.push_back({{"name", link.name}, {"url", link.url}});
  return dump({{"version", now.version},
               {"instance", now.instance},
               {"started", time_text(now.started)},
               {"path", options.relay_path},
               {"history", options.history != nullptr},
               {"links", std::move(list)}});
}

bool is_of_this_machine(const std::string& address) {
  return address == "127.0.0.1" || address == "::1" || address == "::ffff:127.0.0.1";
}

void answer_forget(const StatusServerOptions& options, const Request& request, Response& response) {
  if (!is_of_this_machine(request.remote_addr)) {
    return answer_problem(
        response, 403,
        "a host can be forgotten from the relay's machine alone: sluice forget HOST");
  }
  // No page of another site can send it.
  if (!request.has_header(kOrderHeader)) {
    return answer_problem(
        response, 403,
        fmt::format("expected the header \"{}\", which sluice forget HOST sends", kOrderHeader));
  }
  Query query(request.params);
  const std::string host = lower_case(query.required("host", "web01.example.com"));
  if (auto fine = query.finish(); !fine)
    return answer_problem(response, 400, fine.error().message());
  switch (options.forget ? options.forget(host) : Forgotten::kNoAnswer) {
    case Forgotten::kDone:
      response.set_content(R"({"forgotten": true})", kJsonType);
      return;
    case Forgotten::kUnknownHost:
      return answer_problem(response, 404, "no host of this name is known");
    case Forgotten::kNoAnswer:
      return answer_problem(response, 503, "the relay does not take orders now");
  }
}

// Whatever is posted changes nothing, and a page of another site cannot read the answer.
void answer_explain(const StatusServerOptions& options, const Request& request,
                    Response& response) {
  // First: of a form, which curl takes the lines for, they would be parameters.
  if (!request.get_header_value("Content-Type").starts_with("text/plain"))
    return answer_problem(response, 415,
                          "expected the lines as text/plain, as with curl "
                          "-H 'Content-Type: text/plain' --data-binary @FILE");
  Query query(request.params);
  const ExplainRequest wanted{
      .text = request.body,
      .framing = query.text("framing"),
      .tz = query.text_with_plus("tz"),
      .messages_max = kExplainedMax + 1};  // One more tells that there are more.
  if (auto fine = query.finish(); !fine)
    return answer_problem(response, 400, fine.error().message());
  if (request.body.size() > kExplainBytesMax)
    return answer_problem(response, 413, "a text to explain has at most 65536 octets");
  if (!options.explain) return answer_problem(response, 503, "nothing can be explained now");
  const auto messages = options.explain(wanted);
  if (!messages) return answer_problem(response, 400, messages.error().message());
  std::string answer = R"({"messages": [)";
  for (std::size_t i = 0; i < std::min(messages->size(), kExplainedMax); ++i)
    answer += (i == 0 ? "\n" : ",\n") + (*messages)[i];
  const bool is_truncated = messages->size() > kExplainedMax;
  response.set_content(fmt::format("{}\n], \"truncated\": {}}}\n", answer, is_truncated),
                       kJsonType);
}

// Browsers keep the page's files, and ask whether they are still the same.
void answer_file(const PageFile& file, const Request& request, Response& response) {
  response.headers.erase("Cache-Control");
  response.set_header("Cache-Control", "no-cache");
  response.set_header("ETag", std::string(file.etag));
  if (request.get_header_value("If-None-Match") == file.etag) {
    response.status = 304;
    return;
  }
  response.set_content(file.bytes.data(), file.bytes.size(), std::string(file.content_type));
}

bool is_page_file(std::string_view path) {
  return std::ranges::find(page_files(), path, &PageFile::path) != page_files().end();
}

}  // namespace

struct StatusServer::State {
  State(const StatusServerOptions& chosen, std::shared_ptr<const Snapshot> first)
      : options(chosen),
        names(names_of(chosen)),
        snapshot(std::move(first)),
        router(routes(),
               [this](const Request& request, Response& response, std::string_view local) {
                 return guard(request, response, local);
               }) {}

  static HostNamesServed names_of(const StatusServerOptions& options) {
    std::vector<std::string> names = options.hosts;
    names.push_back(options.host);
    return HostNamesServed(std::move(names));
  }
  std::vector<Route> routes();
  // What is said of the snapshot, for a path that takes no parameters.
  template <typename Render>
  Route plain(const char* path, Render render, const char* type = kJsonType) {
    return {"GET", path, [this, render, type](const Request& request, Response& response) {
              Query query(request.params);
              if (auto fine = query.finish(); !fine)
                return answer_problem(response, 400, fine.error().message());
              const auto now = snapshot.load();
              response.set_content(render(*now), type);
            }};
  }
  // True: the request is answered, because it must not be served.
  bool guard(const Request& request, Response& response, std::string_view local) const;

  StatusServerOptions options;
  HostNamesServed names;
  std::atomic<std::shared_ptr<const Snapshot>> snapshot;
  Router router;
  std::unique_ptr<HttpFront> front;  // Last: it calls the router.
};

std::vector<Route> StatusServer::State::routes() {
  std::vector<Route> all;
  all.push_back(plain(kHealthPath, render_health));
  all.push_back(plain("/metrics", render_prometheus, "text/plain; version=0.0.4"));
  all.push_back(plain("/api/v1/ledger", render_ledger));
  all.push_back({"GET", "/api/v1/senders", [this](const Request& request, Response& response) {
                   const auto now = snapshot.load();
                   answer_senders(request.params, *now->senders, response);
                 }});
  all.push_back(plain("/api/v1/attention",
                      [](const Snapshot& now) { return render_attention(*now.attention); }));
  all.push_back({"POST", kForgetPath, [this](const Request& request, Response& response) {
                   answer_forget(options, request, response);
                 }});
  add_observed_routes(all, [this] { return snapshot.load(); });
  all.push_back(
      plain("/api/v1/about", [this](const Snapshot& now) { return render_about(now, options); }));
  add_series_routes(all, options.history);
  add_fleet_routes(all, options.fleet, options.history, [this] { return snapshot.load(); });
  all.push_back({"POST", "/api/v1/explain", [this](const Request& request, Response& response) {
                   answer_explain(options, request, response);
                 }});
  for (const PageFile& file : page_files()) {
    all.push_back(
        {"GET", std::string(file.path), [&file](const Request& request, Response& response) {
           answer_file(file, request, response);
         }});
  }
  return all;
}

bool StatusServer::State::guard(const Request& request, Response& response,
                                std::string_view local) const {
  // A probe that speaks HTTP/1.0 may name no host; a browser, which rebinding fools, always does.
  const bool is_probe = request.path == kHealthPath && !request.has_header("Host");
  if (!is_probe && !names.is_served(request.get_header_value("Host"), local)) {
    answer_problem(response, 403,
                   "the Host header names another machine; use the address that the relay listens "
                   "on, or list the name in \"hosts\" of \"http\"");
    return true;
  }
  const bool is_open =
      options.token.empty() || request.path == kHealthPath || is_page_file(request.path);
  if (is_open || is_authorized(request.get_header_value("Authorization"), options.token))
    return false;
  response.set_header("WWW-Authenticate", "Bearer");
  answer_problem(response, 401,
                 "expected the header \"Authorization: Bearer TOKEN\" with the "
                 "token of \"token_file\"");
  return true;
}

Expected<std::unique_ptr<StatusServer>> StatusServer::start(const StatusServerOptions& options,
                                                            std::shared_ptr<const Snapshot> first) {
  auto state = std::make_unique<State>(options, std::move(first));
  HttpFrontOptions front = options.front;
  front.host = options.host;
  front.port = options.port;
  auto started = HttpFront::start(
      front,
      [router = &state->router](const HttpRequest& request) { return router->answer(request); },
      whole_problem);
  if (!started) return std::unexpected(std::move(started).error());
  state->front = std::move(*started);
  return std::make_unique<StatusServer>(std::move(state));
}

StatusServer::StatusServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
StatusServer::~StatusServer() = default;

void StatusServer::publish(std::shared_ptr<const Snapshot> snapshot) {
  state_->snapshot.store(std::move(snapshot));
}

std::uint16_t StatusServer::port() const noexcept { return state_->front->port(); }

HttpFrontStats StatusServer::clients() const { return state_->front->stats(); }

}  // namespace sluice

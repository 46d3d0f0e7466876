#include "http/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/nearest.h"
#include "http/answer.h"

namespace sluice {
namespace {

// Where the address that a request came to is handed from answer() to the guard, a field
// of this name that a client sent having been removed.
constexpr const char* kLocal = "local address";

// A request in memory and its answer.
class MemoryStream : public httplib::Stream {
 public:
  MemoryStream(std::string_view in, std::string_view peer) : in_(in), peer_(peer) {}

  [[nodiscard]] bool is_readable() const override { return !in_.empty(); }
  [[nodiscard]] bool is_writable() const override { return true; }
  ssize_t read(char* target, std::size_t size) override {
    const std::size_t count = in_.copy(target, size);
    in_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* bytes, std::size_t size) override {
    out_.append(bytes, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip = peer_;
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  [[nodiscard]] socket_t socket() const override { return -1; }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string_view in_;
  std::string peer_;
  std::string out_;
};

// Parts of answers are not served: a header that asks for many would multiply them. The field's
// name becomes one that means nothing.
std::string without_ranges(std::string_view request) {
  std::string text(request);
  const std::size_t header_end = text.find("\r\n\r\n");
  for (std::size_t line = text.find("\r\n"); line < header_end;
       line = text.find("\r\n", line + 2)) {
    const std::string_view name(text.data() + line + 2,
                                std::min<std::size_t>(5, text.size() - line - 2));
    constexpr std::string_view kRange = "range";
    const bool is_range = std::ranges::equal(name, kRange, {}, [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    if (is_range) text[line + 2] = 'x';
  }
  return text;
}

constexpr std::string_view kAnyName = "NAME";

// A regular expression that matches the path alone.
std::string pattern_of(std::string_view path) {
  const bool has_name = path.ends_with(kAnyName);
  if (has_name) path.remove_suffix(kAnyName.size());
  std::string pattern;
  for (const char c : path) {
    if (c == '.') pattern += '\\';
    pattern += c;
  }
  return has_name ? pattern + "(.+)" : pattern;
}

bool is_served_at(const Route& route, std::string_view path) {
  if (!route.path.ends_with(kAnyName)) return route.path == path;
  const std::string_view fixed = std::string_view(route.path).substr(0, route.path.size() - 4);
  return path.starts_with(fixed) && path.size() > fixed.size();
}

// For who asks for something else. The page's files ("/page.js") are nobody's to ask for by hand.
std::string not_found(const std::vector<Route>& routes, const std::string& path) {
  std::string all;
  std::vector<std::string_view> names;
  for (const Route& route : routes) {
    if (route.path.find('.') != std::string::npos) continue;
    if (!all.empty()) all += ", ";
    if (route.method != "GET") all += route.method + ' ';
    all += route.path;
    names.push_back(route.path);
  }
  return fmt::format("known are {}; not {}{}", all, path, did_you_mean(path, names));
}

}  // namespace

class Router::Server : public httplib::Server {
 public:
  Server(std::vector<Route> routes, Guard guard)
      : routes_(std::move(routes)), guard_(std::move(guard)) {
    httplib::Headers headers;
    for (const auto& [name, value] : answer_headers()) headers.emplace(name, value);
    set_default_headers(std::move(headers));
    set_keep_alive_timeout(5);
    set_keep_alive_max_count(1000);
    for (const Route& route : routes_) {
      if (route.method == "GET") Get(pattern_of(route.path), route.handle);
      if (route.method == "POST") Post(pattern_of(route.path), route.handle);
    }
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      const bool is_done = guard_(request, response, request.get_header_value(kLocal)) ||
                           refuse_method(request, response);
      return is_done ? HandlerResponse::Handled : HandlerResponse::Unhandled;
    });
    set_error_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (!response.body.empty()) return;
      answer_problem(
          response, response.status,
          response.status == 404 ? not_found(routes_, request.path) : "the request cannot be read");
    });
    set_exception_handler(
        [](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) {
          answer_problem(response, 500, "the request could not be answered; please report this");
        });
  }

  HttpAnswer answer(const HttpRequest& request) {
    const std::string text = without_ranges(request.bytes);
    MemoryStream stream(text, request.peer);
    bool is_closed = false;
    const bool is_written =
        process_request(stream, false, is_closed, [&request](httplib::Request& parsed) {
          parsed.headers.erase(kLocal);
          parsed.headers.emplace(kLocal, std::string(request.local));
        });
    HttpAnswer answer{.bytes = stream.take(), .is_last = is_closed || !is_written};
    if (answer.bytes.empty())
      answer = {.bytes = whole_problem(400, "the request cannot be read"), .is_last = true};
    return answer;
  }

 private:
  [[nodiscard]] bool refuse_method(const httplib::Request& request,
                                   httplib::Response& response) const {
    std::string allowed;
    for (const Route& route : routes_) {
      if (!is_served_at(route, request.path)) continue;
      const bool is_get = route.method == "GET";
      if (request.method == route.method || (is_get && request.method == "HEAD")) return false;
      allowed += (allowed.empty() ? "" : ", ") + (is_get ? "GET, HEAD" : route.method);
    }
    if (allowed.empty()) {
      if (request.method == "GET" || request.method == "HEAD" || request.method == "POST")
        return false;  // It is not found.
      allowed = "GET, HEAD";
    }
    response.set_header("Allow", allowed);
    answer_problem(response, 405, "this path is served for " + allowed);
    return true;
  }

  std::vector<Route> routes_;
  Guard guard_;
};

Router::Router(std::vector<Route> routes, Guard guard)
    : server_(std::make_unique<Server>(std::move(routes), std::move(guard))) {}
Router::~Router() = default;

HttpAnswer Router::answer(const HttpRequest& request) const { return server_->answer(request); }

}  // namespace sluice

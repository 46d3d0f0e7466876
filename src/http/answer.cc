#include "http/answer.h"

#include <fmt/format.h>

#include "http/render.h"

namespace sluice {

std::string_view title_of(int status) noexcept {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

void answer_problem(httplib::Response& response, int status, std::string_view detail) {
  response.status = status;
  if (status == 429 || status == 503) response.set_header("Retry-After", "1");
  response.set_content(render_problem(status, title_of(status), detail), kProblemType);
}

std::string whole_problem(int status, std::string_view detail) {
  const std::string body = render_problem(status, title_of(status), detail);
  std::string answer = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n", status,
      title_of(status), kProblemType, body.size());
  if (status == 429 || status == 503) answer += "Retry-After: 1\r\n";
  for (const auto& [name, value] : answer_headers()) answer += name + ": " + value + "\r\n";
  return answer + "\r\n" + body;
}

const std::vector<std::pair<std::string, std::string>>& answer_headers() {
  static const std::vector<std::pair<std::string, std::string>> headers{
      {"Cache-Control", "no-store"},
      // Attributes of style, for dygraphs sets its axes' labels with them; they can run nothing.
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
       "img-src 'self' data:; "
       "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
  };
  return headers;
}

}  // namespace sluice

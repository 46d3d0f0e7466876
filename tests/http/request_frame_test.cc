#include "http/request_frame.h"

#include <catch2/catch.hpp>
#include <string>

namespace sluice {
namespace {

using Status = RequestFrame::Status;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kPost = "POST /x HTTP/1.1\r\ncontent-LENGTH:  3 \r\n\r\nabc";

}  // namespace

TEST_CASE("a request is whole at its last octet, and not before", "[http]") {
  for (const std::string& whole : {kGet, kPost, std::string("GET / HTTP/1.0\r\n\r\n")}) {
    CAPTURE(whole);
    for (std::size_t size = 0; size < whole.size(); ++size)
      CHECK(frame_request(whole.substr(0, size), {}).status == Status::kNeedMore);
    for (const std::string& more : {std::string(), std::string("GET /next")}) {
      const RequestFrame frame = frame_request(whole + more, {});
      CHECK(frame.status == Status::kComplete);
      CHECK(frame.bytes == whole.size());
    }
  }
}

TEST_CASE("a client that waits for 100 Continue is told so once the header is whole", "[http]") {
  const std::string header = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  CHECK(frame_request(header, {}).is_told_to_wait);
  CHECK_FALSE(frame_request(header + "ab", {}).is_told_to_wait);
  CHECK_FALSE(frame_request(kPost.substr(0, kPost.size() - 1), {}).is_told_to_wait);
}

TEST_CASE("what is too long, or whose end cannot be known, is refused", "[http]") {
  const RequestLimits limits{.line_bytes_max = 40, .header_bytes_max = 100, .body_bytes_max = 10};
  const auto with = [](const std::string& field) {
    return "POST / HTTP/1.1\r\n" + field + "\r\n\r\n";
  };
  const auto [bytes, status] = GENERATE_COPY(table<std::string, int>({
      {"GET /" + std::string(40, 'a'), 414},
      {"GET /" + std::string(40, 'a') + " HTTP/1.1\r\n\r\n", 414},
      {"GET / HTTP/1.1\r\nA: " + std::string(100, 'a'), 431},
      {with("A: " + std::string(100, 'a')), 431},
      {with("Content-Length: 11"), 413},
      {with("Content-Length: 18446744073709551616"), 400},
      {with("Content-Length: -1"), 400},
      {with("Content-Length: 1x"), 400},
      {with("Content-Length:"), 400},
      {with("Content-Length: 1\r\nContent-Length: 2"), 400},
      {with("Transfer-Encoding: chunked"), 411},
  }));
  CAPTURE(bytes);
  const RequestFrame frame = frame_request(bytes, limits);
  CHECK(frame.status == Status::kRefused);
  CHECK(frame.problem_status == status);
  CHECK_FALSE(frame.problem.empty());
}

}  // namespace sluice

// Lines of Graphite plaintext, alone and in a datagram.
#include <cmath>
#include <string>

#include "fuzz.h"
#include "sluice/values/graphite_line.h"

namespace sluice::fuzz {
namespace {

void expect_line(std::string_view text) {
  GraphiteLine line;
  const LineError error = parse_graphite_line(text, line);
  expect_inside(line.path, text);
  expect(!name_of(error).empty() && name_of(error) != "unknown", "every error has a name");
  if (error != LineError::kNone) return;
  expect(!line.path.empty() && line.path.size() <= kGraphiteLinePathMax, "a path is bounded");
  for (const char c : line.path) {
    expect(static_cast<unsigned char>(c) > ' ' && c != 0x7f, "a path has no blank or control");
  }
  expect(!line.time || (line.time->time_since_epoch().count() >= 0 &&
                        *line.time <= Timestamp(std::chrono::seconds(9'000'000'000))),
         "a time is bounded");
  // More blanks, a CR and other cuts change nothing.
  const std::string padded = " \t" + std::string(text) + " \r";
  GraphiteLine again;
  expect(parse_graphite_line(padded, again) == LineError::kNone, "blanks around change nothing");
  expect(again.path == line.path && again.time == line.time &&
             (again.value == line.value || !line.has_number()),
         "blanks around change no field");
}

}  // namespace
}  // namespace sluice::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view bytes = fuzz::bytes_of(data, size);
  fuzz::expect_line(bytes);
  std::string_view rest = bytes;
  std::size_t octets = 0;
  for (std::string_view line; next_graphite_line(rest, line);) {
    fuzz::expect_inside(line, bytes);
    fuzz::expect(!line.empty() && line.find('\n') == std::string_view::npos, "a line is one line");
    fuzz::expect_line(line);
    octets += line.size();
  }
  fuzz::expect(rest.empty() && octets <= size, "every octet is looked at once");
  return 0;
}

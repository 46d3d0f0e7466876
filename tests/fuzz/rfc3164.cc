#include <string>

#include "fuzz.h"
#include "sluice/syslog/repeat.h"
#include "sluice/syslog/unescape.h"
#include "syslog/parse_rfc3164.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view bytes = fuzz::bytes_of(data, size);
  Record record;
  detail::parse_rfc3164(bytes, record);
  fuzz::expect_record(record, bytes);
  fuzz::expect_inside(text_of(record), bytes);
  for (const std::string_view text : {text_of(record), bytes}) {
    const auto notice = parse_repeat_notice(text);
    if (!notice) continue;
    fuzz::expect_inside(notice->text, text);
    fuzz::expect(notice->count <= kRepeatCountMax, "a repeat count is bounded");
  }
  std::string plain;
  unescape_control_octets(bytes, plain);
  fuzz::expect(plain.size() <= bytes.size(), "an escape becomes one octet");
  return 0;
}

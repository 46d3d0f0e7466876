#include "fuzz.h"
#include "syslog/parse_pri.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view bytes = fuzz::bytes_of(data, size);
  std::string_view rest = bytes;
  Record record;
  const detail::Pri pri = detail::take_pri(rest, record);
  fuzz::expect_inside(rest, bytes);
  fuzz::expect_record(record, bytes);
  fuzz::expect((pri == detail::Pri::kGood) == record.facility.has_value(), "a good PRI is set");
  fuzz::expect((pri == detail::Pri::kGood) == (detail::pri_length(bytes) != 0), "lengths agree");
  return 0;
}

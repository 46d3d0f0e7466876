#include "fuzz.h"
#include "sluice/syslog/parser.h"
#include "sluice/values/structured_data.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view bytes = fuzz::bytes_of(data, size);
  Record record;
  const ParseError error = parse_message(bytes, record);
  fuzz::expect_record(record, bytes);
  fuzz::expect(error == record.error, "the error returned is the one kept");
  fuzz::expect(structured_data_length(record.structured_data) == record.structured_data.size(),
               "structured data that was taken is whole");
  return 0;
}

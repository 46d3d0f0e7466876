#include "sluice/values/structured_data.h"

#include <string>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view bytes = fuzz::bytes_of(data, size);
  const std::size_t length = structured_data_length(bytes);
  fuzz::expect(length <= size, "structured data ends inside the text");
  StructuredDataReader reader(bytes.substr(0, length));
  std::string value;
  for (StructuredParam param; reader.next(param);) {
    for (const std::string_view view : {param.id, param.name, param.value}) {
      fuzz::expect_inside(view, bytes);
    }
    unescape_param_value(param.value, value);
    fuzz::expect(param.has_escapes || value == param.value, "without escapes a value is as sent");
    if (!param.name.empty()) {
      fuzz::expect(find_param(bytes, param.id, param.name).has_value(), "a read param is found");
    }
  }
  fuzz::expect(reader.rest().empty(), "what has a length is read to its end");
  StructuredDataReader all(bytes);
  for (StructuredParam param; all.next(param);) fuzz::expect_inside(param.value, bytes);
  return 0;
}

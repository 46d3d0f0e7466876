#include "rules/fields.h"

#include "fuzz.h"

namespace {

void expect_bounded(const sluice::FieldTable& fields, sluice::FieldsFound found) {
  using namespace sluice;
  fuzz::expect((fields.size() > 0) == (found == FieldsFound::kSome),
               "fields mean that some were found");
  fuzz::expect(fields.size() <= FieldTable::kFieldsMax, "fields are bounded");
  std::size_t octets = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    octets += fields.at(i).name.size() + fields.at(i).value.size();
    fuzz::expect(fields.find(fields.at(i).name).has_value(), "a field that was read is found");
  }
  fuzz::expect(octets <= FieldTable::kBytesMax, "octets are bounded");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = sluice::fuzz::bytes_of(data, size);
  sluice::FieldTable fields;
  expect_bounded(fields, fields.read_json(bytes));
  expect_bounded(fields, fields.read_pairs(bytes));
  return 0;
}

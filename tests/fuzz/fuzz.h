#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "sluice/values/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace sluice::fuzz {

// A broken expectation ends the program, so that libFuzzer keeps the input.
inline void expect(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "expectation broken: %s\n", what);
  std::abort();
}

inline std::string_view bytes_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// An empty view may point anywhere.
inline void expect_inside(std::string_view view, std::string_view bytes) {
  if (view.empty()) return;
  expect(view.data() >= bytes.data() && view.data() + view.size() <= bytes.data() + bytes.size(),
         "a view lies inside the message");
}

inline void expect_stamp(const Stamp& stamp) {
  if (!stamp.present) {
    expect(stamp == Stamp{}, "an absent stamp is empty");
    return;
  }
  expect(stamp.year <= 9999 && stamp.month >= 1 && stamp.month <= 12 && stamp.day >= 1 &&
             stamp.day <= 31 && stamp.hour <= 23 && stamp.minute <= 59 && stamp.second <= 60 &&
             stamp.nanoseconds <= 999'999'999 && stamp.offset_minutes > -1440 &&
             stamp.offset_minutes < 1440,
         "every part of a stamp is in its range");
}

inline void expect_record(const Record& record, std::string_view bytes) {
  for (const std::string_view view :
       {record.raw, record.hostname, record.app_name, record.procid, record.msgid,
        record.structured_data, record.message, record.full_text, record.sequence}) {
    expect_inside(view, bytes);
  }
  expect_stamp(record.stamp);
  expect(!record.facility || *record.facility <= 23, "a facility is at most 23");
  expect(!record.severity || *record.severity <= 7, "a severity is at most 7");
  expect(record.facility.has_value() == record.severity.has_value(), "a PRI is whole");
}

}  // namespace sluice::fuzz

#include "sluice/values/byte_encoding.h"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace sluice {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Timestamp at_nanosecond(std::int64_t nanosecond) {
  return Timestamp(std::chrono::nanoseconds(nanosecond));
}

std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }

}  // namespace

TEST_CASE("a varint takes a byte for seven bits", "[values][encoding]") {
  const auto [value, bytes] = GENERATE(table<std::uint64_t, std::string>({
      {0, std::string("\x00", 1)},
      {127, "\x7f"},
      {128, "\x80\x01"},
      {300, "\xac\x02"},
      {UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
  }));
  CAPTURE(value);
  ByteWriter writer;
  writer.put_varint(value);
  CHECK(writer.view() == bytes);
  ByteReader reader(bytes);
  CHECK(reader.take_varint() == value);
  CHECK(reader.is_at_end());
}

TEST_CASE("a number takes as few bytes as its decimals allow", "[values][encoding]") {
  const auto [value, size] = GENERATE(table<double, std::size_t>({
      {0, 1},
      {0.02, 1},
      {1, 2},
      {-1, 2},
      {12.34, 3},
      {1234.567, 4},
      {1e9, 6},
      {140'737'488'355.327, 7},
      {140'737'488'355.328, 9},
      {0.1234, 9},
      {-0.0, 9},
      {5e-324, 9},
      {1.7976931348623157e308, 9},
      {kInfinity, 9},
      {std::numeric_limits<double>::quiet_NaN(), 9},
  }));
  CAPTURE(value);
  ByteWriter writer;
  writer.put_number(value);
  CHECK(writer.view().size() == size);
  ByteReader reader(writer.view());
  CHECK(bits_of(reader.take_number()) == bits_of(value));
  CHECK(reader.is_at_end());
}

TEST_CASE("a moment takes as few bytes as its unit and distance allow", "[values][encoding]") {
  const std::int64_t base = 1'700'000'000'000'000'000;
  const auto [time, size] = GENERATE_COPY(table<std::int64_t, std::size_t>({
      {base, 1},
      {base + 15'000'000'000, 1},
      {base + 59'000'000'000, 2},
      {base - 1'000'000'000, 1},
      {base + 59'123'000'000, 3},
      {base + 59'123'456'000, 5},
      {base + 59'123'456'789, 6},
      {0, 5},
      {INT64_MAX, 10},
      {INT64_MIN, 10},
  }));
  CAPTURE(time);
  ByteWriter writer;
  writer.put_time(at_nanosecond(time), at_nanosecond(base));
  CHECK(writer.view().size() == size);
  ByteReader reader(writer.view());
  CHECK(reader.take_time(at_nanosecond(base)) == at_nanosecond(time));
  CHECK(reader.is_at_end());
}

TEST_CASE("whatever is written is read back, bit by bit", "[values][encoding]") {
  const bool holds =
      rc::check([](std::uint64_t number, std::int64_t signed_number, std::uint64_t bits,
                   std::uint32_t small, bool flag, std::uint8_t byte, const std::string& text,
                   std::int64_t time, std::int64_t base, std::int32_t thousandths) {
        const auto any_double = std::bit_cast<double>(bits);
        const double decimal = thousandths / 1000.0;
        ByteWriter writer;
        writer.put_varint(number);
        writer.put_signed(signed_number);
        writer.put_bits(any_double);
        writer.put_number(any_double);
        writer.put_number(decimal);
        writer.put_varint(small);
        writer.put_bool(flag);
        writer.put_byte(byte);
        writer.put_text(text);
        writer.put_time(at_nanosecond(time), at_nanosecond(base));
        writer.put_fixed(number);
        const std::string bytes = writer.take();
        RC_ASSERT(writer.view().empty());

        ByteReader reader(bytes);
        RC_ASSERT(reader.take_varint() == number);
        RC_ASSERT(reader.take_signed() == signed_number);
        RC_ASSERT(bits_of(reader.take_bits()) == bits);
        RC_ASSERT(bits_of(reader.take_number()) == bits);
        RC_ASSERT(bits_of(reader.take_number()) == bits_of(decimal));
        RC_ASSERT(reader.take_varint32() == small);
        RC_ASSERT(reader.take_bool() == flag);
        RC_ASSERT(reader.take_byte() == byte);
        RC_ASSERT(reader.take_text() == text);
        RC_ASSERT(reader.take_time(at_nanosecond(base)) == at_nanosecond(time));
        RC_ASSERT(!reader.is_at_end());
        RC_ASSERT(reader.take_fixed() == number);
        RC_ASSERT(reader.is_at_end());
      });
  CHECK(holds);
}

TEST_CASE("the greatest signed numbers are read back", "[values][encoding]") {
  for (const std::int64_t value : {INT64_MIN, INT64_MAX, std::int64_t{-1}, std::int64_t{64}}) {
    ByteWriter writer;
    writer.put_signed(value);
    ByteReader reader(writer.view());
    CHECK(reader.take_signed() == value);
    CHECK(reader.is_at_end());
  }
}

TEST_CASE("what cannot be read is refused, and nothing after it is read", "[values][encoding]") {
  using Take = void (*)(ByteReader&);
  const auto [what, bytes, take] = GENERATE(table<const char*, std::string, Take>({
      {"byte behind the end", "", [](ByteReader& reader) { (void)reader.take_byte(); }},
      {"bool of 2", "\x02zzzz", [](ByteReader& reader) { (void)reader.take_bool(); }},
      {"varint that is cut", "\x80", [](ByteReader& reader) { (void)reader.take_varint(); }},
      {"varint of 65 bits", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02zzzz",
       [](ByteReader& reader) { (void)reader.take_varint(); }},
      {"varint without end", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01zzzz",
       [](ByteReader& reader) { (void)reader.take_varint(); }},
      {"33 bits where 32 belong", "\x80\x80\x80\x80\x10zzzz",
       [](ByteReader& reader) { (void)reader.take_varint32(); }},
      {"fixed that is cut", "1234567", [](ByteReader& reader) { (void)reader.take_fixed(); }},
      {"number that is cut", std::string("\0001234567", 8),
       [](ByteReader& reader) { (void)reader.take_number(); }},
      {"moment that is cut", "\x80", [](ByteReader& reader) { (void)reader.take_time(); }},
      {"moment of more than 64 bits", "\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01zzzz",
       [](ByteReader& reader) { (void)reader.take_time(); }},
      {"text longer than what is left", "\x05zzzz",
       [](ByteReader& reader) { (void)reader.take_text(); }},
      {"count of more than what is left", "\x03zzzz",
       [](ByteReader& reader) { (void)reader.take_count(2); }},
  }));
  CAPTURE(what);
  ByteReader reader(bytes);
  take(reader);
  CHECK_FALSE(reader.is_ok());
  CHECK_FALSE(reader.is_at_end());
  CHECK(reader.bytes_left() == 0);
  CHECK(reader.take_varint() == 0);
  CHECK(reader.take_fixed() == 0);
  CHECK(reader.take_number() == 0);
  CHECK(reader.take_time() == Timestamp{});
  CHECK(reader.take_text().empty());
  CHECK(reader.take_count(1) == 0);
}

TEST_CASE("a count is taken when its elements can be there", "[values][encoding]") {
  ByteReader reader("\x02zzzz");
  CHECK(reader.take_count(2) == 2);
  CHECK(reader.bytes_left() == 4);
  ByteReader absurd("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01zzzz");
  CHECK(absurd.take_count(1) == 0);
  CHECK_FALSE(absurd.is_ok());
}

}  // namespace sluice

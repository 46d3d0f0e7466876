#include "sluice/values/byte_encoding.h"

#include <array>
#include <cmath>

namespace sluice {
namespace {

// A number's first varint is kRawNumber, with the bits behind it, or kFirstDecimal + the zigzag of
// its thousandths.
constexpr std::uint64_t kRawNumber = 0;
constexpr std::uint64_t kFirstDecimal = 1;
constexpr double kDecimals = 1000;
// Thousandths below 2^47 take at most 7 bytes, and a double tells each from its neighbours.
constexpr double kThousandthsMax = 140'737'488'355'328;

// A distance in time begins with a byte: its two lowest bits are the place of the unit (most stamps
// are whole seconds, milliseconds or microseconds), the next five the lowest ones of the distance,
// and the highest tells that a varint with the others follows.
constexpr std::array<std::int64_t, 4> kUnitNanoseconds{1, 1'000, 1'000'000, 1'000'000'000};

constexpr std::uint64_t kUnitMask = 0x03;
constexpr std::uint64_t kLowMask = 0x1f;
constexpr int kUnitBits = 2;
constexpr int kLowBits = 5;
constexpr std::uint8_t kMore = 0x80;

constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

constexpr std::int64_t from_zigzag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

bool is_same(double a, double b) noexcept {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

std::uint64_t count_of(Timestamp time) noexcept {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

void ByteWriter::put_number(double value) {
  const double scaled = value * kDecimals;
  if (std::fabs(scaled) < kThousandthsMax) {
    // Whoever has thousandths is within rounding of them, so that any rounding finds them.
    const auto thousandths = static_cast<std::int64_t>(scaled + std::copysign(0.5, scaled));
    if (is_same(static_cast<double>(thousandths) / kDecimals, value)) {
      put_varint(kFirstDecimal + zigzag(thousandths));
      return;
    }
  }
  put_varint(kRawNumber);
  put_bits(value);
}

void ByteWriter::put_time(Timestamp time, Timestamp base) {
  // Unsigned, since any two moments must do and their distance may not fit.
  const auto distance = static_cast<std::int64_t>(count_of(time) - count_of(base));
  std::uint64_t unit = kUnitMask;
  while (distance % kUnitNanoseconds[unit] != 0) --unit;
  const std::uint64_t units = zigzag(distance / kUnitNanoseconds[unit]);
  const std::uint64_t rest = units >> kLowBits;
  put_byte(
      static_cast<std::uint8_t>(unit | (units & kLowMask) << kUnitBits | (rest > 0 ? kMore : 0)));
  if (rest > 0) put_varint(rest);
}

bool ByteReader::take_bool() noexcept {
  const std::uint8_t value = take_byte();
  if (value > 1) fail();
  return value == 1;
}

std::uint64_t ByteReader::take_varint() noexcept {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint64_t byte = take_byte();
    if (shift == 63 && byte > 1) break;  // More than 64 bits.
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  fail();
  return 0;
}

std::uint32_t ByteReader::take_varint32() noexcept {
  const std::uint64_t value = take_varint();
  if (value <= UINT32_MAX) return static_cast<std::uint32_t>(value);
  fail();
  return 0;
}

std::uint64_t ByteReader::take_fixed() noexcept {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value |= std::uint64_t{take_byte()} << (8 * i);
  return is_ok_ ? value : 0;
}

double ByteReader::take_number() noexcept {
  const std::uint64_t first = take_varint();
  if (first == kRawNumber) return is_ok_ ? take_bits() : 0;
  return static_cast<double>(from_zigzag(first - kFirstDecimal)) / kDecimals;
}

Timestamp ByteReader::take_time(Timestamp base) noexcept {
  const std::uint8_t first = take_byte();
  std::uint64_t units = (first >> kUnitBits) & kLowMask;
  if ((first & kMore) != 0) {
    const std::uint64_t rest = take_varint();
    if (rest > UINT64_MAX >> kLowBits) fail();
    units |= rest << kLowBits;
  }
  if (!is_ok_) return {};
  const auto scale = static_cast<std::uint64_t>(kUnitNanoseconds[first & kUnitMask]);
  const std::uint64_t distance = static_cast<std::uint64_t>(from_zigzag(units)) * scale;
  return Timestamp(std::chrono::nanoseconds(static_cast<std::int64_t>(count_of(base) + distance)));
}

std::string_view ByteReader::take_text() noexcept {
  const std::size_t size = take_count(1);
  const std::string_view text = bytes_.substr(next_, size);
  next_ += size;
  return text;
}

std::size_t ByteReader::take_count(std::size_t element_bytes_min) noexcept {
  const std::uint64_t count = take_varint();
  if (count <= bytes_left() / element_bytes_min) return static_cast<std::size_t>(count);
  fail();
  return 0;
}

}  // namespace sluice

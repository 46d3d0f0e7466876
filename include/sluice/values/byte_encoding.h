#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "sluice/base/time.h"

namespace sluice {

// Values as bytes, for what is kept on disk: the same on every machine, small numbers in few bytes.
// What ByteWriter puts, ByteReader takes, call by call and in the same order:
//
//   ByteWriter writer;                      ByteReader reader(bytes);
//   writer.put_varint(hosts.size());        const std::size_t count = reader.take_count(2);
//   for (const Host& host : hosts) {        for (std::size_t i = 0; i < count; ++i) {
//     writer.put_text(host.name);             Host& host = hosts.emplace_back();
//     writer.put_varint(host.age);            host.name = reader.take_text();
//   }                                         host.age = reader.take_varint();
//   file.write(writer.take());              }
//                                           if (!reader.is_at_end()) return damaged();
class ByteWriter {
 public:
  void put_byte(std::uint8_t value) {
    *room(1) = static_cast<char>(value);
    ++size_;
  }
  void put_bool(bool value) { put_byte(value ? 1 : 0); }
  // Seven bits a byte, the lowest first: 1 byte up to 127, 10 for the greatest.
  void put_varint(std::uint64_t value) {
    constexpr std::size_t kVarintBytesMax = 10;
    char* at = room(kVarintBytesMax);
    for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
    *at++ = static_cast<char>(value);
    size_ = static_cast<std::size_t>(at - bytes_.data());
  }
  // For numbers of either sign that are mostly near zero: 1 byte from -64 to 63.
  void put_signed(std::int64_t value) {
    put_varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  // 64 bits, the lowest byte first.
  void put_fixed(std::uint64_t value) {
    char* const at = room(sizeof value);
    for (std::size_t i = 0; i < sizeof value; ++i) at[i] = static_cast<char>(value >> (8 * i));
    size_ += sizeof value;
  }
  // Every bit of it, NaN and -0 included: 8 bytes.
  void put_bits(double value) { put_fixed(std::bit_cast<std::uint64_t>(value)); }
  // Every bit of it too, but numbers as people write them (up to three decimals) take 1 to 7 bytes,
  // all others 9.
  void put_number(double value);
  // A moment as its distance from `base`, which the reader must know too: 1 byte up to 15 s, 5 for
  // microseconds within a minute, at most 10.
  void put_time(Timestamp time, Timestamp base = {});
  // Any bytes, their length before them.
  void put_text(std::string_view text) {
    put_varint(text.size());
    text.copy(room(text.size()), text.size());
    size_ += text.size();
  }

  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }
  [[nodiscard]] std::string take() {
    bytes_.resize(std::exchange(size_, 0));
    return std::exchange(bytes_, {});
  }

 private:
  // Where the next `count` bytes go. A string that grew with each byte would look at its end for
  // each: twice the time of a journal's row.
  char* room(std::size_t count) {
    constexpr std::size_t kAhead = 4096;  // Few enough that what is not used is no waste.
    if (bytes_.size() - size_ < count) bytes_.resize(size_ + count + std::min(size_, kAhead));
    return bytes_.data() + size_;
  }

  std::string bytes_;  // Those from size_ on mean nothing.
  std::size_t size_ = 0;
};

// Reads what a ByteWriter wrote, also when it was cut or damaged: it never looks behind the end,
// and the first thing that cannot be read makes everything after it zero and empty, so that a
// decoder needs to ask only where it matters (before it indexes with what it read, and at its end).
class ByteReader {
 public:
  // `bytes` must outlive the reader.
  explicit ByteReader(std::string_view bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] std::uint8_t take_byte() noexcept {
    if (next_ == bytes_.size()) {
      fail();
      return 0;
    }
    return static_cast<std::uint8_t>(bytes_[next_++]);
  }
  [[nodiscard]] bool take_bool() noexcept;  // Refuses what is neither 0 nor 1.
  [[nodiscard]] std::uint64_t take_varint() noexcept;
  [[nodiscard]] std::uint32_t take_varint32() noexcept;  // Refuses more than 32 bits.
  [[nodiscard]] std::int64_t take_signed() noexcept {
    const std::uint64_t value = take_varint();
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }
  [[nodiscard]] std::uint64_t take_fixed() noexcept;
  [[nodiscard]] double take_bits() noexcept { return std::bit_cast<double>(take_fixed()); }
  [[nodiscard]] double take_number() noexcept;
  [[nodiscard]] Timestamp take_time(Timestamp base = {}) noexcept;
  // Points into the bytes.
  [[nodiscard]] std::string_view take_text() noexcept;

  // How many elements follow. Refuses a count whose elements, each of at least `element_bytes_min`
  // > 0 bytes, cannot all be in what is left: so a vector may be reserved for them, and a damaged
  // count never takes more memory than the bytes are worth.
  [[nodiscard]] std::size_t take_count(std::size_t element_bytes_min) noexcept;

  // What was read makes no sense to the decoder: from here on nothing can be read.
  void fail() noexcept {
    next_ = bytes_.size();
    is_ok_ = false;
  }

  [[nodiscard]] bool is_ok() const noexcept { return is_ok_; }
  // True when all was read and nothing is left over.
  [[nodiscard]] bool is_at_end() const noexcept { return is_ok_ && next_ == bytes_.size(); }
  [[nodiscard]] std::size_t bytes_left() const noexcept { return bytes_.size() - next_; }

 private:
  std::string_view bytes_;
  std::size_t next_ = 0;
  bool is_ok_ = true;
};

}  // namespace sluice

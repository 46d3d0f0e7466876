#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "sluice/base/error.h"

namespace sluice {

// How the messages in an input of `explain` are told apart.
enum class InputFraming : std::uint8_t {
  kAuto,  // As a TCP listener would.
  kOctet,
  kLf,
  kNul,
  kDatagram,  // The whole input is one datagram.
  kDgrams,    // Datagrams, each behind its length in 4 octets, big-endian.
  kLines,     // Graphite plaintext: LF, and a line that the end leaves without it is incomplete.
};

[[nodiscard]] Expected<InputFraming> input_framing_from(std::string_view name);

struct InputOptions {
  InputFraming framing = InputFraming::kAuto;
  bool multiline = false;               // As that of a listener.
  std::size_t max_message = 64 * 1024;  // Octets kept of a message.
};

// What the relay would keep of a message: of several listeners, the one that keeps most.
[[nodiscard]] std::size_t message_max_of(const Config& config, InputKind kind);

struct InputMessage {
  std::string_view bytes;
  bool truncated = false;
  bool incomplete = false;
};

// Reads `file` ("-": standard input) to its end and hands over its messages one by one. An error
// says what could not be read, or which octet has no sense in the framing.
[[nodiscard]] Expected<void> for_each_message(const std::string& file, const InputOptions& options,
                                              const std::function<void(const InputMessage&)>& use);

// The same of a text in memory, which errors call "the text".
[[nodiscard]] Expected<void> for_each_message_of(
    std::string_view text, const InputOptions& options,
    const std::function<void(const InputMessage&)>& use);

}  // namespace sluice

#pragma once

#include <cstdint>

namespace sluice {

// How many files the process may have open, and how many of them connections may take.
struct Descriptors {
  std::uint64_t limit = 0;
  // Connections get descriptors below this; the rest is for destinations, disk and page, which
  // must go on however many senders there are.
  std::uint64_t connections_end = 0;
};

// Raises the soft limit (LimitNOFILE=, ulimit -n), as far as the hard one allows, until so many
// connections fit beside everything else. Shells and containers leave it at 1024.
[[nodiscard]] Descriptors raise_descriptor_limit(std::uint64_t connections) noexcept;

}  // namespace sluice

#pragma once

#include <cstdint>
#include <string>

#include "sluice/base/time.h"

namespace sluice {

// Whose value a datapoint is. New series leave in this order: fleet first.
enum class Scope : std::uint8_t { kAll, kCluster, kGroup, kHost, kRelay };

// One value on its way to a destination: `path value timestamp` in Graphite plaintext.
struct Datapoint {
  std::string path;   // Whole metric path, nodes of [A-Za-z0-9_-] joined by dots.
  double value = 0;   // Finite.
  Seconds time{};     // Start of the window.
  std::uint64_t version = 0;  // Grows with each publication: of two for one path and time, the greater wins.
  Scope scope = Scope::kHost;
};

// Encoded datapoints that are sent together over one connection and acknowledged as a whole.
struct Batch {
  std::uint64_t id = 0;        // Unique per destination and process.
  std::string lines;           // Graphite plaintext, each line ended by LF.
  std::uint32_t datapoint_count = 0;
  bool is_backlog = false;     // Of windows that were due long ago.
};

// What one connection may carry: enough that a batch costs little more than its
// bytes, little enough that sending it again is cheap and carbon takes it in one go.
inline constexpr std::uint32_t kBatchDatapointsMax = 5000;
inline constexpr std::size_t kBatchBytesMax = 512 * 1024;

}  // namespace sluice

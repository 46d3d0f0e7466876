// line_cost syslog|graphite FILE LINES RULES...
//
// Takes the first LINES lines of FILE the way an ingest worker takes them, without its sockets: a
// Framer over reads of 256 KiB, then Ingest, and a delta for every 100,000 lines. Prints the lines,
// those that matched, and the seconds of CPU. RULES are files of packs.
//
// scripts/bench-instructions runs it under callgrind, which counts the same on every machine.
#include <fmt/core.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/pack_files.h"
#include "config/zone.h"
#include "sluice/pipeline/ingest.h"
#include "sluice/syslog/framer.h"

namespace sluice {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;  // As StreamListener reads.
constexpr std::size_t kFramesAtOnce = 32;       // As IngestWorker takes them.
constexpr std::uint64_t kLinesPerTick = 100'000;

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Not the whole file: under callgrind, what it takes to read it would count, too.
std::string read_lines(const std::string& name, std::uint64_t count) {
  std::ifstream file(name, std::ios::binary);
  std::string all;
  for (std::string line; count > 0 && std::getline(file, line); --count) all += line + '\n';
  return all;
}

int run(const std::vector<std::string>& words) {
  const bool is_graphite = words[0] == "graphite";
  const std::string all = read_lines(words[1], std::stoull(words[2]));
  std::string_view rest = all;
  Config config;
  config.packs.clear();
  config.rules.assign(words.begin() + 3, words.end());
  const auto packs = load_packs(config);
  if (!packs) return fmt::print(stderr, "line_cost: {}\n", packs.error().what), 2;
  auto rules = RuleSet::compile(*packs);
  const auto zone = load_zone("UTC");
  if (!rules || !zone) return fmt::print(stderr, "line_cost: the rules do not compile\n"), 2;

  const IngestOptions options;
  Ingest ingest(options, std::move(*rules), nullptr);
  const Peer peer{.text = "127.0.0.1", .zone = zone->get()};
  Framer framer({.framing = is_graphite ? Framing::kLf : Framing::kAuto});
  const Timestamp now = std::chrono::system_clock::now();
  std::uint64_t lines = 0;
  std::array<Frame, kFramesAtOnce> frames;
  std::vector<Message> messages;
  const double begin = cpu_seconds();
  while (!rest.empty()) {
    const std::string_view chunk = rest.substr(0, kReadBytes);
    rest.remove_prefix(chunk.size());
    framer.feed(chunk);
    for (;;) {
      std::size_t count = framer.next_plain(frames);
      if (count == 0 && framer.next(frames[count++]) != FrameStatus::kFrame) break;
      messages.clear();
      for (const Frame& frame : std::span(frames).first(count))
        messages.push_back({.bytes = frame.bytes, .peer = peer, .zone = **zone});
      if (is_graphite) {
        for (const Message& line : messages) ingest.receive_line(line, now);
      } else {
        ingest.receive(messages, now);
      }
      const std::uint64_t ticks = lines / kLinesPerTick;
      lines += count;
      if (lines / kLinesPerTick != ticks) (void)ingest.take_delta();
    }
  }
  const double seconds = cpu_seconds() - begin;
  fmt::print("{} {} {:.6f}\n", lines, ingest.stats().messages_matched, seconds);
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  if (argc < 5) {
    fmt::print(stderr, "usage: line_cost syslog|graphite FILE LINES RULES...\n");
    return 2;
  }
  return sluice::run({argv + 1, argv + argc});
}

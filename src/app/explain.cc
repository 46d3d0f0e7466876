#include <fmt/format.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "app/commands.h"
#include "app/explain_unmatched.h"
#include "app/explanation.h"
#include "app/message_source.h"
#include "app/print.h"
#include "app/progress.h"
#include "config/zone.h"
#include "sluice/syslog/parser.h"
#include "sluice/syslog/stamp_time.h"
#include "sluice/syslog/unescape.h"

namespace sluice {
namespace {

// Of a file with more shapes than this, the most frequent are told.
constexpr std::size_t kShapesMax = 20'000;

int usage_error(const Error& error) {
  fmt::print(stderr, "sluice: {}\n", error.message());
  return kExitUsage;
}

// The stamp of a message that has nothing else: reuses the parser of stamps in messages.
Expected<Timestamp> now_from(const std::string& text) {
  if (text.empty()) return Timestamp(std::chrono::system_clock::now());
  const std::string message = "<13>1 " + text + " - - - - -";
  Record record;
  parse_message(message, record);
  const bool is_one_word = text.find(' ') == std::string::npos;
  if (const auto time = zoned_time(record.stamp); time && is_one_word) return *time;
  return at("--now", {{}, "expected a time like 2026-11-22T07:40:01Z, found \"" + text + '"'});
}

// The framing of Graphite lines: they know LF only.
Expected<InputFraming> line_framing_from(InputFraming framing) {
  if (framing == InputFraming::kAuto || framing == InputFraming::kLf) return InputFraming::kLines;
  if (framing == InputFraming::kDatagram || framing == InputFraming::kDgrams) return framing;
  return fail(
      "lines of Graphite plaintext end with LF; expected one of auto, lf, datagram, dgrams");
}

Expected<InputFraming> framing_from(const ExplainOptions& options) {
  auto framing = input_framing_from(options.framing);
  if (!framing || options.input != "graphite") return framing;
  return line_framing_from(*framing);
}

}  // namespace

int explain_command(const ExplainOptions& options) {
  if (options.unmatched && options.input == "graphite") {
    return usage_error(fail("--unmatched: reads syslog messages only").error());
  }
  if ((options.multiline || options.unescape) && options.input == "graphite") {
    return usage_error(fail("--multiline and --unescape: are for syslog messages only").error());
  }
  auto framing = framing_from(options);
  if (!framing) return usage_error(at("--framing", std::move(framing).error()).error());
  auto now = now_from(options.now);
  if (!now) return usage_error(now.error());
  auto setup = load_setup(options.setup);
  if (!setup) return usage_error(setup.error());
  auto zone = load_zone(options.tz.empty() ? setup->config.tz : options.tz);
  if (!zone)
    return usage_error(at(options.tz.empty() ? "tz" : "--tz", std::move(zone).error()).error());
  const auto paths = paths_of(setup->config);
  if (!paths) return usage_error(paths.error());
  std::optional<StorageRules> storage;
  if (!options.storage_schemas.empty()) {
    auto loaded = StorageRules::load_schemas(options.storage_schemas);
    if (!loaded) return usage_error(loaded.error());
    storage = std::move(*loaded);
  }

  // Whatever a message says of other hosts is taken at its word here.
  const Peer peer{.text = "localhost", .is_trusted = true};
  Ingest ingest(ingest_options_of(setup->config), setup->rules, nullptr);
  const TextOptions text_options{.color = wants_color(STDOUT_FILENO), .all_rules = options.verbose};
  const Timestamp oldest = *now - setup->config.catch_up - setup->config.window;
  bool is_written = true;
  if (options.file == "-" && isatty(STDIN_FILENO) == 1) {
    fmt::print(stderr, "sluice: reading messages from the terminal; Ctrl-D ends them\n");
  }
  Progress progress("messages");
  const auto tell = [&](const MessageTrace& trace) {
    const Explanation explanation{trace,
                                  *setup->rules,
                                  *setup->clusters,
                                  *paths,
                                  setup->config.rollups,
                                  trace.event_time.time < oldest,
                                  storage ? &*storage : nullptr};
    const std::string told =
        options.json ? explain_as_json(explanation) : explain_as_text(explanation, text_options);
    is_written = is_written && write_out(stdout, told + '\n');
    (void)ingest.take_delta();
    progress.step();
    (void)ingest.take_observations();
  };
  const auto message_of = [&](const InputMessage& input, std::string_view bytes) {
    return Message{.bytes = bytes,
                   .peer = peer,
                   .zone = **zone,
                   .truncated = input.truncated,
                   .incomplete = input.incomplete};
  };
  const bool is_graphite = options.input == "graphite";
  UnmatchedTable unmatched(kShapesMax);
  std::string unescaped;
  const auto use = [&](const InputMessage& input) {
    if (options.unescape) unescape_control_octets(input.bytes, unescaped);
    const std::string_view bytes = options.unescape ? unescaped : input.bytes;
    if (options.unmatched) {
      ingest.receive(message_of(input, bytes), *now);
      unmatched.add(ingest.take_observations().unmatched);
      (void)ingest.take_delta();
      return;
    }
    if (!is_graphite) return tell(ingest.explain(message_of(input, bytes), *now));
    std::string_view rest = input.bytes;  // Of a datagram, many lines.
    for (std::string_view line; next_graphite_line(rest, line);) {
      tell(ingest.explain_line(message_of(input, line), *now));
    }
  };
  const InputOptions input{
      .framing = *framing,
      .multiline = options.multiline,
      .max_message =
          message_max_of(setup->config, is_graphite ? InputKind::kGraphite : InputKind::kSyslog)};
  auto done = for_each_message(options.file, input, use);
  if (options.unmatched) {
    const UnmatchedReport report = unmatched.snapshot();
    is_written =
        write_out(stdout, options.json ? unmatched_as_json(report) : unmatched_as_text(report));
  }
  if (!is_written) return output_failure();
  if (done) return kExitDone;
  fmt::print(stderr, "sluice: {}\n", done.error().message());
  return kExitFailure;
}

}  // namespace sluice

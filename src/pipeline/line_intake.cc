#include "pipeline/line_intake.h"

#include <utility>

#include "sluice/values/path_node.h"

namespace sluice {
namespace {

LineError parse(const Message& message, GraphiteLine& line) {
  if (message.truncated) return LineError::kTooLong;
  if (message.incomplete) return LineError::kCutOff;
  return parse_graphite_line(message.bytes, line);
}

EventTime event_time_of(const GraphiteLine& line, Timestamp now) {
  if (!line.time) return {now, TimeSource::kNoStamp, {}};
  if (*line.time > now + kFutureMax) return {now, TimeSource::kFuture, line.time};
  return {*line.time, TimeSource::kStamp, line.time};
}

std::uint64_t& time_counter(Stats& stats, TimeSource source) {
  if (source == TimeSource::kFuture) return stats.times_in_future;
  return source == TimeSource::kStamp ? stats.times_from_stamp : stats.times_without_stamp;
}

}  // namespace

bool read_line(const Message& line, Timestamp now, Stats& stats, MessageTrace& trace) {
  trace.record = {};
  trace.record.raw = line.bytes;
  trace.is_graphite = true;
  trace.line_error = parse(line, trace.line);
  trace.message = trace.line.path;
  trace.event_time = {now, TimeSource::kNoStamp, {}};
  trace.weight = 1;
  ++stats.graphite_lines_received;
  if (trace.line_error != LineError::kNone) {
    ++stats.graphite_lines_malformed;
    return false;
  }
  if (!trace.line.has_number()) {
    ++stats.graphite_lines_without_number;
    return false;
  }
  trace.event_time = event_time_of(trace.line, now);
  ++time_counter(stats, trace.event_time.source);
  return true;
}

std::string_view canonical_line_host(std::string_view host, bool& is_path_node,
                                     const HostNameOptions& options, std::string& scratch) {
  if (!is_path_node) return canonical_host(host, host, options, scratch);
  std::string_view name = canonical_host(host, host, {}, scratch);  // Lower case, and no more.
  if (options.form == HostNameForm::kAsSent || options.domain.empty()) return name;
  const std::string_view node = name;
  if (const std::string domain = '_' + to_path_node(options.domain); name.ends_with(domain)) {
    name.remove_suffix(domain.size());
  }
  // What is left may have had dots too, and nobody can tell them from underscores.
  if (name.empty() || name.find('_') != std::string_view::npos) return node;
  is_path_node = false;
  std::string found(name);
  if (options.form == HostNameForm::kFqdn) found += '.' + options.domain;
  scratch = std::move(found);
  return scratch;
}

}  // namespace sluice

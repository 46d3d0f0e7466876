#include "app/status_text.h"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace sluice {
namespace {

using Json = nlohmann::json;

constexpr const char* kInMemory = "in memory, lost when the relay ends";

// The member of that name, or null.
const Json& member(const Json& object, const char* name) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}

std::int64_t number(const Json& object, const char* name) {
  const Json& value = member(object, name);
  return value.is_number() ? value.get<std::int64_t>() : 0;
}

bool flag(const Json& object, const char* name) {
  const Json& value = member(object, name);
  return value.is_boolean() && value.get<bool>();
}

std::string text(const Json& object, const char* name) {
  const Json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

// 1234567 -> "1,234,567".
std::string grouped(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::ptrdiff_t first = value < 0 ? 1 : 0;
  for (std::ptrdiff_t at = std::ssize(digits) - 3; at > first; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

std::string bytes_text(std::int64_t bytes) {
  constexpr double kKiB = 1024;
  const auto size = static_cast<double>(bytes);
  if (size < kKiB) return fmt::format("{} B", bytes);
  if (size < kKiB * kKiB) return fmt::format("{:.1f} KiB", size / kKiB);
  if (size < kKiB * kKiB * kKiB) return fmt::format("{:.1f} MiB", size / kKiB / kKiB);
  return fmt::format("{:.1f} GiB", size / kKiB / kKiB / kKiB);
}

std::string duration_text(std::int64_t seconds) {
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 120 * 60) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{} days", seconds / 86400);
}

std::int64_t sum_of(const Json& counts) {
  std::int64_t sum = 0;
  for (const auto& [reason, count] : counts.items())
    if (count.is_number()) sum += count.get<std::int64_t>();
  return sum;
}

// " (too late 3, store full 1)": what is not 0; nothing when all is.
std::string reasons_text(const Json& counts) {
  std::string reasons;
  for (const auto& [name, count] : counts.items()) {
    if (!count.is_number() || count.get<std::int64_t>() == 0) continue;
    std::string words = name;
    for (char& c : words)
      if (c == '_') c = ' ';
    reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", words,
                           grouped(count.get<std::int64_t>()));
  }
  return reasons.empty() ? reasons : " (" + reasons + ')';
}

void append_row(std::string& out, std::string_view name, std::string_view value) {
  out += fmt::format("{:<16}{}\n", name, value);
}

void append_column(std::string& out, std::string_view name, std::int64_t value,
                   std::string_view note = {}) {
  out += fmt::format("  {:<18}{:>14}{}\n", name, grouped(value), note);
}

void append_health(std::string& out, const Json& health) {
  append_row(out, "health", text(health, "status"));
  for (const Json& reason : member(health, "reasons"))
    if (reason.is_string()) append_row(out, "", reason.get<std::string>());
}

void append_inputs(std::string& out, const Json& ledger) {
  const Json& messages = member(ledger, "messages");
  append_row(
      out, "messages",
      fmt::format("{} received = {} parsed + {} malformed", grouped(number(messages, "received")),
                  grouped(number(messages, "parsed")), grouped(number(messages, "malformed"))));
  if (const auto drops = number(messages, "udp_kernel_drops"); drops > 0)
    append_row(out, "", fmt::format("{} more dropped by the kernel (UDP)", grouped(drops)));
  const Json& lines = member(ledger, "graphite_lines");
  append_row(
      out, "graphite lines",
      fmt::format("{} received = {} parsed + {} malformed; {} of the parsed had no number",
                  grouped(number(lines, "received")), grouped(number(lines, "parsed")),
                  grouped(number(lines, "malformed")), grouped(number(lines, "without_number"))));
  append_row(
      out, "rules",
      fmt::format("{} messages and lines matched a rule, {} matched none",
                  grouped(number(messages, "matched")), grouped(number(messages, "unmatched"))));
  const Json& samples = member(ledger, "samples");
  const Json& dropped = member(samples, "dropped");
  append_row(out, "samples",
             fmt::format("{} read = {} merged + {} pending + {} dropped{}",
                         grouped(number(samples, "read")), grouped(number(samples, "merged")),
                         grouped(number(samples, "pending")), grouped(sum_of(dropped)),
                         reasons_text(dropped)));
}

// An older relay does not tell of it.
void append_history(std::string& out, const Json& ledger) {
  if (!ledger.contains("history")) return;
  const Json& history = member(ledger, "history");
  append_row(out, "history",
             history.is_null()
                 ? std::string("none: switched off, or not open yet")
                 : fmt::format("{} series, {}, {}", grouped(number(history, "series")),
                               bytes_text(number(history, "bytes")),
                               flag(history, "on_disk") ? "on disk" : kInMemory));
}

void append_state(std::string& out, const Json& ledger) {
  const Json& store = member(ledger, "store");
  append_row(out, "store",
             fmt::format("{} windows, {}, corrections up to {} back",
                         grouped(number(store, "windows")), bytes_text(number(store, "bytes")),
                         duration_text(number(store, "horizon_seconds"))));
  const Json& journal = member(ledger, "journal");
  append_row(
      out, "journal",
      fmt::format("{} ticks written, {}, {} failures", grouped(number(journal, "rows")),
                  bytes_text(number(journal, "octets")), grouped(number(journal, "failures"))));
  append_history(out, ledger);
  const Json& hosts = member(ledger, "hosts");
  append_row(out, "hosts",
             fmt::format("{} heard, {} in no cluster", grouped(number(hosts, "known")),
                         grouped(number(hosts, "unmapped"))));
  const Json& config = member(ledger, "config");
  append_row(out, "configuration",
             flag(config, "stale") ? "stale, the last reload was refused: " + text(config, "error")
                                   : "as read last");
  const Json& loss = member(ledger, "uncounted_loss");
  append_row(
      out, "uncounted loss",
      fmt::format("{} messages, {} samples, {} datapoints", number(loss, "messages"),
                  number(loss, "samples"), number(loss, "datapoints") + number(loss, "not_taken")));
}

// Spools that nobody delivers; who asks why numbers are missing must find them.
void append_orphans(std::string& out, const Json& ledger) {
  for (const Json& one : member(ledger, "orphaned_spools")) {
    append_row(out, "orphaned spool",
               fmt::format("{} datapoints wait for no destination in {}",
                           grouped(number(one, "datapoints")), text(one, "file")));
  }
}

std::string waiting_note(const Json& destination) {
  const std::string oldest = text(destination, "oldest_waiting");
  if (oldest.empty()) return {};
  std::string note = "  oldest window " + oldest;
  if (const auto lag = number(destination, "lag_seconds"); lag > 0)
    note += fmt::format(", behind for {}", duration_text(lag));
  return note;
}

// While more come, what is said now is too little in the end.
std::string held_time_text(const Json& held) {
  return fmt::format("for {} {}", flag(held, "growing") ? "at least" : "about",
                     duration_text(number(held, "seconds")));
}

void append_held(std::string& out, const Json& destination) {
  const Json& held = member(destination, "held");
  if (number(held, "series") == 0) return;
  append_column(out, "  of these held", number(held, "datapoints"),
                fmt::format("  of {} new series, {} (new_series_per_minute)",
                            grouped(number(held, "series")), held_time_text(held)));
}

// Of a destination that takes datapoints; what is wrong with another one stands in the health.
std::string why_it_waits(const Json& destination) {
  std::string why;
  const Json& held = member(destination, "held");
  if (number(held, "series") > 0) {
    why = fmt::format("{} of {} new series {}, by new_series_per_minute {}",
                      grouped(number(held, "datapoints")), grouped(number(held, "series")),
                      held_time_text(held), number(held, "per_minute"));
  }
  const std::int64_t others = number(destination, "waiting") + number(destination, "in_flight") -
                              number(held, "datapoints");
  if (others > 0) {
    const std::int64_t lag = number(destination, "lag_seconds");
    why += fmt::format("{}{} on their way{}", why.empty() ? "" : ", ", grouped(others),
                       lag > 0 ? ", behind for " + duration_text(lag) : std::string());
  }
  return why.empty() ? why : text(destination, "name") + ": " + why;
}

std::string_view state_of(const Json& destination) {
  if (flag(destination, "down")) return "does not take datapoints";
  if (flag(destination, "never_confirms")) return "takes datapoints, but never confirms them";
  return "takes datapoints";
}

void append_destination(std::string& out, const Json& destination) {
  out += fmt::format("\ndestination {} ({}): {}\n", text(destination, "name"),
                     text(destination, "endpoint"), state_of(destination));
  if (const std::string error = text(destination, "last_error"); !error.empty())
    out += fmt::format("  last error        {}\n", error);
  const Json& dropped = member(destination, "dropped");
  append_column(out, "spooled at start", number(destination, "spooled_at_start"));
  append_column(out, "published", number(destination, "published"));
  append_column(out, "acknowledged", number(destination, "acknowledged"));
  append_column(out, "unconfirmed", number(destination, "unconfirmed"));
  append_column(out, "waiting", number(destination, "waiting"), waiting_note(destination));
  append_held(out, destination);
  append_column(out, "in flight", number(destination, "in_flight"));
  append_column(out, "superseded", number(destination, "superseded"));
  append_column(out, "dropped", sum_of(dropped), reasons_text(dropped));
  append_column(out, "sent once more", number(destination, "replayed"),
                number(destination, "replay_waiting") == 0
                    ? std::string()
                    : fmt::format("  and {} to go, acknowledged before",
                                  grouped(number(destination, "replay_waiting"))));
  const Json& spool = member(destination, "spool");
  out += fmt::format("  {:<18}{:>14}  {}\n", "spool", bytes_text(number(spool, "bytes")),
                     flag(spool, "on_disk") ? "on disk" : kInMemory);
}

constexpr std::size_t kNamesShown = 10;

// "web01, web02 and 3 more", of what `word` makes of each element.
template <typename Word>
std::string join_first(const Json& list, Word word) {
  std::string words;
  std::size_t count = 0;
  for (const Json& one : list) {
    if (++count <= kNamesShown) words += (words.empty() ? "" : ", ") + word(one);
  }
  if (count > kNamesShown) words += fmt::format(" and {} more", count - kNamesShown);
  return words;
}

void append_names(std::string& out, const std::string& title, const std::string& names) {
  if (!names.empty()) out += fmt::format("\n{}\n  {}\n", title, names);
}

void append_offenders(std::string& out, const std::string& title, const Json& offenders) {
  for (const char* kind : {"rules", "hosts"}) {
    append_names(out, fmt::format("{}, by {}", title, kind),
                 join_first(member(offenders, kind), [](const Json& one) {
                   return fmt::format("{} {}", text(one, "name"), grouped(number(one, "samples")));
                 }));
  }
}

}  // namespace

std::string attention_text(const Json& attention) {
  std::string out;
  for (const Json& one : member(attention, "missing")) {
    append_names(out, fmt::format("missing ({})", text(one, "presence")),
                 join_first(member(one, "hosts"), [](const Json& host) {
                   const std::string last = text(host, "last_sign");
                   return text(host, "host") +
                          (last.empty() ? " (never)" : " (since " + last + ')');
                 }));
  }
  append_names(out, "in no cluster",
               join_first(member(attention, "unmapped"), [](const Json& name) {
                 return name.is_string() ? name.get<std::string>() : std::string();
               }));
  append_offenders(out, "samples too late", member(attention, "too_late"));
  append_offenders(out, "samples refused by a bound on series",
                   member(attention, "series_refused"));
  append_offenders(out, "samples refused because another host has the path",
                   member(attention, "path_collision"));
  return out;
}

std::string status_text(const Json& ledger, const Json& health) {
  std::string out =
      fmt::format("sluice {}, relay {}, started {}, state of {}\n\n", text(ledger, "version"),
                  text(ledger, "instance"), text(ledger, "started"), text(ledger, "time"));
  append_health(out, health);
  append_inputs(out, ledger);
  append_state(out, ledger);
  append_orphans(out, ledger);
  for (const Json& destination : member(ledger, "destinations"))
    append_destination(out, destination);
  return out;
}

std::string failures_text(const Json& failures) {
  std::string out;
  for (const Json& one : member(failures, "failures")) {
    if (out.empty()) {
      out = fmt::format("\nwhy hosts fail: {} reasons\n", grouped(number(failures, "total")));
    }
    const std::int64_t hosts = number(one, "hosts");
    out += fmt::format("  {} {}: {} (last {})\n", grouped(hosts), hosts == 1 ? "host" : "hosts",
                       text(one, "text"), text(one, "last"));
  }
  return out;
}

std::string rules_text(const Json& rules) {
  std::string out = fmt::format("since {}\n\n{:<44}{:>14}{:>14}  {}\n", text(rules, "since"),
                                "rule", "matches", "samples", "last match");
  for (const Json& one : member(rules, "rules")) {
    const std::string last = text(one, "last");
    out +=
        fmt::format("{:<44}{:>14}{:>14}  {}\n", text(one, "rule"), grouped(number(one, "matches")),
                    grouped(number(one, "samples")), last.empty() ? "never" : last);
  }
  return out;
}

std::string check_line(const Json& ledger, const Json& health) {
  std::int64_t acknowledged = 0;
  std::int64_t waiting = 0;
  std::string reasons;
  for (const Json& destination : member(ledger, "destinations")) {
    acknowledged += number(destination, "acknowledged");
    waiting += number(destination, "waiting") + number(destination, "in_flight");
    const std::string why = why_it_waits(destination);
    if (!why.empty()) reasons += (reasons.empty() ? " (" : "; ") + why;
  }
  if (!reasons.empty()) reasons += ')';
  const std::int64_t received = number(member(ledger, "messages"), "received");
  std::string words;
  for (const Json& reason : member(health, "reasons"))
    if (reason.is_string()) words += (words.empty() ? "" : "; ") + reason.get<std::string>();
  for (char& c : words)
    if (c == '\n' || c == '|') c = ' ';  // One line; '|' starts the performance data.
  const bool is_ok = text(health, "status") == "ok";
  if (is_ok)
    words = fmt::format("{} messages received, {} datapoints acknowledged, {} wait{}",
                        grouped(received), grouped(acknowledged), grouped(waiting), reasons);
  return fmt::format("SLUICE {}: {}: {} | received={}c acknowledged={}c waiting={}\n",
                     is_ok ? "OK" : "DEGRADED", text(ledger, "instance"), words, received,
                     acknowledged, waiting);
}

}  // namespace sluice

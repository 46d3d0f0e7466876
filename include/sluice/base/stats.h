#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice {

// Every counter of the program. Each thread counts into a Stats of its own; the control loop adds
// them up once a tick. A counter is one field here, one row in kCounters (the build fails without
// it), one increment, and one line in docs/metrics.md.
struct Stats {
  // Messages: received = parsed + malformed.
  std::uint64_t messages_received = 0;
  std::uint64_t octets_received = 0;
  std::uint64_t messages_parsed = 0;
  std::uint64_t messages_malformed = 0;
  std::uint64_t messages_malformed_empty = 0;
  std::uint64_t messages_malformed_no_pri = 0;
  std::uint64_t messages_malformed_timestamp = 0;
  std::uint64_t messages_malformed_header = 0;
  std::uint64_t messages_malformed_structured_data = 0;
  std::uint64_t messages_truncated = 0;
  std::uint64_t messages_incomplete = 0;
  std::uint64_t messages_repeated = 0;
  std::uint64_t repeats_unresolved = 0;
  std::uint64_t messages_matched = 0;
  std::uint64_t messages_unmatched = 0;
  std::uint64_t messages_unfolded = 0;
  std::uint64_t messages_own = 0;  // Neither matched nor unmatched: no rule is asked.

  // Graphite plaintext: received = parsed + malformed. Matched and unmatched lines are among
  // messages_matched and messages_unmatched.
  std::uint64_t graphite_lines_received = 0;
  std::uint64_t graphite_lines_malformed = 0;
  // Of the parsed ones: "nan" and "inf", as collectd writes them for a first rate. No rule is
  // tried.
  std::uint64_t graphite_lines_without_number = 0;

  // Event times: one choice a message, or a line with a number.
  std::uint64_t times_from_stamp = 0;
  std::uint64_t times_without_stamp = 0;
  std::uint64_t times_in_future = 0;
  std::uint64_t times_skewed = 0;

  // Sockets.
  std::uint64_t udp_datagrams_refused = 0;
  std::uint64_t udp_kernel_drops = 0;
  std::uint64_t udp_receive_errors = 0;
  std::uint64_t tcp_connections_accepted = 0;
  std::uint64_t tcp_connections_refused = 0;
  std::uint64_t tcp_connections_limited = 0;
  std::uint64_t tcp_streams_broken = 0;
  std::uint64_t tcp_octets_dropped = 0;
  std::uint64_t stream_pauses = 0;

  // Rules.
  std::uint64_t rules_matched = 0;
  std::uint64_t rules_bad_values = 0;
  std::uint64_t rules_fields_broken = 0;
  std::uint64_t rules_names_folded = 0;
  std::uint64_t rules_contexts_evicted = 0;
  std::uint64_t rules_contexts_expired = 0;
  std::uint64_t notes = 0;
  std::uint64_t notes_dropped = 0;

  // Samples: samples = merged + pending + dropped.
  std::uint64_t samples = 0;
  std::uint64_t samples_merged = 0;
  std::uint64_t samples_dropped_too_late = 0;
  std::uint64_t samples_dropped_unknown_host = 0;
  std::uint64_t samples_dropped_path_collision = 0;
  std::uint64_t samples_dropped_tick_full = 0;
  std::uint64_t samples_dropped_host_limit = 0;
  std::uint64_t samples_dropped_metric_limit = 0;
  std::uint64_t samples_dropped_store_full = 0;
  std::uint64_t samples_dropped_series_limit = 0;

  // Windows and datapoints: published = acknowledged + waiting + in flight + superseded + dropped,
  // per destination; with several destinations the last four count for all of them together.
  std::uint64_t windows_published = 0;
  std::uint64_t windows_cut = 0;
  std::uint64_t series_corrected = 0;
  std::uint64_t datapoints_published = 0;
  std::uint64_t datapoints_refused = 0;
  std::uint64_t datapoints_acknowledged = 0;
  std::uint64_t datapoints_unconfirmed = 0;
  std::uint64_t datapoints_superseded = 0;
  std::uint64_t datapoints_dropped_queue_full = 0;
  std::uint64_t datapoints_dropped_too_old = 0;
  std::uint64_t datapoints_dropped_damaged = 0;
  std::uint64_t batches_acknowledged = 0;
  std::uint64_t batches_failed = 0;
  std::uint64_t datapoints_replayed = 0;

  // Disk.
  std::uint64_t journal_rows = 0;
  std::uint64_t journal_octets = 0;
  std::uint64_t journal_failures = 0;
  std::uint64_t spool_failures = 0;

  // The history that the relay itself keeps.
  std::uint64_t history_points = 0;
  std::uint64_t history_points_dropped = 0;
  std::uint64_t history_points_too_old = 0;
  std::uint64_t history_points_refused = 0;
  std::uint64_t history_points_cut = 0;
  std::uint64_t history_failures = 0;

  // Clients of the status server.
  std::uint64_t http_requests = 0;
  std::uint64_t http_clients_refused = 0;
  std::uint64_t http_clients_late = 0;

  // The cluster map file.
  std::uint64_t cluster_map_reloads = 0;
  std::uint64_t cluster_map_refusals = 0;
};

struct CounterRow {
  std::string_view name;  // For people and machines: snake_case, _total at the end.
  std::uint64_t Stats::* field;
  std::string_view help;
};

inline constexpr std::array kCounters{
    CounterRow{"syslog_messages_received_total", &Stats::messages_received, "messages received"},
    CounterRow{"syslog_octets_received_total", &Stats::octets_received,
               "octets of messages received"},
    CounterRow{"syslog_messages_parsed_total", &Stats::messages_parsed, "well-formed messages"},
    CounterRow{"syslog_messages_malformed_total", &Stats::messages_malformed,
               "malformed messages, kept and tried by the rules all the same"},
    CounterRow{"syslog_messages_malformed_empty_total", &Stats::messages_malformed_empty,
               "of these, empty ones"},
    CounterRow{"syslog_messages_malformed_no_pri_total", &Stats::messages_malformed_no_pri,
               "of these, without a valid PRI"},
    CounterRow{"syslog_messages_malformed_timestamp_total", &Stats::messages_malformed_timestamp,
               "of these, with a timestamp that names no moment"},
    CounterRow{"syslog_messages_malformed_header_total", &Stats::messages_malformed_header,
               "of these, with a broken RFC 5424 header"},
    CounterRow{"syslog_messages_malformed_structured_data_total",
               &Stats::messages_malformed_structured_data, "of these, with broken structured data"},
    CounterRow{"syslog_messages_truncated_total", &Stats::messages_truncated,
               "messages longer than max_message, cut"},
    CounterRow{"syslog_messages_incomplete_total", &Stats::messages_incomplete,
               "counted frames whose stream ended inside them"},
    CounterRow{"syslog_messages_repeated_total", &Stats::messages_repeated,
               "further events that repeat notices stood for"},
    CounterRow{"syslog_repeats_unresolved_total", &Stats::repeats_unresolved,
               "repeat notices of a message that is not known, counted as one message"},
    CounterRow{"syslog_messages_matched_total", &Stats::messages_matched,
               "messages that a rule matched"},
    CounterRow{"syslog_messages_unmatched_total", &Stats::messages_unmatched,
               "messages that no rule matched"},
    CounterRow{"syslog_messages_unfolded_total", &Stats::messages_unfolded,
               "of these, messages whose shape was not kept because too many came"},
    CounterRow{"syslog_messages_own_total", &Stats::messages_own,
               "lines of this relay's own log that came back to it, which no rule is asked about"},
    CounterRow{"graphite_lines_received_total", &Stats::graphite_lines_received,
               "lines of Graphite plaintext received"},
    CounterRow{"graphite_lines_malformed_total", &Stats::graphite_lines_malformed,
               "of these, lines that are no path, value and timestamp"},
    CounterRow{"graphite_lines_without_number_total", &Stats::graphite_lines_without_number,
               "well-formed lines whose value is nan or inf; collectd's first rates are"},
    CounterRow{"time_from_stamp_total", &Stats::times_from_stamp,
               "messages counted at the time of their stamp"},
    CounterRow{"time_without_stamp_total", &Stats::times_without_stamp,
               "messages counted at arrival for want of a stamp"},
    CounterRow{"time_in_future_total", &Stats::times_in_future,
               "messages counted at arrival because their stamp was more than 60 s ahead"},
    CounterRow{"time_skewed_total", &Stats::times_skewed,
               "messages counted at arrival because their sender's zone is not proven yet"},
    CounterRow{"udp_datagrams_refused_total", &Stats::udp_datagrams_refused,
               "datagrams from peers that no allow list names"},
    CounterRow{"udp_kernel_drops_total", &Stats::udp_kernel_drops,
               "datagrams the kernel dropped because the receive buffer was full"},
    CounterRow{"udp_receive_errors_total", &Stats::udp_receive_errors,
               "reads of a datagram socket that the kernel answered with an error"},
    CounterRow{"tcp_connections_accepted_total", &Stats::tcp_connections_accepted,
               "connections accepted"},
    CounterRow{"tcp_connections_refused_total", &Stats::tcp_connections_refused,
               "connections from peers that no allow list names"},
    CounterRow{"tcp_connections_limited_total", &Stats::tcp_connections_limited,
               "connections closed because there were too many"},
    CounterRow{"tcp_streams_broken_total", &Stats::tcp_streams_broken,
               "connections closed for TLS, HTTP or an impossible octet count"},
    CounterRow{"tcp_octets_dropped_total", &Stats::tcp_octets_dropped,
               "octets that belonged to no message, or to the cut part of one"},
    CounterRow{"stream_pauses_total", &Stats::stream_pauses,
               "times that a listener with overflow \"block\" stopped reading"},
    CounterRow{"rules_matched_total", &Stats::rules_matched, "matches, of a rule and a message"},
    CounterRow{"rules_bad_values_total", &Stats::rules_bad_values,
               "captures that were no finite number, or no name of a state"},
    CounterRow{"rules_fields_broken_total", &Stats::rules_fields_broken,
               "texts that began as JSON and were none, or had too many or too deep fields"},
    CounterRow{"rules_names_folded_total", &Stats::rules_names_folded,
               "samples whose capture in the metric name became \"other\""},
    CounterRow{"rules_contexts_evicted_total", &Stats::rules_contexts_evicted,
               "contexts forgotten because there were too many"},
    CounterRow{"rules_contexts_expired_total", &Stats::rules_contexts_expired,
               "contexts forgotten because nothing came for long"},
    CounterRow{"notes_total", &Stats::notes, "notes that rules made for people to read"},
    CounterRow{
        "notes_dropped_total", &Stats::notes_dropped,
        "of these, notes beyond a bound, or of hosts that only another host's text spoke of"},
    CounterRow{"samples_total", &Stats::samples, "samples read by rules"},
    CounterRow{"samples_merged_total", &Stats::samples_merged, "samples merged into the store"},
    CounterRow{"samples_dropped_too_late_total", &Stats::samples_dropped_too_late,
               "samples of windows that cannot be corrected any more"},
    CounterRow{"samples_dropped_unknown_host_total", &Stats::samples_dropped_unknown_host,
               "samples of hosts that only another host's text spoke of"},
    CounterRow{"samples_dropped_path_collision_total", &Stats::samples_dropped_path_collision,
               "samples of hosts whose metric path another host has"},
    CounterRow{"samples_dropped_tick_full_total", &Stats::samples_dropped_tick_full,
               "samples of series beyond the bound of one tick"},
    CounterRow{"samples_dropped_host_limit_total", &Stats::samples_dropped_host_limit,
               "samples of hosts beyond the bound on hosts"},
    CounterRow{
        "samples_dropped_metric_limit_total", &Stats::samples_dropped_metric_limit,
        "samples of metrics beyond the bound on metric names, or whose name has another type"},
    CounterRow{"samples_dropped_store_full_total", &Stats::samples_dropped_store_full,
               "samples of new series while windows not published yet take twice store_bytes_max"},
    CounterRow{"samples_dropped_series_limit_total", &Stats::samples_dropped_series_limit,
               "samples of new series beyond a bound on series"},
    CounterRow{"windows_published_total", &Stats::windows_published,
               "windows published when they had ended"},
    CounterRow{"windows_cut_total", &Stats::windows_cut,
               "windows let go before their horizon because store_bytes_max was reached"},
    CounterRow{"series_corrected_total", &Stats::series_corrected,
               "series published again as a whole corrected value"},
    CounterRow{"datapoints_published_total", &Stats::datapoints_published, "datapoints published"},
    CounterRow{"datapoints_refused_total", &Stats::datapoints_refused,
               "datapoints that carbon would not take and that were not sent"},
    CounterRow{"datapoints_acknowledged_total", &Stats::datapoints_acknowledged,
               "datapoints acknowledged by a destination"},
    CounterRow{"datapoints_unconfirmed_total", &Stats::datapoints_unconfirmed,
               "datapoints sent to a destination that never answers a half-close"},
    CounterRow{"datapoints_superseded_total", &Stats::datapoints_superseded,
               "datapoints replaced by a newer version before they were sent"},
    CounterRow{"datapoints_dropped_queue_full_total", &Stats::datapoints_dropped_queue_full,
               "datapoints dropped because a destination's queue was full"},
    CounterRow{"datapoints_dropped_too_old_total", &Stats::datapoints_dropped_too_old,
               "datapoints dropped because they waited longer than spool_age_max"},
    CounterRow{"datapoints_dropped_damaged_total", &Stats::datapoints_dropped_damaged,
               "datapoints that a destination's spool could not read back from its disk"},
    CounterRow{"batches_acknowledged_total", &Stats::batches_acknowledged, "batches acknowledged"},
    CounterRow{"batches_failed_total", &Stats::batches_failed,
               "batches that were not acknowledged and are sent again"},
    CounterRow{"datapoints_replayed_total", &Stats::datapoints_replayed,
               "acknowledged datapoints sent once more because the destination may have died"},
    CounterRow{"journal_rows_total", &Stats::journal_rows, "ticks written to the journal"},
    CounterRow{"journal_octets_total", &Stats::journal_octets, "octets written to the journal"},
    CounterRow{"journal_failures_total", &Stats::journal_failures,
               "ticks that the journal could not take"},
    CounterRow{"spool_failures_total", &Stats::spool_failures,
               "times that a spool could not be written and went on in memory"},
    CounterRow{"history_points_total", &Stats::history_points, "points that came to the history"},
    CounterRow{"history_points_dropped_total", &Stats::history_points_dropped,
               "points that the history did not get because its disk does not keep up"},
    CounterRow{"history_points_too_old_total", &Stats::history_points_too_old,
               "of those that came, points from before the history's time"},
    CounterRow{"history_points_refused_total", &Stats::history_points_refused,
               "of those that came, points of series beyond the history's series_max"},
    CounterRow{"history_points_cut_total", &Stats::history_points_cut,
               "points let go before their time because of the history's bytes_max"},
    CounterRow{"history_failures_total", &Stats::history_failures,
               "publications that the history's disk could not take"},
    CounterRow{"http_requests_total", &Stats::http_requests, "HTTP requests read to their end"},
    CounterRow{"http_clients_refused_total", &Stats::http_clients_refused,
               "HTTP clients closed because there were too many"},
    CounterRow{"http_clients_late_total", &Stats::http_clients_late,
               "HTTP clients closed because a request or the reading of an answer took too long"},
    CounterRow{"cluster_map_reloads_total", &Stats::cluster_map_reloads,
               "times that a changed cluster map file was taken"},
    CounterRow{"cluster_map_refusals_total", &Stats::cluster_map_refusals,
               "times that a changed cluster map file was refused"},
};

static_assert(sizeof(Stats) == kCounters.size() * sizeof(std::uint64_t),
              "every counter in Stats needs its row in kCounters");

// Adds every counter of `more` to `sum`.
inline void add_stats(Stats& sum, const Stats& more) noexcept {
  for (const CounterRow& row : kCounters) sum.*row.field += more.*row.field;
}

}  // namespace sluice

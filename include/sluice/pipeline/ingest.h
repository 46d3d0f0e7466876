#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/aggregate/aggregator.h"
#include "sluice/base/stats.h"
#include "sluice/base/time.h"
#include "sluice/pipeline/event_time.h"
#include "sluice/pipeline/host_name.h"
#include "sluice/pipeline/observations.h"
#include "sluice/pipeline/sender_counts.h"
#include "sluice/rules/matcher.h"
#include "sluice/rules/rule_set.h"
#include "sluice/values/delta.h"
#include "sluice/values/graphite_line.h"
#include "sluice/values/note.h"
#include "sluice/values/peer.h"
#include "sluice/values/zone.h"

namespace sluice {

struct IngestOptions {
  AggregatorOptions aggregator;
  MatcherOptions matcher;
  HostNameOptions host_names;
  bool expand_repeats = true;  // "message repeated N times" counts as N further messages.
  // This machine: the host of messages from unix sockets that name none. What a program called
  // "sluice" logs on it is the relay's own log; it is counted and goes no further.
  std::string local_host = "local";
};

// A message, or a line of Graphite plaintext, as its transport delivered it.
struct Message {
  std::string_view bytes;  // Without framing; dies with the call.
  const Peer& peer;
  const Zone& zone;  // Of stamps that name none; lines have no such.
  bool truncated = false;
  bool incomplete = false;
};

// What became of one message, for `explain`. Views live as long as the message and the next call.
struct MessageTrace {
  Record record;             // Of a repeat notice, what it repeats: APP-NAME, PROCID and text.
  Record sent;               // As it was sent. Filled by explain().
  bool is_graphite = false;  // A line of Graphite plaintext: of the record only `raw` is set.
  GraphiteLine line;
  LineError line_error = LineError::kNone;
  std::string_view message;  // MSG as sent, or the path of the line.
  std::string_view host;     // Canonical; of a line who sent it, since its samples name the hosts.
  EventTime event_time;
  std::uint32_t weight = 1;
  bool is_notice = false;       // It says how often another message came.
  bool repeats_unread = false;  // That one was read by no rule; so is this.
  std::vector<Sample> samples;  // Hosts canonical.
  std::vector<RuleTrace> rules;
  std::vector<Note> notes;                // Filled by explain().
  std::deque<std::string> claimed_hosts;  // What samples of named hosts point to.
};

// The first half of the pipeline, one ingest worker's worth: bytes in, samples added to the
// aggregator. Every message is counted exactly once, as parsed or as malformed, and a malformed one
// is tried by the rules all the same.
class Ingest {
 public:
  // A malformed message was counted; for a log line at a bounded rate.
  using OnMalformed = std::function<void(ParseError error, const Message& message)>;
  // A sender's stamps are not believed because its zone is not proven. Called once an hour and
  // sender; both views die with the call.
  using OnSkewed =
      std::function<void(std::string_view host, const Message& message, const EventTime& time)>;

  using OnMalformedLine = std::function<void(LineError error, const Message& line)>;

  Ingest(const IngestOptions& options, std::shared_ptr<const RuleSet> rules,
         OnMalformed on_malformed, OnSkewed on_skewed = nullptr,
         OnMalformedLine on_malformed_line = nullptr);
  ~Ingest();
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  // `now`: when the messages arrived. Several at once cost less than one by one: while one is read,
  // what is known of the senders and series of the others is fetched from memory.
  void receive(std::span<const Message> messages, Timestamp now);
  void receive(const Message& message, Timestamp now) { receive({&message, 1}, now); }

  // A line of Graphite plaintext without its LF, or a datagram of many lines.
  void receive_line(const Message& line, Timestamp now);
  void receive_lines(const Message& datagram, Timestamp now);

  // The same, telling what was done with it.
  [[nodiscard]] MessageTrace explain(const Message& message, Timestamp now);
  [[nodiscard]] MessageTrace explain_line(const Message& line, Timestamp now);

  // Everything since the last call.
  [[nodiscard]] Delta take_delta();
  [[nodiscard]] SenderReport take_senders();
  [[nodiscard]] Observations take_observations();

  // True when the delta to be taken has no room that is sure to hold another message's series
  // (AggregatorOptions::entries_max).
  [[nodiscard]] bool is_tick_full() const;

  // New rules from the next message on. Contexts that they still read, and counters, go on.
  void set_rules(std::shared_ptr<const RuleSet> rules);

  // Samples counted so far, less those in deltas that were taken.
  [[nodiscard]] std::uint64_t pending_samples() const;
  // As of now; `samples_merged` and what comes after are the Publisher's.
  [[nodiscard]] Stats stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/repeat_memory.h"
#include "pipeline/repeat_notice.h"
#include "pipeline/rule_tally.h"
#include "pipeline/sender_book.h"
#include "sluice/pipeline/ingest.h"
#include "sluice/syslog/parser.h"

namespace sluice {

// What Ingest is made of: ingest.cc takes messages and lines in, ingest_messages.cc reads a
// message and accounts for it.
struct Ingest::State {
  State(const IngestOptions& chosen, std::shared_ptr<const RuleSet> rules, OnMalformed malformed,
        OnSkewed skewed, OnMalformedLine malformed_line)
      : options(chosen),
        on_malformed(std::move(malformed)),
        on_skewed(std::move(skewed)),
        on_malformed_line(std::move(malformed_line)),
        matcher(std::make_unique<Matcher>(std::move(rules), chosen.matcher)),
        aggregator(chosen.aggregator) {
    name_rules();
  }

  // A message on its way through receive().
  struct Ahead {
    MessageTrace trace;
    std::string_view sent;       // The name of its sender, as it spells it.
    std::size_t name_place = 0;  // SenderBook::expect(sent).
    std::uint32_t sender = SenderBook::kUnknown;
    Aggregator::HostPlace place;
  };
  // As many as a processor fetches from memory at the same time.
  static constexpr std::size_t kAtOnce = 8;

  void receive_some(std::span<const Message> messages, Timestamp now);
  void look_ahead(std::size_t count);
  void receive(const Message& message, Timestamp now, Ahead& ahead);
  void add_waiting();
  void parse(const Message& message, Ahead& ahead);
  void name_sender(const Peer& peer, Ahead& ahead);
  // Fills all of the trace but what the parser and the rules say. The sender is known until the
  // next message.
  Sender& read(const Message& message, Timestamp now, Ahead& ahead);
  Sender& sender_of(const Ahead& ahead);
  Sender& meet(std::string_view sent);
  [[nodiscard]] bool is_own(const MessageTrace& one) const;
  void count(const Message& message, const MessageTrace& trace);
  void count_sender(Sender& sender, const Message& message, const MessageTrace& trace,
                    Timestamp now);
  void tell_skewed(Sender& sender, const Message& message, const MessageTrace& trace,
                   Timestamp now);
  void expand_repeat(const RepeatNotice& notice, Sender& sender, const Peer& peer,
                     MessageTrace& trace);
  void remember(const MessageTrace& one, bool is_read, Sender& sender, const Peer& peer);
  void hear(const MessageTrace& one, Sender& sender, Timestamp now);
  void name_rules();
  void take_in(MessageTrace& trace, std::size_t rules_matched, Sender& sender, const Peer& peer,
               Timestamp now);
  void name_hosts(MessageTrace& trace, const Peer& peer);
  void add_named(MessageTrace& trace, Timestamp now);
  void add_samples(const MessageTrace& trace, Timestamp now, Aggregator::HostPlace& place);
  bool read_line(const Message& message, Timestamp now, MessageTrace& trace);
  void take_in_line(MessageTrace& trace, std::size_t rules_matched, Timestamp now);
  void name_line_host(Sample& sample, std::string& scratch);
  void count_rules(Timestamp now);
  void take_notes(const MessageTrace& one, const Peer& peer);
  void add(const Sample& sample, Timestamp now, Aggregator::HostPlace& place);
  Matcher::Input input_of(const MessageTrace& trace, Timestamp now) const {
    return {.record = trace.record,
            .host = trace.host,
            .time = trace.event_time.time,
            .now = now,
            .weight = trace.weight,
            .line = trace.is_graphite ? &trace.line : nullptr};
  }

  IngestOptions options;
  OnMalformed on_malformed;
  OnSkewed on_skewed;
  OnMalformedLine on_malformed_line;
  SenderBook senders{{}};
  RepeatMemory last_messages;
  EventTimes event_times;
  std::unique_ptr<Matcher> matcher;
  MatcherStats retired_matcher_stats;  // Of the matchers before the last reload.
  Aggregator aggregator;
  UnmatchedTally unmatched;
  RuleTally rule_tally;
  std::vector<Note> notes;  // Since the last report.
  Stats stats;
  Parser parser;
  // Scratch, reused from message to message.
  std::array<Ahead, kAtOnce> ahead;
  // Of those, [waiting_begin, waiting_end) have samples that are not added yet.
  std::size_t waiting_begin = 0;
  std::size_t waiting_end = 0;
  Timestamp waiting_since{};
  MessageTrace current;  // A line of Graphite plaintext.
  std::string host;
  std::string note_host;
  // Who sent the last line, and whose its last sample was.
  std::string line_sender;
  std::string line_sender_host;
  std::string line_host;
  bool is_line_host_node = false;  // As its sample said.
  bool line_host_stays = false;    // Its canonical name is the one that was sent.
  Aggregator::HostPlace line_place;
};

}  // namespace sluice

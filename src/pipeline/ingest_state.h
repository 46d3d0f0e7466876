#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
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

// True if the APP-NAME is that of this relay's log.
[[nodiscard]] inline bool is_own_name(const Record& record) noexcept {
  return record.app_name == "sluice";
}

// What Ingest is made of: ingest_batch.cc takes messages several at once, ingest.cc those that need
// care, and lines; ingest_messages.cc tells whose a message is and accounts for it.
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
    Record record;
    std::size_t name_place = 0;  // SenderBook::expect() of its sender's name.
    std::uint32_t sender = SenderBook::kUnknown;
    bool is_read = false;  // A rule reads it, or, until rules are asked, may read it.
    Timestamp time{};      // Event time.
  };
  // Samples of a sender's message that are to be added.
  struct Waiting {
    std::uint32_t sender = 0;
    std::size_t end = 0;  // In `samples`; they begin where those before them end.
  };
  static constexpr std::size_t kAtOnce = 32;
  // So many samples do not wait for more: time enough for what they are added to, and still few.
  static constexpr std::size_t kWaitingMax = 64;

  void receive_some(std::span<const Message> messages, Timestamp now);
  [[nodiscard]] bool is_plain(const Ahead& ahead) const noexcept;
  void receive_plain(std::span<const Message> messages, std::span<Ahead> all, Timestamp now);
  void match_plain(const Message& message, Ahead& ahead, Timestamp now);
  void expect(const Sample& sample, const Aggregator::HostPlace& place);
  // Comes before anyone reads what samples change, before senders are met, which moves them, and
  // before the rules go: the samples that wait point to both.
  void add_waiting();
  void receive_one(const Message& message, Timestamp now, Ahead& ahead);
  void parse(const Message& message, Ahead& ahead);
  [[nodiscard]] std::string_view name_of_sender(const Record& record,
                                                const Peer& peer) const noexcept;
  // Fills all of the trace but what the rules say. The sender is known until the next message.
  Sender& read(const Message& message, Timestamp now, Ahead& ahead, MessageTrace& trace);
  Sender& meet(std::string_view sent);
  [[nodiscard]] bool is_own(const MessageTrace& one) const;
  void count(const Message& message, ParseError error, TimeSource source);
  void count_malformed(const Message& message, ParseError error);
  void count_sender(Sender& sender, const Message& message, ParseError error, const EventTime& time,
                    Timestamp now);
  void tell_skewed(Sender& sender, const Message& message, const EventTime& time, Timestamp now);
  void expand_repeat(const RepeatNotice& notice, Sender& sender, const Peer& peer,
                     MessageTrace& trace);
  void remember(const Record& record, bool is_read, Sender& sender, const Peer& peer);
  void count_unmatched(const Record& record, std::string_view of, Timestamp now);
  void take_matched(std::string_view from, Timestamp time, std::uint32_t weight, Sender& sender,
                    const Peer& peer, Timestamp now);
  void hear(std::string_view from, Timestamp time, Sender& sender, Timestamp now);
  void name_rules();
  void take_in(MessageTrace& trace, std::size_t rules_matched, Sender& sender, const Peer& peer,
               Timestamp now);
  void name_hosts(std::span<Sample> of, std::string_view from, const Peer& peer,
                  std::deque<std::string>& claimed_hosts);
  void add_samples(const MessageTrace& trace, Timestamp now, Aggregator::HostPlace& place);
  bool read_line(const Message& message, Timestamp now, MessageTrace& trace);
  void take_in_line(MessageTrace& trace, std::size_t rules_matched, Timestamp now);
  void name_line_host(Sample& sample, std::string& scratch);
  void count_rules(Timestamp now);
  void take_notes(std::string_view from, Timestamp time, std::uint32_t weight, const Peer& peer);
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
  std::vector<Sample> samples;
  std::vector<std::uint32_t> expected;  // Aggregator::expect() of each of them.
  std::vector<Waiting> waiting;
  Timestamp waiting_since{};  // When the messages came whose samples wait.
  std::deque<std::string> claimed_hosts;
  MessageTrace current;  // A message that needs care, or a line of Graphite plaintext.
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

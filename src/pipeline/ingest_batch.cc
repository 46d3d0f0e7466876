// Most messages are of a known host, and plain: these are taken several at once. Each step is taken
// for all of them before the next, so that what is known of their senders and series comes from
// memory meanwhile, and the processor stays in one piece of code. What comes out is the same as of
// one by one.

#include <algorithm>

#include "pipeline/ingest_accounts.h"
#include "pipeline/ingest_state.h"

namespace sluice {

void Ingest::receive(std::span<const Message> messages, Timestamp now) {
  if (now != state_->waiting_since) {
    state_->add_waiting();
    state_->waiting_since = now;
  }
  while (!messages.empty()) {
    const auto some = messages.first(std::min(messages.size(), State::kAtOnce));
    state_->receive_some(some, now);
    messages = messages.subspan(some.size());
  }
}

void Ingest::State::receive_some(std::span<const Message> messages, Timestamp now) {
  std::span<Ahead> all(ahead.data(), messages.size());
  for (std::size_t i = 0; i < all.size(); ++i) parse(messages[i], all[i]);
  for (std::size_t i = 0; i < all.size(); ++i) {
    Ahead& one = all[i];
    one.sender = senders.number_of(name_of_sender(one.record, messages[i].peer), one.name_place);
    if (one.sender != SenderBook::kUnknown) senders.expect(one.sender);
  }
  for (;;) {
    const auto count = static_cast<std::size_t>(
        std::ranges::find_if_not(all, [this](const Ahead& one) { return is_plain(one); }) -
        all.begin());
    receive_plain(messages.first(count), all.first(count), now);
    if (count == all.size()) return;
    receive_one(messages[count], now, all[count]);
    messages = messages.subspan(count + 1);
    all = all.subspan(count + 1);
  }
}

// Of a host that was heard before, whole, and neither about another message nor the relay's own.
bool Ingest::State::is_plain(const Ahead& one) const noexcept {
  return one.sender != SenderBook::kUnknown && one.record.error == ParseError::kNone &&
         !one.record.incomplete && !may_be_repeat_notice(one.record) && !is_own_name(one.record);
}

void Ingest::State::receive_plain(std::span<const Message> messages, std::span<Ahead> all,
                                  Timestamp now) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    Ahead& one = all[i];
    Sender& sender = senders.sender(one.sender);
    const EventTime time =
        event_times.resolve(one.record.stamp, sender.is_zone_proven, messages[i].zone, now);
    one.time = time.time;
    count(messages[i], ParseError::kNone, time.source);
    count_sender(sender, messages[i], ParseError::kNone, time, now);
    one.is_read = !one.record.full_text.empty() ||
                  matcher->may_begin(one.record.app_name, text_of(one.record));
    if (one.is_read) aggregator.expect(sender.place);
    if (one.is_read || !sender.unread.is_of(messages[i].peer.address)) {
      last_messages.expect(sender.last_message);
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].is_read) match_plain(messages[i], all[i], now);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    Sender& sender = senders.sender(all[i].sender);
    remember(all[i].record, all[i].is_read, sender, messages[i].peer);
    if (!all[i].is_read) count_unmatched(all[i].record, sender.host, now);
  }
  if (samples.size() >= kWaitingMax) add_waiting();
}

// Adds the samples to `samples`, where those of the sender wait for add_waiting().
void Ingest::State::match_plain(const Message& message, Ahead& one, Timestamp now) {
  const Record& record = one.record;
  const bool is_asked = record.full_text.empty();
  one.is_read = false;
  if (is_asked && !matcher->may_match(record.app_name, text_of(record))) return;
  Sender& sender = senders.sender(one.sender);
  const std::size_t begin = samples.size();
  one.is_read = matcher->match({.record = record,
                                .host = sender.host,
                                .time = one.time,
                                .now = now,
                                .is_asked = is_asked},
                               samples) > 0;
  if (!one.is_read) return;
  take_matched(sender.host, one.time, 1, sender, message.peer, now);
  const std::span<Sample> fresh = std::span(samples).subspan(begin);
  name_hosts(fresh, sender.host, message.peer, claimed_hosts);
  if (fresh.empty()) return;
  waiting.push_back({one.sender, samples.size()});
  const auto is_of_sender = [&sender](const Sample& sample) {
    return sample.host.data() == sender.host.data();
  };
  if (std::ranges::all_of(fresh, is_of_sender)) {
    for (const Sample& sample : fresh) expect(sample, sender.place);
  } else {  // What the names of other hosts point to is gone with the next message.
    add_waiting();
  }
}

// What a sample is added to lies in pieces, each of which tells where the next one is. While one
// comes from memory, the next messages are matched.
void Ingest::State::expect(const Sample& sample, const Aggregator::HostPlace& place) {
  expected.push_back(aggregator.expect(sample, place));
  const std::size_t count = expected.size();
  if (count > 1) aggregator.expect(expected[count - 2], 0);
  if (count > 2) aggregator.expect(expected[count - 3], 1);
}

void Ingest::State::add_waiting() {
  if (const std::size_t count = expected.size(); count > 0) {
    aggregator.expect(expected[count - 1], 0);
    if (count > 1) aggregator.expect(expected[count - 2], 1);
  }
  std::size_t at = 0;
  for (const Waiting& one : waiting) {
    Sender& sender = senders.sender(one.sender);
    for (; at < one.end; ++at) {
      Aggregator::HostPlace unknown;
      const bool is_of_sender = samples[at].host.data() == sender.host.data();
      add(samples[at], waiting_since, is_of_sender ? sender.place : unknown);
    }
  }
  samples.clear();
  expected.clear();
  waiting.clear();
}

}  // namespace sluice

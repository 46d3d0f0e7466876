#include "pipeline/sender_book.h"

#include <utility>

namespace sluice {

Sender& SenderBook::find(std::string_view host) {
  if (const auto known = numbers_.find(host); known != numbers_.end()) {
    return senders_[known->second];
  }
  if (senders_.size() >= options_.hosts_max) {
    report_active();
    numbers_.clear();
    names_as_sent_.clear();
    senders_.clear();
    ++floods_;
  }
  const auto number = static_cast<std::uint32_t>(senders_.size());
  numbers_.emplace(host, number);
  Sender& sender = senders_.emplace_back();
  sender.host = host;
  sender.number = number;
  return sender;
}

void SenderBook::count(Sender& sender, const SenderCounts& message) {
  if (sender.number >= options_.counted_max) return report_.other.add(message);
  if (sender.counts.messages == 0) active_.push_back(sender.number);
  sender.counts.add(message);
}

SenderReport SenderBook::take_report() {
  report_active();
  return std::exchange(report_, {});
}

void SenderBook::report_active() {
  for (const std::uint32_t number : active_) {
    Sender& sender = senders_[number];
    report_.rows.push_back({sender.host, std::exchange(sender.counts, {})});
  }
  active_.clear();
}

}  // namespace sluice

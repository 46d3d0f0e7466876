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
    skew_told_.clear();
    ++floods_;
  }
  const auto number = static_cast<std::uint32_t>(senders_.size());
  numbers_.emplace(host, number);
  Sender& sender = senders_.emplace_back();
  sender.host = host;
  sender.number = number;
  return sender;
}

bool SenderBook::may_tell_skew(const Sender& sender, Timestamp now, Timestamp::duration every) {
  const auto [told, is_first] = skew_told_.try_emplace(sender.number, now);
  if (!is_first && now - told->second < every) return false;
  told->second = now;
  return true;
}

SenderReport SenderBook::take_report() {
  report_active();
  return std::exchange(report_, {});
}

void SenderBook::report_active() {
  for (const std::uint32_t number : active_) {
    Sender& sender = senders_[number];
    report_.rows.push_back({sender.host, std::exchange(sender.counts, {}).all()});
  }
  active_.clear();
  report_.other.add(std::exchange(other_, {}).all());
}

}  // namespace sluice

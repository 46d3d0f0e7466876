#include "sluice/pipeline/sender_counts.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <utility>

#include "base/string_map.h"

namespace sluice {
namespace {

// How old what people look at may be: a copy of 10,000 names is too much for every tick, one of a
// few hundred costs nothing. One in which nothing would be new can wait.
constexpr std::chrono::milliseconds kSharedAgeMax{10'000};

std::chrono::milliseconds age_max(std::size_t senders, bool has_news) noexcept {
  return has_news ? std::min(kSharedAgeMax, std::chrono::milliseconds(senders)) : kSharedAgeMax;
}

}  // namespace

void SenderCounts::add(const SenderCounts& more) noexcept {
  messages += more.messages;
  octets += more.octets;
  malformed += more.malformed;
  truncated += more.truncated;
  skewed += more.skewed;
  last_received = std::max(last_received, more.last_received);
}

struct SenderTable::State {
  std::size_t senders_max = 0;
  StringMap<SenderCounts> senders;
  SenderCounts other;
  std::shared_ptr<const SenderReport> shared;  // Null until somebody asks.
  bool has_news = false;                       // That `shared` does not have.
};

SenderTable::SenderTable(std::size_t senders_max) : state_(std::make_unique<State>()) {
  state_->senders_max = senders_max;
}
SenderTable::~SenderTable() = default;

void SenderTable::add(SenderReport report) {
  auto& senders = state_->senders;
  if (!report.rows.empty() || report.other != SenderCounts{}) state_->has_news = true;
  for (SenderReport::Row& row : report.rows) {
    if (const auto known = senders.find(row.host); known != senders.end()) {
      known->second.add(row.counts);
    } else if (senders.size() < state_->senders_max) {
      senders.emplace(std::move(row.host), row.counts);
    } else {
      state_->other.add(row.counts);
    }
  }
  state_->other.add(report.other);
}

bool SenderTable::knows(std::string_view host) const { return state_->senders.contains(host); }

SenderReport SenderTable::snapshot() const {
  SenderReport report;
  report.rows.reserve(state_->senders.size());
  for (const auto& [host, counts] : state_->senders) report.rows.push_back({host, counts});
  std::ranges::sort(report.rows, {}, &SenderReport::Row::host);
  report.other = state_->other;
  return report;
}

std::shared_ptr<const SenderReport> SenderTable::shared_snapshot(Timestamp now) {
  auto& shared = state_->shared;
  // A clock that was set back must not keep an old one for long.
  const auto oldest = now - age_max(state_->senders.size(), state_->has_news);
  if (shared && now >= shared->taken && shared->taken > oldest) return shared;
  auto fresh = std::make_shared<SenderReport>(snapshot());
  fresh->taken = now;
  shared = std::move(fresh);
  state_->has_news = false;
  return shared;
}

std::vector<SenderReport::Row> troubled_senders(const SenderReport& report, std::size_t rows_max) {
  const auto trouble = [](const SenderReport::Row& row) {
    return row.counts.malformed + row.counts.skewed;
  };
  std::vector<SenderReport::Row> rows;
  std::ranges::copy_if(report.rows, std::back_inserter(rows),
                       [&](const SenderReport::Row& row) { return trouble(row) > 0; });
  std::ranges::stable_sort(rows, std::ranges::greater(), trouble);
  if (rows.size() > rows_max) rows.resize(rows_max);
  return rows;
}

}  // namespace sluice

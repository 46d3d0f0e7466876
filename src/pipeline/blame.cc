#include "pipeline/blame.h"

#include <algorithm>
#include <tuple>

namespace sluice {

void Tally::add(std::string_view name, std::uint64_t samples) {
  if (const auto found = counts_.find(name); found != counts_.end()) {
    found->second += samples;
    return;
  }
  if (counts_.size() < kNamesMax) {
    counts_.emplace(name, samples);
    return;
  }
  // Ties go by name, so that equal histories give equal tables.
  const auto least = std::ranges::min_element(counts_, [](const auto& a, const auto& b) {
    return std::tie(a.second, a.first) < std::tie(b.second, b.first);
  });
  const std::uint64_t inherited = least->second;
  counts_.erase(least);
  counts_.emplace(name, inherited + samples);
}

std::vector<Offender> Tally::worst(std::size_t most) const {
  std::vector<Offender> found;
  for (const auto& [name, samples] : counts_) found.push_back({name, samples});
  std::ranges::sort(found, [](const Offender& a, const Offender& b) {
    return a.samples != b.samples ? a.samples > b.samples : a.name < b.name;
  });
  if (found.size() > most) found.resize(most);
  return found;
}

void Blame::add(std::string_view rule, std::string_view host, std::uint64_t samples) {
  if (!rule.empty()) rules_.add(rule, samples);
  hosts_.add(host, samples);
}

Offenders Blame::worst() const { return {rules_.worst(kShownMax), hosts_.worst(kShownMax)}; }

}  // namespace sluice

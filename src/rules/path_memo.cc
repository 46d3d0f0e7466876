#include "rules/path_memo.h"

#include <utility>

namespace sluice {
namespace {

// What one of each takes, its share of hash tables included.
constexpr std::size_t kPathBytes = 20;
constexpr std::size_t kHeadBytes = 200;
constexpr std::size_t kTailBytes = 100;
constexpr std::size_t kMatchesBytes = 300;

// Where the last two nodes of `path` begin; 0 when it has no more.
std::size_t start_of_tail(std::string_view path) noexcept {
  std::size_t dots = 0;
  for (std::size_t i = path.size(); i > 0; --i) {
    if (path[i - 1] == '.' && ++dots == 2) return i;
  }
  return 0;
}

}  // namespace

const PathMatches* PathMemo::find(std::string_view path) {
  const std::size_t cut = start_of_tail(path);
  const Head* const head = head_of(path.substr(0, cut));
  if (head == nullptr) return nullptr;
  const std::uint32_t tail = tail_of(path.substr(cut));
  const auto found = head->numbers.find(tail);
  return found == head->numbers.end() ? nullptr : by_number_[found->second];
}

const PathMatches& PathMemo::put(std::string_view path, const PathMatches& matches) {
  if (bytes_ >= bytes_max_) clear();
  const std::size_t cut = start_of_tail(path);
  Head& head = make_head(path.substr(0, cut));
  const std::uint32_t number = number_of(matches);
  if (head.numbers.insert_or_assign(make_tail(path.substr(cut)), number).second) {
    bytes_ += kPathBytes;
  }
  return *by_number_[number];
}

PathMemo::Head* PathMemo::head_of(std::string_view text) {
  if (last_ != nullptr && last_->text == text) return last_;
  const auto found = heads_.find(text);
  if (found == heads_.end()) return nullptr;
  last_ = found->second.get();
  return last_;
}

PathMemo::Head& PathMemo::make_head(std::string_view text) {
  if (Head* const known = head_of(text)) return *known;
  auto head = std::make_unique<Head>();
  head->text = text;
  last_ = head.get();
  heads_.emplace(std::string(text), std::move(head));
  bytes_ += kHeadBytes + 2 * text.size();
  return *last_;
}

// kNone when it is new.
std::uint32_t PathMemo::tail_of(std::string_view text) {
  const std::uint32_t heard = tails_heard_.find(text);
  if (heard != TextCache::kNone) return heard;
  const auto known = tails_.find(text);
  if (known == tails_.end()) return TextCache::kNone;
  tails_heard_.put(text, known->second);
  return known->second;
}

std::uint32_t PathMemo::make_tail(std::string_view text) {
  const auto [known, is_new] =
      tails_.try_emplace(std::string(text), static_cast<std::uint32_t>(tails_.size()));
  if (is_new) bytes_ += kTailBytes + text.size();
  return known->second;
}

std::uint32_t PathMemo::number_of(const PathMatches& matches) {
  const auto [known, is_new] =
      numbers_.try_emplace(matches, static_cast<std::uint32_t>(by_number_.size()));
  if (is_new) {
    by_number_.push_back(&known->first);
    bytes_ += kMatchesBytes * (1 + matches.size());
  }
  return known->second;
}

void PathMemo::clear() {
  heads_.clear();
  last_ = nullptr;
  tails_.clear();
  tails_heard_.clear();
  numbers_.clear();
  by_number_.clear();
  bytes_ = 0;
}

}  // namespace sluice

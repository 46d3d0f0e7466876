#include "rules/context.h"

#include <algorithm>

#include "rules/number.h"

namespace sluice {
namespace {

// A text is a section title or a state, not a log line; a longer one is cut.
constexpr std::size_t kTextBytesMax = 256;

}  // namespace

const ContextValue* Context::find(VariableId variable) const {
  const auto found =
      std::ranges::find(variables_, variable, &std::pair<VariableId, ContextValue>::first);
  return found == variables_.end() ? nullptr : &found->second;
}

double Context::number(VariableId variable) const {
  const ContextValue* value = find(variable);
  const double* number = value == nullptr ? nullptr : std::get_if<double>(value);
  return number == nullptr ? 0 : *number;
}

void Context::set(VariableId variable, ContextValue value) {
  if (auto* text = std::get_if<std::string>(&value);
      text != nullptr && text->size() > kTextBytesMax) {
    text->resize(kTextBytesMax);
  }
  const auto found =
      std::ranges::find(variables_, variable, &std::pair<VariableId, ContextValue>::first);
  if (found == variables_.end()) {
    variables_.emplace_back(variable, std::move(value));
  } else {
    found->second = std::move(value);
  }
}

void Context::add(VariableId variable, double amount) { set(variable, number(variable) + amount); }

void Context::renumber(std::span<const std::optional<VariableId>> numbers) {
  std::vector<std::pair<VariableId, ContextValue>> kept;
  for (auto& [variable, value] : variables_) {
    if (const auto number = numbers[variable]) kept.emplace_back(*number, std::move(value));
  }
  variables_ = std::move(kept);
}

bool holds(const CompiledCondition& condition, const Context* context) {
  const ContextValue* value = context == nullptr ? nullptr : context->find(condition.variable);
  const Condition& wanted = *condition.condition;
  switch (wanted.kind) {
    case Condition::Kind::kAbsent:
      return value == nullptr;
    case Condition::Kind::kEquals:
      return value != nullptr && *value == wanted.equals;
    case Condition::Kind::kRange:
      return holds(wanted, context == nullptr ? 0 : context->number(condition.variable));
  }
  return false;
}

bool holds(const Condition& condition, double number) {
  switch (condition.kind) {
    case Condition::Kind::kAbsent:
      return false;
    case Condition::Kind::kEquals:
      return condition.equals == ContextValue(number);
    case Condition::Kind::kRange:
      return (!condition.min || number >= *condition.min) &&
             (!condition.max || number <= *condition.max);
  }
  return false;
}

bool holds(const Condition& condition, std::optional<std::string_view> field) {
  if (condition.kind == Condition::Kind::kAbsent) return !field;
  if (!field) return false;
  if (const auto* text = std::get_if<std::string>(&condition.equals);
      text != nullptr && condition.kind == Condition::Kind::kEquals) {
    return *field == *text;
  }
  const auto number = parse_number(*field);
  return number && holds(condition, *number);
}

ContextTable::ContextTable(std::size_t contexts_max, std::chrono::seconds ttl)
    : contexts_max_(contexts_max), ttl_(ttl) {}

Context* ContextTable::find(std::string_view key, Timestamp now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const Slots::iterator slot = found->second;
  if (slot->used + ttl_ < now) {
    ++expired_;
    erase(slot);
    return nullptr;
  }
  slot->used = now;
  slots_.splice(slots_.end(), slots_, slot);
  return &slot->context;
}

Context& ContextTable::make(std::string_view key, Timestamp now) {
  if (Context* known = find(key, now)) return *known;
  expire(now);
  if (slots_.size() >= contexts_max_) {
    ++evicted_;
    erase(slots_.begin());
  }
  slots_.push_back({std::string(key), now, {}});
  by_key_.emplace(slots_.back().key, std::prev(slots_.end()));
  return slots_.back().context;
}

void ContextTable::end(std::string_view key) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) erase(found->second);
}

void ContextTable::adopt(ContextTable&& other) {
  slots_ = std::move(other.slots_);
  by_key_ = std::move(other.by_key_);
  other.slots_.clear();
  other.by_key_.clear();
  for (; slots_.size() > contexts_max_; ++evicted_) erase(slots_.begin());
}

void ContextTable::adopt(ContextTable&& other,
                         const std::function<std::string(std::string_view, Context&)>& rename) {
  adopt(std::move(other));
  by_key_.clear();  // The keys are about to change.
  for (auto slot = slots_.begin(); slot != slots_.end();) {
    slot->key = rename(slot->key, slot->context);
    if (slot->key.empty()) {
      slot = slots_.erase(slot);
    } else {
      by_key_.emplace(slot->key, slot);
      ++slot;
    }
  }
}

void ContextTable::erase(Slots::iterator slot) {
  by_key_.erase(slot->key);
  slots_.erase(slot);
}

void ContextTable::expire(Timestamp now) {
  while (!slots_.empty() && slots_.front().used + ttl_ < now) {
    ++expired_;
    erase(slots_.begin());
  }
}

}  // namespace sluice

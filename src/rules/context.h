#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/string_map.h"
#include "rules/compiled_rules.h"
#include "sluice/base/time.h"
#include "sluice/rules/definition.h"

namespace sluice {

// The variables of one (pack, host, APP-NAME, PROCID). A handful, so that a scan beats a map.
class Context {
 public:
  [[nodiscard]] const ContextValue* find(VariableId variable) const;
  // A variable that is not set, or holds a text, is 0.
  [[nodiscard]] double number(VariableId variable) const;
  void set(VariableId variable, ContextValue value);
  void add(VariableId variable, double amount);
  [[nodiscard]] const std::vector<std::pair<VariableId, ContextValue>>& variables() const {
    return variables_;
  }
  // Gives every variable the number that `numbers` has for it; those that it has none for are
  // forgotten.
  void renumber(std::span<const std::optional<VariableId>> numbers);

 private:
  std::vector<std::pair<VariableId, ContextValue>> variables_;
};

// True if the condition holds in `context`; null is the empty context.
[[nodiscard]] bool holds(const CompiledCondition& condition, const Context* context);

// The same for a number that is no variable.
[[nodiscard]] bool holds(const Condition& condition, double number);
// The same of a field, which may not be set. A range holds for numbers only.
[[nodiscard]] bool holds(const Condition& condition, std::optional<std::string_view> field);

// All contexts of one worker, bounded in number (the one used longest ago makes room) and in age.
class ContextTable {
 public:
  ContextTable(std::size_t contexts_max, std::chrono::seconds ttl);

  // Null when there is none. The pointer is valid until the next make(), end() or expire().
  [[nodiscard]] Context* find(std::string_view key, Timestamp now);
  // Finds or makes. `key` is copied when it is new.
  [[nodiscard]] Context& make(std::string_view key, Timestamp now);
  void end(std::string_view key);
  // Takes what `other` has in place of its own.
  void adopt(ContextTable&& other);
  // The same under the keys that `rename` makes of theirs; an empty one lets the context go.
  // `rename` may change the context, too.
  void adopt(ContextTable&& other,
             const std::function<std::string(std::string_view, Context&)>& rename);

  [[nodiscard]] std::size_t size() const noexcept { return by_key_.size(); }
  [[nodiscard]] std::uint64_t evicted() const noexcept { return evicted_; }
  [[nodiscard]] std::uint64_t expired() const noexcept { return expired_; }

 private:
  struct Slot {
    std::string key;
    Timestamp used;
    Context context;
  };
  using Slots = std::list<Slot>;  // The one used longest ago first; nodes never move.

  void erase(Slots::iterator slot);
  void expire(Timestamp now);

  std::size_t contexts_max_;
  std::chrono::seconds ttl_;
  Slots slots_;
  StringViewMap<Slots::iterator> by_key_;  // Keys live in the slots.
  std::uint64_t evicted_ = 0;
  std::uint64_t expired_ = 0;
};

}  // namespace sluice

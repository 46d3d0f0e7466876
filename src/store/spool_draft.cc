#include "store/spool_draft.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/string_map.h"
#include "sluice/graphite/plaintext.h"
#include "store/stable_hash.h"

namespace sluice {

void SpoolDraft::add(const Datapoint& datapoint, std::uint64_t version) {
  const LinesInfo info{.window = datapoint.time, .scope = datapoint.scope, .version = version};
  LinesDraft& draft =
      draft_for(stable_hash(datapoint.path), info, datapoint.path.size() + kLineTailBytes);
  append_line(draft.lines, datapoint.path, datapoint.value, datapoint.time);
  ++draft.info.count;
}

void SpoolDraft::add_line(std::string_view line, const LinesInfo& info) {
  LinesDraft& draft = draft_for(stable_hash(path_of(line)), info, line.size());
  draft.lines += line;
  ++draft.info.count;
}

LinesDraft& SpoolDraft::draft_for(std::uint64_t hash, const LinesInfo& info,
                                  std::size_t bytes_more) {
  const auto group = series_.place(hash, info.scope);
  LinesDraft& draft = open_row(group.value_or(0), info, bytes_more);
  if (group) return draft;
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;  // Spreads windows and versions.
  const auto window = static_cast<std::uint64_t>(info.window.time_since_epoch().count());
  if (!seen_.insert(hash + window * kOdd + info.version).second) suspects_.insert(last_index_);
  return draft;
}

std::uint64_t SpoolDraft::finish() {
  std::uint64_t removed = 0;
  for (const std::size_t index : suspects_) {
    LinesDraft& draft = waiting_[index];
    StringViewMap<std::string_view> last;
    for (std::string_view rest = draft.lines; !rest.empty();) {
      const std::string_view line = next_line(rest);
      last[path_of(line)] = line;
    }
    if (last.size() == draft.info.count) continue;
    std::string lines;
    for (std::string_view rest = draft.lines; !rest.empty();) {
      const std::string_view line = next_line(rest);
      if (last[path_of(line)].data() == line.data()) lines += line;
    }
    removed += draft.info.count - last.size();
    draft.info.count = static_cast<std::uint32_t>(last.size());
    draft.lines = std::move(lines);
  }
  return removed;
}

LinesDraft& SpoolDraft::open_row(std::int64_t group, const LinesInfo& info,
                                 std::size_t bytes_more) {
  const Key key{group, info.window.time_since_epoch().count(), info.version, info.scope};
  if (key != last_key_) {
    const auto [found, is_new] = open_.try_emplace(key, 0);
    if (is_new) {
      start(group, info);
      found->second = (group == 0 ? waiting_.size() : held_.size()) - 1;
    }
    last_key_ = key;
    last_index_ = found->second;
  }
  LinesDraft& draft = group == 0 ? waiting_[last_index_] : held_[last_index_].draft;
  if (draft.info.count < kBatchDatapointsMax && draft.lines.size() + bytes_more <= kBatchBytesMax)
    return draft;
  LinesDraft& next = start(group, info);
  last_index_ = open_[key] = (group == 0 ? waiting_.size() : held_.size()) - 1;
  return next;
}

LinesDraft& SpoolDraft::start(std::int64_t group, const LinesInfo& info) {
  // Rows that are full are mostly followed by others.
  const std::size_t room = waiting_.empty() ? 0 : waiting_.back().lines.size();
  LinesDraft& draft =
      group == 0 ? waiting_.emplace_back() : held_.emplace_back(Held{.group = group}).draft;
  if (group == 0) draft.lines.reserve(room);
  draft.info = {.window = info.window, .scope = info.scope, .version = info.version};
  return draft;
}

Expected<void> SpoolDraft::store(SpoolTables& tables) {
  // What was learned is asked for once, and written again if the first transaction failed.
  std::ranges::move(series_.unsaved_groups(), std::back_inserter(groups_));
  std::ranges::move(series_.unsaved_known(), std::back_inserter(known_));
  for (LinesDraft& draft : waiting_) {
    draft.info.id = 0;
    draft.info.bytes = draft.lines.size();
    const auto id = tables.insert(draft.info, draft.lines);
    if (!id) return std::unexpected(id.error());
    draft.info.id = *id;
  }
  for (Held& held : held_) {
    held.draft.info.bytes = held.draft.lines.size();
    if (auto done = tables.hold(held.group, held.draft.info, held.draft.lines); !done) return done;
  }
  for (const SeriesGroup& group : groups_) {
    if (auto done = tables.save_group(group); !done) return done;
  }
  return tables.add_known(known_);
}

}  // namespace sluice

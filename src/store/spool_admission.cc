// How new series leave a spool: in turn, a few at a time, and before all else when their turn has
// come, so that they reach carbon as evenly as they were let through.
#include <algorithm>
#include <iterator>
#include <utility>

#include "store/spool.h"

namespace sluice {
namespace {

// Without a limit on new series, a take need not move all of them that an earlier limit held back.
constexpr int kGroupsMax = 256;

}  // namespace

// Gives the rows that must leave first: of each group the newest window.
std::vector<LinesInfo> Spool::admit(Timestamp now) {
  // While a destination is away the bucket fills up again and again; what was let through would go
  // out at once when it is back. So after a failure nothing is let through until a batch arrives.
  std::vector<LinesInfo> leading;
  if (!may_admit_ && !is_empty()) return leading;
  for (int i = 0; i < kGroupsMax; ++i) {
    const auto group = series_.due(now);
    if (!group || !admit_group(*group, now, leading)) break;
  }
  if (options_.new_series_per_minute == 0) leading.clear();
  return leading;
}

bool Spool::admit_group(std::int64_t group, Timestamp now, std::vector<LinesInfo>& leading) {
  std::vector<LinesDraft> held;
  CoalescedGroup result;
  std::uint64_t too_old = 0;
  const bool is_done = run([&]() -> Expected<void> {
    auto rows = tables_.held_by(group);
    if (!rows) return std::unexpected(rows.error());
    held = *rows;
    too_old = 0;
    std::erase_if(*rows, [&](const LinesDraft& row) {
      if (!is_too_old(row.info.window, now)) return false;
      too_old += row.info.count;
      return true;
    });
    result = coalesce_group(*rows);
    for (LinesDraft& draft : result.drafts) {
      const auto id = tables_.insert(draft.info, draft.lines);
      if (!id) return std::unexpected(id.error());
      draft.info.id = *id;
    }
    return save_admission(group, result.hashes);
  });
  if (!is_done) return false;
  for (const LinesDraft& row : held) index_.unhold(row.info);
  for (const LinesDraft& draft : result.drafts) index_.add(draft.info, true);
  series_.admit(group, result.hashes);
  stats_.series_admitted += result.hashes.size();
  stats_.superseded += result.superseded;
  stats_.dropped_damaged += result.damaged;
  stats_.dropped_old += too_old;
  if (result.drafts.empty()) return true;
  const Seconds newest = result.drafts.back().info.window;
  for (const LinesDraft& draft : result.drafts) {
    if (draft.info.window == newest) leading.push_back(draft.info);
  }
  return true;
}

Expected<void> Spool::save_admission(std::int64_t group, std::span<const std::uint64_t> hashes) {
  TokenBucket bucket = series_.bucket();
  bucket.spend(hashes.size());
  auto done = tables_.remove_held_by(group);
  if (done) done = tables_.remove_group(group);
  if (done) done = tables_.add_known(hashes);
  if (done) done = tables_.save(Number::kTokenMillionths, bucket.millionths());
  if (done) done = tables_.save(Number::kTokensAt, bucket.refilled_at().time_since_epoch().count());
  return done;
}

}  // namespace sluice

#include "store/coalesce.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/string_map.h"
#include "store/stable_hash.h"

namespace sluice {
namespace {

// 128 bits, so that two paths are never taken for one; with a seed that nobody knows, so that
// nobody can make two that are.
struct PathKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  friend bool operator==(const PathKey&, const PathKey&) = default;
};

struct PathKeyHash {
  std::size_t operator()(const PathKey& key) const noexcept { return key.first; }
};

// Where the newest line of a path stands.
struct Newest {
  std::uint64_t version = 0;
  std::uint32_t row = 0;
  std::uint32_t line = 0;

  [[nodiscard]] auto order() const noexcept { return std::tuple(version, row, line); }
};

class Coalescer {
 public:
  Coalescer(SpoolTables& tables, std::span<const LinesInfo> rows)
      : tables_(tables), rows_(rows), lost_(rows.size()) {
    std::random_device random;
    for (std::uint64_t& seed : seeds_) seed = (std::uint64_t{random()} << 32) | random();
  }

  Expected<Coalesced> run() {
    std::uint64_t total = 0;
    for (const LinesInfo& row : rows_) total = std::max<std::uint64_t>(total, row.count);
    newest_.reserve(total);
    for (std::uint32_t i = 0; i < rows_.size(); ++i) {
      if (auto done = find_newest(i); !done) return std::unexpected(done.error());
    }
    for (std::uint32_t i = 0; i < rows_.size(); ++i) {
      if (lost_[i] == 0) continue;
      if (auto done = rewrite(i); !done) return std::unexpected(done.error());
    }
    return std::move(result_);
  }

 private:
  PathKey key_of(std::string_view line) const {
    const std::string_view path = path_of(line);
    return {stable_hash(path, seeds_[0]), stable_hash(path, seeds_[1])};
  }

  Expected<void> find_newest(std::uint32_t row) {
    const auto lines = tables_.read_lines(rows_[row]);
    if (!lines) return std::unexpected(lines.error());
    if (!*lines) return give_up(row);
    std::string_view rest = **lines;
    for (std::uint32_t i = 0; !rest.empty(); ++i) {
      const Newest candidate{rows_[row].version, row, i};
      const auto [found, is_first] = newest_.try_emplace(key_of(next_line(rest)), candidate);
      if (is_first) continue;
      const bool is_newer = found->second.order() < candidate.order();
      const std::uint32_t loser = is_newer ? found->second.row : row;
      if (is_newer) found->second = candidate;
      ++lost_[loser];
      if (!rows_[loser].is_replay) ++result_.superseded;
    }
    return {};
  }

  Expected<void> give_up(std::uint32_t row) {
    if (!rows_[row].is_replay) result_.damaged += rows_[row].count;
    result_.changes.push_back({rows_[row], std::nullopt});
    return tables_.remove(rows_[row].id);
  }

  Expected<void> rewrite(std::uint32_t row) {
    const LinesInfo& before = rows_[row];
    result_.changes.push_back({before, std::nullopt});
    if (lost_[row] == before.count) return tables_.remove(before.id);
    const auto lines = tables_.read_lines(before);
    if (!lines) return std::unexpected(lines.error());
    if (!*lines) return fail("a row changed while it was read");
    std::string kept;
    std::string_view rest = **lines;
    for (std::uint32_t i = 0; !rest.empty(); ++i) {
      const std::string_view line = next_line(rest);
      const Newest& newest = newest_.at(key_of(line));
      if (newest.row == row && newest.line == i) kept += line;
    }
    LinesInfo after = before;
    after.count -= lost_[row];
    after.bytes = kept.size();
    result_.changes.back().after = after;
    return tables_.replace_lines(after, kept);
  }

  SpoolTables& tables_;
  std::span<const LinesInfo> rows_;
  std::uint64_t seeds_[2] = {};
  absl::flat_hash_map<PathKey, Newest, PathKeyHash> newest_;
  std::vector<std::uint32_t> lost_;  // Lines, by row.
  Coalesced result_;
};

}  // namespace

Expected<Coalesced> coalesce(SpoolTables& tables, std::span<const LinesInfo> rows) {
  return Coalescer(tables, rows).run();
}

CoalescedGroup coalesce_group(std::span<const LinesDraft> rows) {
  struct Line {
    std::string_view text;
    const LinesInfo* info = nullptr;
  };
  CoalescedGroup result;
  // By window and path; rows come in order of their ids.
  std::map<std::pair<Seconds, std::string_view>, Line> newest;
  for (const LinesDraft& row : rows) {
    if (row.lines.empty()) result.damaged += row.info.count;
    for (std::string_view rest = row.lines; !rest.empty();) {
      const std::string_view text = next_line(rest);
      Line& line = newest[{row.info.window, path_of(text)}];
      if (line.info != nullptr) ++result.superseded;
      if (line.info == nullptr || line.info->version <= row.info.version) line = {text, &row.info};
    }
  }
  absl::flat_hash_set<std::uint64_t> hashes;
  for (const auto& [key, line] : newest) {
    hashes.insert(stable_hash(key.second));
    const bool fits = !result.drafts.empty() && result.drafts.back().info.window == key.first &&
                      result.drafts.back().lines.size() + line.text.size() <= kBatchBytesMax;
    if (!fits) result.drafts.push_back({.info = {.window = key.first, .scope = line.info->scope}});
    LinesDraft& draft = result.drafts.back();
    draft.lines += line.text;
    draft.info.bytes = draft.lines.size();
    draft.info.version = std::max(draft.info.version, line.info->version);
    ++draft.info.count;
  }
  result.hashes.assign(hashes.begin(), hashes.end());
  return result;
}

}  // namespace sluice

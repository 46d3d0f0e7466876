// The names of the history's series: written as they come, and read at the start.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/values/byte_encoding.h"
#include "store/history_form.h"

namespace sluice {
namespace {

// Of one row.
constexpr std::size_t kNamesMax = 10'000;
// How many names may stand in the file beside those that count before it is tidied up.
constexpr std::size_t kStaleMax = 64;

// A name is told by how many octets it shares with the one before in its row: those of a host begin
// alike. One that is gone is empty.
void put_name(ByteWriter& row, SeriesPlace place, std::string_view before, std::string_view name) {
  const auto [end, _] = std::ranges::mismatch(before, name);
  const auto shared = static_cast<std::size_t>(end - before.begin());
  row.put_varint(std::uint64_t{place.number} << 1 | place.tier);
  row.put_varint(shared);
  row.put_text(name.substr(shared));
}

}  // namespace

// A row of a new fleet's first window holds thousands of them: a row for each took most of the time
// that the window took.
Expected<void> History::write_names(std::span<const SeriesPlace> places, bool are_gone) {
  while (!places.empty()) {
    const auto of_row = places.first(std::min(places.size(), kNamesMax));
    places = places.subspan(of_row.size());
    ByteWriter row;
    std::string_view before;
    for (const SeriesPlace place : of_row) {
      const std::string_view name = are_gone ? std::string_view() : series_at(place).path;
      put_name(row, place, before, name);
      before = name;
    }
    if (auto done = statements_.write_names.bind_blob(1, row.view()).run(); !done) return done;
    names_in_file_ += of_row.size();
  }
  return {};
}

Expected<void> History::unname(std::span<const SeriesPlace> silent) {
  const std::size_t left = index_.size() - silent.size();
  if (names_in_file_ + silent.size() > 2 * left + kStaleMax) return rewrite_names(silent);
  return write_names(silent, true);
}

// All but those: `without` is in order.
Expected<void> History::rewrite_names(std::span<const SeriesPlace> without) {
  if (auto done = database_->execute("DELETE FROM names"); !done) return done;
  std::vector<SeriesPlace> places;
  for (std::uint32_t tier = 0; tier < kTiers; ++tier) {
    for (std::uint32_t number = 0; number < tiers_[tier].series.size(); ++number) {
      const SeriesPlace place{tier, number};
      if (!series_at(place).path.empty() && !std::ranges::binary_search(without, place))
        places.push_back(place);
    }
  }
  names_in_file_ = 0;
  return write_names(places, false);
}

Expected<void> History::load_names() {
  names_in_file_ = 0;
  auto rows = database_->prepare("SELECT bytes FROM names ORDER BY id");
  if (!rows) return std::unexpected(std::move(rows).error());
  while (true) {
    const auto more = rows->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
    ByteReader row(rows->column_blob(0));
    std::string name;
    while (!row.is_at_end()) {
      const std::uint64_t key = row.take_varint();
      const std::uint64_t shared = row.take_varint();
      const std::string_view rest = row.take_text();
      if (!row.is_ok() || shared > name.size()) return damaged();
      name.resize(shared);
      name += rest;
      if (!learn_name(key & 1, key >> 1, name)) return damaged();
      ++names_in_file_;
    }
  }
}

// False: nothing can be there.
bool History::learn_name(std::uint64_t tier, std::uint64_t number, std::string_view name) {
  if (tier >= kTiers || number > 4 * options_.series_max + 1'000'000) return false;
  auto& series = tiers_[tier].series;
  if (series.size() <= number) series.resize(number + 1);
  series[number].path = name;
  return true;
}

}  // namespace sluice

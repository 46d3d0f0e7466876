#include "syslog/time_zone_name.h"

#include <array>
#include <cstdint>

namespace sluice::detail {
namespace {

struct ZoneName {
  std::string_view name;
  std::int16_t offset_minutes;
  bool is_sure = true;
};

constexpr std::array<ZoneName, 30> kZoneNames{{
    {"UTC", 0},    {"GMT", 0},    {"UT", 0},         {"utc", 0},        {"gmt", 0},
    {"Z", 0},      {"CET", 60},   {"CEST", 120},     {"MET", 60},       {"MEST", 120},
    {"WET", 0},    {"WEST", 60},  {"EET", 120},      {"EEST", 180},     {"MSK", 180},
    {"JST", 540},  {"NZST", 720}, {"NZDT", 780},     {"AEST", 600},     {"AEDT", 660},
    {"EST", -300}, {"EDT", -240}, {"CDT", -300},     {"MST", -420},     {"MDT", -360},
    {"PST", -480}, {"PDT", -420}, {"CST", 0, false}, {"IST", 0, false}, {"BST", 0, false},
}};

}  // namespace

bool take_zone_name(std::string_view& rest, Stamp& stamp) noexcept {
  const std::string_view word = rest.substr(0, rest.find_first_of(" :"));
  if (word.empty() || word.size() > 4) return false;
  for (const ZoneName& zone : kZoneNames) {
    if (zone.name != word) continue;
    stamp.has_offset = zone.is_sure;
    stamp.offset_minutes = zone.offset_minutes;
    rest.remove_prefix(word.size());
    return true;
  }
  return false;
}

}  // namespace sluice::detail

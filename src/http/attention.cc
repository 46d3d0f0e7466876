#include "http/attention.h"

#include <nlohmann/json.hpp>

#include "http/json_text.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

Json as_json(const Attention::Missing& missing) {
  Json hosts = Json::array();
  for (const MissingHost& one : missing.hosts) {
    hosts.push_back({{"host", one.host},
                     {"last_sign", one.last_sign ? Json(time_text(*one.last_sign)) : Json()}});
  }
  return {{"presence", missing.presence},
          {"every_seconds", missing.every.count()},
          {"hosts", std::move(hosts)}};
}

Json as_json(const std::vector<Offender>& offenders) {
  Json list = Json::array();
  for (const Offender& one : offenders)
    list.push_back({{"name", one.name}, {"samples", one.samples}});
  return list;
}

Json as_json(const Offenders& offenders) {
  return {{"rules", as_json(offenders.rules)}, {"hosts", as_json(offenders.hosts)}};
}

}  // namespace

std::string render_attention(const Attention& attention) {
  Json missing = Json::array();
  for (const Attention::Missing& one : attention.missing) missing.push_back(as_json(one));
  return dump({{"time", time_text(attention.taken)},
               {"missing", std::move(missing)},
               {"unmapped", attention.unmapped},
               {"too_late", as_json(attention.too_late)},
               {"series_refused", as_json(attention.refused)},
               {"path_collision", as_json(attention.collided)}});
}

}  // namespace sluice

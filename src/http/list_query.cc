#include "http/list_query.h"

namespace sluice {

std::string_view ListQuery::filter(std::string_view name) const {
  const auto found = filters.find(name);
  return found == filters.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace sluice

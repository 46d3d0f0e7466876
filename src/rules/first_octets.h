#pragma once

#include <bitset>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

using OctetSet = std::bitset<256>;

// Works out what a text that a pattern matches may begin with: of fifty patterns hardly one can
// match a text of a given first octet. Errs on the side of allowing more.
class FirstOctets {
 public:
  // For a text that is not empty. All octets unless the pattern is anchored.
  [[nodiscard]] OctetSet of(std::string_view pattern);

 private:
  struct First {
    OctetSet octets;
    bool may_be_empty = false;  // Then what follows may begin the text, too.
  };

  // Nothing when the pattern's shape leaves a doubt.
  std::optional<First> of_alternatives(std::string_view text);
  std::optional<First> of_sequence(std::string_view text);
  std::optional<First> of_item(std::string_view item);
  const OctetSet& of_class(std::string_view item);

  std::map<std::string, OctetSet, std::less<>> classes_;  // Those seen before.
};

}  // namespace sluice

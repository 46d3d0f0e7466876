#pragma once

#include <string>
#include <string_view>

#include "sluice/base/error.h"
#include "sluice/values/delta.h"

namespace sluice {

// A Delta as bytes, for the journal: to the last bit, so that merging the decoded one gives what
// merging the original gave. Beside the names, which stand in it once, a series with one sample
// takes 8 to 20 bytes.
[[nodiscard]] std::string encode_delta(const Delta& delta);

// Fails when `bytes` are no delta, or one of another version of the form, and says which; then they
// are of no use. Never takes more memory than about 100 times the bytes.
[[nodiscard]] Expected<Delta> decode_delta(std::string_view bytes);

}  // namespace sluice

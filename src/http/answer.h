#pragma once

#include <httplib.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

inline constexpr const char* kJsonType = "application/json";
inline constexpr const char* kProblemType = "application/problem+json";

// The reason phrase of a status that the server gives.
[[nodiscard]] std::string_view title_of(int status) noexcept;

// An error as problem JSON, with the status' own title.
void answer_problem(httplib::Response& response, int status, std::string_view detail);

// The same as a whole HTTP/1.1 answer that ends the connection, for what never became a request.
[[nodiscard]] std::string whole_problem(int status, std::string_view detail);

// On every answer: nothing is kept, sniffed, framed or told to others, and a page may load from
// here alone.
[[nodiscard]] const std::vector<std::pair<std::string, std::string>>& answer_headers();

}  // namespace sluice

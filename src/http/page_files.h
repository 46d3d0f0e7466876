#pragma once

#include <span>
#include <string_view>

namespace sluice {

// A file of src/http/page, in the binary. "index.html" is served at "/", every other NAME at
// "/NAME"; folders stay.
struct PageFile {
  std::string_view path;  // As in the URL: "/", "/page.js".
  std::string_view content_type;
  std::string_view bytes;
  std::string_view etag;  // In quotes; changes with the bytes.
};

// Made by cmake/page.cmake from src/http/page at build time.
[[nodiscard]] std::span<const PageFile> page_files() noexcept;

}  // namespace sluice

#include "http/access.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/ascii_case.h"
#include "config/names.h"

namespace sluice {
namespace {

constexpr std::size_t kTokenBytesMin = 16;
constexpr std::size_t kTokenBytesMax = 1024;
constexpr std::string_view kScheme = "bearer ";

// As names are compared: without the dot at the end that makes a name absolute.
std::string canonical(std::string_view name) {
  if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
  return lower_case(name);
}

// The host of "name:port" or "[address]:port".
std::string_view host_of(std::string_view header) {
  if (header.starts_with('[')) {
    header.remove_prefix(1);
    return header.substr(0, header.find(']'));
  }
  return header.substr(0, header.find(':'));
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; });
}

}  // namespace

HostNamesServed::HostNamesServed(std::vector<std::string> names) {
  for (const char* const name : {"localhost", "127.0.0.1", "::1"}) names_.emplace_back(name);
  for (const std::string& name : names) {
    if (!name.empty()) names_.push_back(canonical(name));
  }
}

bool HostNamesServed::is_served(std::string_view header, std::string_view local) const {
  const std::string host = canonical(host_of(header));
  if (host.empty()) return false;
  constexpr std::string_view kMapped = "::ffff:";  // IPv4 over an IPv6 socket.
  if (local.starts_with(kMapped)) local.remove_prefix(kMapped.size());
  return host == local || std::ranges::find(names_, host) != names_.end();
}

Expected<TokenFile> read_token_file(const std::string& path) {
  struct stat about{};
  std::ifstream file(path);
  if (!file.is_open() || stat(path.c_str(), &about) != 0)
    return at(path, Error{{}, "the token cannot be read; look at the file's owner and mode"});
  TokenFile read;
  std::getline(file, read.token);
  while (!read.token.empty() && (read.token.back() == '\r' || read.token.back() == ' '))
    read.token.pop_back();
  if (read.token.size() < kTokenBytesMin || read.token.size() > kTokenBytesMax ||
      !is_printable(read.token)) {
    return at(path, Error{{},
                          fmt::format("expected a line of {} to {} printable characters; make one "
                                      "with: openssl rand -hex 32",
                                      kTokenBytesMin, kTokenBytesMax)});
  }
  if ((about.st_mode & (S_IRGRP | S_IROTH | S_IWGRP | S_IWOTH)) != 0) {
    read.warning = fmt::format(
        "{}: others than its owner may read or write this token (mode {:04o}); chmod 0600 it and "
        "put a new token in",
        path, about.st_mode & 07777);
  }
  return read;
}

bool is_authorized(std::string_view header, std::string_view token) {
  if (!is_same_word(header.substr(0, kScheme.size()), kScheme)) return false;
  header.remove_prefix(kScheme.size());
  std::size_t differences = header.size() ^ token.size();
  for (std::size_t i = 0; i < header.size(); ++i) {
    differences |=
        static_cast<unsigned char>(header[i]) ^ static_cast<unsigned char>(token[i % token.size()]);
  }
  return differences == 0;
}

}  // namespace sluice

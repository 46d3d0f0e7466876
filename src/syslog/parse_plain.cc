#include "syslog/parse_plain.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "base/octet_words.h"
#include "syslog/octet_run.h"
#include "syslog/parse_timestamp.h"
#include "syslog/scan.h"
#include "syslog/text.h"

namespace sluice::detail {
namespace {

// Zone names and "Z", which may stand before the HOSTNAME, are no longer.
constexpr std::size_t kZoneNameMax = 4;

std::string_view between(const char* begin, const char* end) noexcept {
  return {begin, static_cast<std::size_t>(end - begin)};
}

// A HOSTNAME that the thorough parser takes as it is: neither a year nor a zone of the stamp.
bool is_plain_host(std::string_view host) noexcept {
  return host.size() > kZoneNameMax && host.front() != '-' &&
         host != "Message";  // "Message forwarded from" another host.
}

// Makes `last_stamp` what the timestamp that `octets` begin with means, by `read` unless it is the
// one that `last` holds.
template <std::size_t kOctets, typename Read>
bool read_stamp(const char* octets, std::array<char, kOctets>& last, Stamp& last_stamp,
                Read read) noexcept {
  if (last_stamp.present && are_same_octets(octets, last.data(), kOctets)) return true;
  Stamp fresh;
  if (!read(octets, fresh)) return false;
  std::copy_n(octets, kOctets, last.begin());
  last_stamp = fresh;
  return true;
}

struct PlainTag {
  std::string_view name;
  std::string_view procid;
};

// Takes "NAME[PID]: " or "NAME: " off `at`.
bool take_plain_tag(const char*& at, const char* end, PlainTag& tag) noexcept {
  if (at == end || !is_letter(*at)) return false;
  const char* const name_end = skip_until<'[', ':', ' '>(at, end);
  tag.name = between(at, name_end);
  const char* colon = name_end;
  if (name_end != end && *name_end == '[') {
    colon = skip_digits(name_end + 1, end);
    if (colon == end || *colon != ']') return false;
    tag.procid = between(name_end + 1, colon);
    ++colon;
  }
  if (end - colon < 2 || colon[0] != ':' || colon[1] != ' ') return false;
  at = colon + 2;
  return true;
}

// HOSTNAME, APP-NAME, PROCID and MSGID; a NILVALUE is empty.
using Words = std::array<std::string_view, 4>;

std::string_view without_nilvalue(std::string_view word) noexcept {
  return word == "-" ? std::string_view() : word;
}

// Takes four words, each with the SP in front of it, off `at`.
bool take_words(const char*& at, const char* end, Words& words) noexcept {
  constexpr std::size_t kOctetsMax = 255;  // As RFC 5424 section 6 allows a HOSTNAME.
  for (std::string_view& word : words) {
    if (at == end || *at != ' ') return false;
    const char* const begin = at + 1;
    at = skip_until<' '>(begin, end);
    const std::string_view found = between(begin, at);
    if (found.empty() || found.size() > kOctetsMax) return false;
    word = without_nilvalue(found);
  }
  return true;
}

// The same where all of them end within a glance, as they do in most headers, for a third of the
// instructions. False, leaving `at` alone, for any other.
bool take_words_at_a_glance(const char*& at, const char* end, Words& words) noexcept {
  if (end - at <= kGlance || *at != ' ') return false;
  const char* const first = at + 1;
  const char* begin = first;
  std::uint64_t spaces = stops_at_a_glance<' '>(first);
  for (std::string_view& word : words) {
    if (spaces == 0) return false;
    const char* const word_end = first + std::countr_zero(spaces);
    spaces &= spaces - 1;
    if (word_end == begin) return false;
    word = without_nilvalue(between(begin, word_end));
    begin = word_end + 1;
  }
  at = begin - 1;
  return true;
}

}  // namespace

bool parse_plain_rfc3164(std::string_view rest, StampMemo& memo, Record& record) noexcept {
  constexpr std::size_t kHostAt = kBsdStampOctets + 1;
  if (rest.size() <= kHostAt || rest[kBsdStampOctets] != ' ' ||
      !read_stamp(rest.data(), memo.bsd, memo.bsd_stamp, read_bsd_stamp)) {
    return false;
  }
  const char* const end = rest.data() + rest.size();
  const char* at = rest.data() + kHostAt;
  const char* const host_end = skip_host(at, end);
  const std::string_view host = between(at, host_end);
  if (host_end == end || *host_end != ' ' || !is_plain_host(host)) return false;
  at = host_end + 1;
  PlainTag tag;
  if (!take_plain_tag(at, end, tag)) return false;
  const std::string_view text = between(at, end);
  if (text.empty() || text.starts_with("[ID ")) return false;  // Solaris' MSGID.
  record.stamp = memo.bsd_stamp;
  record.hostname = host;
  record.app_name = tag.name;
  record.procid = tag.procid;
  set_text(text, record);
  return true;
}

bool parse_plain_rfc5424(std::string_view rest, StampMemo& memo, Record& record) noexcept {
  if (!rest.starts_with("1 ")) return false;
  rest.remove_prefix(2);
  if (rest.size() <= kIsoSecondOctets ||
      !read_stamp(rest.data(), memo.iso, memo.iso_stamp, read_iso_second)) {
    return false;
  }
  Stamp stamp = memo.iso_stamp;
  const char* const end = rest.data() + rest.size();
  const char* at = rest.data() + kIsoSecondOctets;
  if (!take_plain_iso_end(at, end, memo.iso_offset, stamp)) return false;
  Words words;
  if (!take_words_at_a_glance(at, end, words) && !take_words(at, end, words)) return false;
  if (end - at < 4 || at[1] != '-' || at[2] != ' ') return false;
  record.stamp = stamp;
  record.hostname = words[0];
  record.app_name = words[1];
  record.procid = words[2];
  record.msgid = words[3];
  set_text(between(at + 3, end), record);
  return true;
}

}  // namespace sluice::detail

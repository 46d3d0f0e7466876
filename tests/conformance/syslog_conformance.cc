// Runs a file of conformance vectors (one JSON object a line: input, framing, expected fields)
// against the framer and the parser: each stream whole, octet by octet, and cut in two at every
// place. The answers must be the same for every cut, no octet may get lost, and the fields that a
// vector asserts must be told right.
//
//   syslog_conformance FILE [--allow ALLOWFILE]
//
// ALLOWFILE has one "ID reason" a line for vectors on which the peers contradict each other or our
// decisions. Exit code 0: nothing failed that is not allowed, and nothing allowed passes.

#include <absl/time/time.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/syslog/framer.h"
#include "sluice/syslog/parser.h"
#include "sluice/syslog/stamp_time.h"
#include "sluice/values/structured_data.h"

namespace sluice {
namespace {

using nlohmann::json;

constexpr std::string_view kBom = "\xEF\xBB\xBF";

std::string decode_base64(std::string_view text) {
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t value = kDigits.find(c);
    if (value == std::string_view::npos) break;
    bits = (bits << 6 | static_cast<unsigned>(value)) & 0xFFFFFF;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xFF));
  }
  return out;
}

// As the vectors ask: texts are compared without one trailing LF, CR LF or NUL.
std::string_view without_trailer(std::string_view text) {
  if (text.ends_with("\r\n")) return text.substr(0, text.size() - 2);
  if (text.ends_with('\n') || text.ends_with('\0')) return text.substr(0, text.size() - 1);
  return text;
}

// --- Streams -------------------------------------------------------------------------------------

struct Cut {
  std::string bytes;
  bool truncated = false;
  bool incomplete = false;
  friend bool operator==(const Cut&, const Cut&) = default;
};

struct Cuts {
  std::vector<Cut> frames;
  FrameStatus status = FrameStatus::kNeedMore;
  std::uint64_t dropped = 0;
  friend bool operator==(const Cuts&, const Cuts&) = default;
};

void take_frames(Framer& framer, Cuts& cuts) {
  Frame frame;
  while ((cuts.status = framer.next(frame)) == FrameStatus::kFrame) {
    cuts.frames.push_back({std::string(frame.bytes), frame.truncated, frame.incomplete});
  }
}

Cuts cut_stream(const FramerOptions& options, const std::vector<std::string_view>& reads) {
  Framer framer(options);
  Cuts cuts;
  for (const std::string_view read : reads) {
    const std::string own(read);  // A copy, so that a sanitizer sees every step beyond its end.
    framer.feed(own);
    take_frames(framer, cuts);
  }
  framer.finish();
  take_frames(framer, cuts);
  cuts.dropped = framer.dropped_octets();
  return cuts;
}

// Beyond this a stream is cut only around its first and last octets: the vectors' long ones are
// 70 kB of one letter.
constexpr std::size_t kCutPlaces = 1500;

bool is_same_for_every_cut(const FramerOptions& options, std::string_view stream,
                           const Cuts& whole) {
  for (std::size_t at = 0; at <= stream.size(); ++at) {
    if (at == kCutPlaces && stream.size() > 2 * kCutPlaces) at = stream.size() - kCutPlaces;
    if (cut_stream(options, {stream.substr(0, at), stream.substr(at)}) != whole) return false;
  }
  std::vector<std::string_view> octets;
  for (std::size_t at = 0; at < stream.size(); ++at) octets.push_back(stream.substr(at, 1));
  return cut_stream(options, octets) == whole;
}

// Every octet is delivered, counted as dropped, or framing (a count, a trailer, blanks before
// them).
bool loses_nothing(std::string_view stream, const Cuts& cuts) {
  std::uint64_t delivered = 0;
  std::size_t from = 0;
  for (const Cut& cut : cuts.frames) {
    const std::size_t at = stream.find(cut.bytes, from);
    if (at == std::string_view::npos) return false;
    from = at + cut.bytes.size();
    delivered += cut.bytes.size();
  }
  if (delivered + cuts.dropped > stream.size()) return false;
  const std::uint64_t framing = stream.size() - delivered - cuts.dropped;
  const auto is_framing = [](char c) {
    return (c >= '0' && c <= '9') || c == ' ' || c == '\n' || c == '\r' || c == '\0';
  };
  return framing <=
         static_cast<std::uint64_t>(std::count_if(stream.begin(), stream.end(), is_framing));
}

// --- Fields --------------------------------------------------------------------------------------

std::string in_quotes(std::string_view text) {
  return json(text).dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 120);
}

std::optional<std::string> text_of_json(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return std::nullopt;
}

bool is_equal(const json& expected, std::string_view found) {
  return found == text_of_json(expected).value_or("");
}

json structured_data_json(const Record& record) {
  json out;
  StructuredDataReader reader(record.structured_data);
  std::string value;
  for (StructuredParam param; reader.next(param);) {
    json& element = out[std::string(param.id)];
    if (element.is_null()) element = json::object();
    if (param.name.empty()) continue;
    unescape_param_value(param.value, value);
    element[std::string(param.name)] = value;
  }
  // syslog-ng shows Cisco's sequence as if it had been structured data.
  if (!record.sequence.empty()) out["meta"]["sequenceId"] = record.sequence;
  return out;
}

// The message as the vector wants it: with the BOM, if the peer keeps it. We take it off, but it
// still stands right in front of the view.
bool is_message(const json& expect, std::string_view message, const Record& record) {
  std::string expected = text_of_json(expect.value("message", json())).value_or("");
  if (const auto encoded = expect.find("message_b64");
      encoded != expect.end() && encoded->is_string()) {
    expected = decode_base64(encoded->get<std::string>());
  }
  std::string_view wanted = without_trailer(expected);
  const std::string_view before =
      record.raw.substr(0, static_cast<std::size_t>(message.data() - record.raw.data()));
  if (!message.empty() || record.has_message) {
    if (wanted.starts_with(kBom) && before.ends_with(kBom)) wanted.remove_prefix(kBom.size());
  }
  return without_trailer(message) == wanted;
}

absl::TimeZone zone_named(const std::string& name) {
  absl::TimeZone zone = absl::UTCTimeZone();
  if (name.size() == 6 && (name[0] == '+' || name[0] == '-')) {
    const int minutes = std::stoi(name.substr(1, 2)) * 60 + std::stoi(name.substr(4, 2));
    return absl::FixedTimeZone(minutes * (name[0] == '-' ? -60 : 60));
  }
  if (!absl::LoadTimeZone(name, &zone)) std::cerr << "no zone " << name << '\n';
  return zone;
}

LocalMoments moments_in(const absl::TimeZone& zone, LocalTime local) {
  const auto since_epoch = local.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const absl::CivilSecond civil = absl::CivilSecond(1970) + seconds.count();
  const absl::TimeZone::TimeInfo info = zone.At(civil);
  const auto moment = [&](absl::Time time) {
    return Timestamp(std::chrono::seconds(absl::ToUnixSeconds(time)) + (since_epoch - seconds));
  };
  return {moment(info.pre), moment(info.post)};
}

std::optional<Timestamp> parse_rfc3339(const std::string& text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return std::nullopt;
  return Timestamp(std::chrono::nanoseconds(absl::ToUnixNanos(time)));
}

std::optional<Timestamp> moment_of(const json& vector, const Stamp& stamp) {
  if (!stamp.present) return std::nullopt;
  const absl::TimeZone zone = zone_named(vector.value("tz", "UTC"));
  Stamp dated = stamp;
  if (stamp.year == 0 && vector.contains("year")) dated.year = vector["year"].get<std::uint16_t>();
  const std::optional<Timestamp> now = parse_rfc3339(vector.value("clock", ""));
  if (dated.year == 0 && !now) return std::nullopt;
  return resolve_stamp(dated, now.value_or(Timestamp{}),
                       [&](LocalTime local) { return moments_in(zone, local); });
}

// "--08-29T02:00:00.156" or "2009-01-06T15:22:26": what is certain of a stamp.
std::string partial_of(const Stamp& stamp, bool with_year) {
  char text[64];
  int length = with_year ? std::snprintf(text, sizeof text, "%04u-", stamp.year)
                         : std::snprintf(text, sizeof text, "--");
  std::string out(text, static_cast<std::size_t>(length));
  length = std::snprintf(text, sizeof text, "%02u-%02uT%02u:%02u:%02u", stamp.month, stamp.day,
                         stamp.hour, stamp.minute, stamp.second);
  out.append(text, static_cast<std::size_t>(length));
  if (stamp.nanoseconds == 0) return out;
  length = std::snprintf(text, sizeof text, ".%09u", stamp.nanoseconds);
  out.append(text, static_cast<std::size_t>(length));
  return out.substr(0, out.find_last_not_of('0') + 1);
}

bool is_timestamp(const json& vector, const json& expect, const Record& record) {
  const std::optional<std::string> expected = text_of_json(expect.value("timestamp", json()));
  const bool has_partial = text_of_json(expect.value("timestamp_partial", json())).has_value();
  if (!expected) return has_partial ? record.stamp.year == 0 : !record.stamp.present;
  const std::optional<Timestamp> found = moment_of(vector, record.stamp);
  auto wanted = vector.value("timestamp_alternatives", std::vector<std::string>{});
  wanted.push_back(*expected);
  return found && std::any_of(wanted.begin(), wanted.end(), [&](const std::string& text) {
           return parse_rfc3339(text) == found;
         });
}

// A peer that knows the zone writes the partial stamp in another one; then the whole stamp decides.
bool is_partial(const json& expect, const json& asserts, const Record& record) {
  const bool has_whole = std::find(asserts.begin(), asserts.end(), "timestamp") != asserts.end() &&
                         expect.value("timestamp", json()).is_string();
  const auto partial = expect["timestamp_partial"].get<std::string>();
  return has_whole ||
         (record.stamp.present && partial_of(record.stamp, !partial.starts_with("--")) == partial);
}

// A message that lacks a PRI counts as 13 with rsyslog and syslog-ng; we say that it has none.
bool is_pri_part(const json& expected, const std::optional<std::uint8_t>& found, int assumed) {
  if (found) return expected.is_number() && expected.get<int>() == *found;
  return expected.is_null() || expected.get<int>() == assumed;
}

// True when `key` is told right, reading a possible tag as the tag or as the start of the text.
bool is_told(const json& vector, const json& expect, const json& asserts, const std::string& key,
             const Record& record, bool as_text) {
  const json expected = expect.value(key, json());
  if (key == "facility") return is_pri_part(expected, record.facility, 1);
  if (key == "severity") return is_pri_part(expected, record.severity, 5);
  if (key == "hostname") return is_equal(expected, record.hostname);
  if (key == "app") return is_equal(expected, as_text ? std::string_view{} : record.app_name);
  if (key == "pid") return is_equal(expected, as_text ? std::string_view{} : record.procid);
  if (key == "msgid") return is_equal(expected, record.msgid);
  if (key == "structured_data") {
    const json found = structured_data_json(record);
    return expected.is_null() || expected.empty() ? found.is_null() : found == expected;
  }
  if (key == "message" || key == "message_b64") {
    return is_message(expect, as_text ? record.full_text : record.message, record);
  }
  if (key == "timestamp_partial") return is_partial(expect, asserts, record);
  return is_timestamp(vector, expect, record);
}

struct Verdict {
  bool passed = true;
  bool by_full_text = false;
  std::string why;
};

void refuse(Verdict& verdict, const std::string& why) {
  verdict.passed = false;
  if (!verdict.why.empty()) verdict.why += "; ";
  verdict.why += why;
}

std::string shown(const Record& record) {
  std::ostringstream out;
  out << "host=" << in_quotes(record.hostname) << " app=" << in_quotes(record.app_name)
      << " pid=" << in_quotes(record.procid) << " msgid=" << in_quotes(record.msgid)
      << " sd=" << in_quotes(record.structured_data) << " msg=" << in_quotes(record.message)
      << " stamp=" << (record.stamp.present ? partial_of(record.stamp, true) : "-") << " ("
      << name_of(record.error) << ')';
  return out.str();
}

Verdict judge_fields(const json& vector, const json& expect, const json& asserts,
                     std::string_view bytes) {
  const std::string own(bytes);  // See cut_stream().
  Record record;
  parse_message(own, record);
  const auto wrong = [&](bool as_text) {
    std::string keys;
    for (const json& key : asserts) {
      const auto name = key.get<std::string>();
      if (!is_told(vector, expect, asserts, name, record, as_text)) keys += " " + name;
    }
    return keys;
  };
  Verdict verdict;
  std::string keys = wrong(false);
  if (!keys.empty() && !record.full_text.empty()) {
    verdict.by_full_text = wrong(true).empty();
    if (verdict.by_full_text) keys.clear();
  }
  if (!keys.empty()) refuse(verdict, "wrong:" + keys + " in " + shown(record));
  return verdict;
}

// --- Vectors -------------------------------------------------------------------------------------

std::vector<FramerOptions> framings_of(const json& vector) {
  FramerOptions options;
  options.max_message = std::max<std::size_t>(vector.value("max_message", options.max_message), 1);
  options.multiline = vector.value("multiline", false);
  std::vector<FramerOptions> all;
  const std::string trailer = vector.value("trailer", "LF");
  const Framing named = vector["framing"] == "octet" ? Framing::kOctet
                        : trailer == "NUL"           ? Framing::kNul
                                                     : Framing::kLf;
  for (const Framing framing : {Framing::kAuto, named}) {
    options.framing = framing;
    all.push_back(options);
  }
  return all;
}

// Without frames the vector asserts the fields of the first message, if any.
Verdict judge_frames(const json& vector, const Cuts& cuts) {
  Verdict verdict;
  const json frames = vector.value("frames", json::array());
  if (frames.empty()) {
    if (!vector["asserts"].empty()) {
      if (cuts.frames.empty()) return {false, false, "no frame"};
      return judge_fields(vector, vector["expect"], vector["asserts"], cuts.frames[0].bytes);
    }
    return verdict;
  }
  const bool is_valid = vector["valid"].get<bool>();
  if (is_valid ? cuts.frames.size() != frames.size() : cuts.frames.size() < frames.size()) {
    refuse(verdict, "expected " + std::to_string(frames.size()) + " frames, found " +
                        std::to_string(cuts.frames.size()));
    return verdict;
  }
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const std::string& found = cuts.frames[i].bytes;
    if (frames[i]["raw_b64"].is_string()) {
      const std::string expected = decode_base64(frames[i]["raw_b64"].get<std::string>());
      if (without_trailer(found) != without_trailer(expected)) {
        refuse(verdict, "frame " + std::to_string(i) + " is " + in_quotes(found) + ", expected " +
                            in_quotes(expected));
      }
    }
    const Verdict fields = judge_fields(vector, frames[i]["expect"], frames[i]["asserts"], found);
    verdict.by_full_text = verdict.by_full_text || fields.by_full_text;
    if (!fields.passed) refuse(verdict, "frame " + std::to_string(i) + " " + fields.why);
  }
  return verdict;
}

// Passes when the stream is read right by one of the framings that a listener may have.
Verdict judge_stream(const json& vector, std::string_view stream) {
  Verdict best{false, false, ""};
  for (const FramerOptions& options : framings_of(vector)) {
    const Cuts whole = cut_stream(options, {stream});
    if (!is_same_for_every_cut(options, stream, whole))
      return {false, false, "depends on the cuts"};
    if (!loses_nothing(stream, whole)) return {false, false, "loses octets"};
    const Verdict verdict = judge_frames(vector, whole);
    if (verdict.passed) return verdict;
    if (best.why.empty()) best = verdict;
  }
  return best;
}

// The whole message must be parsed alike wherever it is cut off: no crash, no view outside it.
void parse_every_prefix(std::string_view bytes) {
  const std::size_t step = bytes.size() > 4000 ? 97 : 1;
  for (std::size_t length = 0; length < bytes.size(); length += step) {
    const std::string own(bytes.substr(0, length));
    Record record;
    parse_message(own, record);
  }
}

Verdict judge(const json& vector) {
  const std::string input = decode_base64(vector["input_b64"].get<std::string>());
  parse_every_prefix(input);
  if (vector["framing"] != "datagram") return judge_stream(vector, input);
  return judge_fields(vector, vector["expect"], vector["asserts"], input);
}

// --- Report --------------------------------------------------------------------------------------

struct Tally {
  int passed = 0;
  int by_full_text = 0;
  int allowed = 0;
  int failed = 0;
};

std::map<std::string, std::string> read_allowed(const std::string& file) {
  std::map<std::string, std::string> allowed;
  std::ifstream in(file);
  if (!in) {
    std::cerr << "syslog_conformance: cannot read " << file << '\n';
    std::exit(2);
  }
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t blank = line.find(' ');
    allowed[line.substr(0, blank)] = blank == std::string::npos ? "" : line.substr(blank + 1);
  }
  return allowed;
}

void print(const std::map<std::string, Tally>& tallies) {
  Tally sum;
  std::printf("%7s %9s %7s %6s  origin\n", "passed", "full_text", "allowed", "failed");
  for (const auto& [origin, tally] : tallies) {
    std::printf("%7d %9d %7d %6d  %s\n", tally.passed, tally.by_full_text, tally.allowed,
                tally.failed, origin.c_str());
    sum.passed += tally.passed;
    sum.by_full_text += tally.by_full_text;
    sum.allowed += tally.allowed;
    sum.failed += tally.failed;
  }
  std::printf("%7d %9d %7d %6d  all\n", sum.passed, sum.by_full_text, sum.allowed, sum.failed);
}

int run(const std::string& file, const std::map<std::string, std::string>& allowed) {
  std::ifstream in(file);
  if (!in) {
    std::cerr << "syslog_conformance: cannot read " << file << '\n';
    return 2;
  }
  std::map<std::string, Tally> tallies;
  int problems = 0;
  for (std::string line; std::getline(in, line);) {
    const json vector = json::parse(line);
    const auto id = vector["id"].get<std::string>();
    Tally& tally = tallies[vector["origin"].get<std::string>()];
    const Verdict verdict = judge(vector);
    const auto allowance = allowed.find(id);
    if (verdict.passed) {
      ++tally.passed;
      if (verdict.by_full_text) ++tally.by_full_text;
      if (allowance == allowed.end()) continue;
      ++problems;
      std::printf("%s passes: take it off the allow file\n", id.c_str());
    } else if (allowance != allowed.end()) {
      ++tally.allowed;
    } else {
      ++tally.failed;
      ++problems;
      std::printf("%s: %s\n", id.c_str(), verdict.why.c_str());
    }
  }
  print(tallies);
  return problems == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool has_allow = arguments.size() == 3 && arguments[1] == "--allow";
  if (arguments.size() != 1 && !has_allow) {
    std::cerr << "usage: syslog_conformance FILE [--allow ALLOWFILE]\n";
    return 2;
  }
  std::map<std::string, std::string> allowed;
  if (has_allow) allowed = sluice::read_allowed(arguments[2]);
  return sluice::run(arguments[0], allowed);
}

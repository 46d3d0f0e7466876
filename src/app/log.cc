#include "app/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "app/print.h"

namespace sluice {
namespace {

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kLogRows.size(); ++i) {
    if (static_cast<std::size_t>(kLogRows[i].id) != i) return false;
  }
  return static_cast<std::size_t>(LogId::kStoppedLost) + 1 == kLogRows.size();
}
static_assert(is_in_order(), "every id has its row, in the order of the ids");

std::atomic<bool> is_journal{false};

spdlog::level::level_enum spdlog_level(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// As syslog numbers them, which sd-daemon(3) reads from the beginning of a line.
int severity_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::kInfo:
      return 6;
    case LogLevel::kWarning:
      return 4;
    case LogLevel::kError:
      return 3;
  }
  return 3;
}

// systemd names in JOURNAL_STREAM the device and inode of the stream that its journal reads.
bool is_journal_stream(int fd) {
  const char* const named = std::getenv("JOURNAL_STREAM");
  struct stat found{};
  if (named == nullptr || fstat(fd, &found) != 0) return false;
  return fmt::format("{}:{}", found.st_dev, found.st_ino) == named;
}

LogId id_of(Notice::Kind kind) noexcept {
  switch (kind) {
    case Notice::Kind::kMovedAside:
      return LogId::kFileMovedAside;
    case Notice::Kind::kReplaced:
      return LogId::kFileReplaced;
    case Notice::Kind::kSpoolInMemory:
      return LogId::kSpoolInMemory;
    case Notice::Kind::kSpoolOnDisk:
      return LogId::kSpoolOnDisk;
    case Notice::Kind::kSpoolCrowded:
      return LogId::kSpoolCrowded;
    case Notice::Kind::kJournalFailed:
      return LogId::kJournalFailed;
    case Notice::Kind::kJournalKept:
      return LogId::kJournalKept;
    case Notice::Kind::kHistoryFailed:
      return LogId::kHistoryFailed;
    case Notice::Kind::kHistoryKept:
      return LogId::kHistoryKept;
    case Notice::Kind::kHistoryCut:
      return LogId::kHistoryCut;
  }
  return LogId::kFileMovedAside;
}

}  // namespace

std::string_view name_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string log_text(LogId id, std::string_view text) {
  std::string line = fmt::format("[{}] ", row_of(id).name);
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x20 && octet != 0x7f) {
      line += c;
    } else {
      line += fmt::format("\\x{:02x}", octet);
    }
  }
  return line;
}

void open_log() {
  auto log =
      spdlog::stderr_color_mt("sluice", wants_color(STDERR_FILENO) ? spdlog::color_mode::always
                                                                   : spdlog::color_mode::never);
  is_journal = is_journal_stream(STDERR_FILENO);
  log->set_pattern(is_journal ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  spdlog::set_default_logger(std::move(log));
}

void write_log(LogId id, std::string_view text) {
  const LogLevel level = row_of(id).level;
  std::string line = log_text(id, text);
  if (is_journal) line = fmt::format("<{}>{} {}", severity_of(level), name_of(level), line);
  spdlog::log(spdlog_level(level), "{}", line);
}

void say(const Notice& notice) { write_log(id_of(notice.kind), notice.text); }

void say_start_failed(std::string_view why) {
  if (is_journal) return write_log(LogId::kStartFailed, why);
  fmt::print(stderr, "sluice: {}\n", why);
}

}  // namespace sluice

#include "app/message_source.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "sluice/syslog/framer.h"

namespace sluice {
namespace {

constexpr std::array<std::pair<std::string_view, InputFraming>, 6> kNames{{
    {"auto", InputFraming::kAuto},
    {"octet", InputFraming::kOctet},
    {"lf", InputFraming::kLf},
    {"nul", InputFraming::kNul},
    {"datagram", InputFraming::kDatagram},
    {"dgrams", InputFraming::kDgrams},
}};

constexpr std::size_t kReadBytes = 64 * 1024;
// A datagram cannot be longer, and nobody pastes a gigabyte.
constexpr std::size_t kWholeInputMax = std::size_t{64} << 20;

using Use = std::function<void(const InputMessage&)>;

struct CloseFile {
  void operator()(std::FILE* file) const noexcept {
    if (file != stdin) std::fclose(file);
  }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Expected<File> open_input(const std::string& name) {
  if (name == "-") return File(stdin);
  File file(std::fopen(name.c_str(), "rb"));
  if (!file) return at(name, {{}, std::string("cannot be read: ") + std::strerror(errno)});
  return file;
}

// Reads on into `buffer`; 0 at the end.
Expected<std::size_t> read_some(std::FILE* file, const std::string& name,
                                std::array<char, kReadBytes>& buffer) {
  const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file);
  if (count == 0 && std::ferror(file))
    return at(name, {{}, std::string("cannot be read: ") + std::strerror(errno)});
  return count;
}

Expected<std::string> read_all(std::FILE* file, const std::string& name) {
  std::string all;
  std::array<char, kReadBytes> buffer;
  for (;;) {
    auto count = read_some(file, name, buffer);
    if (!count) return std::unexpected(std::move(count).error());
    if (*count == 0) return all;
    all.append(buffer.data(), *count);
    if (all.size() > kWholeInputMax)
      return at(name, {{}, "expected at most 64 MiB for this framing"});
  }
}

InputMessage datagram_of(std::string_view bytes, const InputOptions& options) {
  return {.bytes = bytes.substr(0, options.max_message),
          .truncated = bytes.size() > options.max_message};
}

Expected<void> read_dgrams(std::string_view all, const std::string& name,
                           const InputOptions& options, const Use& use) {
  const std::size_t total = all.size();
  while (!all.empty()) {
    const std::string place = name + ": octet " + std::to_string(total - all.size());
    if (all.size() < 4)
      return at(place, {{}, "expected a length of 4 octets, found " + std::to_string(all.size())});
    std::size_t length = 0;
    for (const char c : all.substr(0, 4)) length = length << 8 | static_cast<unsigned char>(c);
    all.remove_prefix(4);
    if (length > all.size()) {
      return at(place, {{},
                        "expected " + std::to_string(length) + " octets of a datagram, found " +
                            std::to_string(all.size())});
    }
    use(datagram_of(all.substr(0, length), options));
    all.remove_prefix(length);
  }
  return {};
}

FramerOptions framer_options_of(const InputOptions& input) {
  FramerOptions options{.max_message = input.max_message};
  options.multiline = input.multiline;
  if (input.framing == InputFraming::kOctet) options.framing = Framing::kOctet;
  if (input.framing == InputFraming::kLf) options.framing = Framing::kLf;
  if (input.framing == InputFraming::kNul) options.framing = Framing::kNul;
  if (input.framing == InputFraming::kLines) {
    options.framing = Framing::kLf;
    options.needs_trailer = true;
  }
  return options;
}

// Hands over what the framer can cut; an error when the stream makes no sense any more.
Expected<void> drain_framer(Framer& framer, const std::string& name, const Use& use) {
  for (Frame frame;;) {
    switch (framer.next(frame)) {
      case FrameStatus::kFrame:
        use({.bytes = frame.bytes, .truncated = frame.truncated, .incomplete = frame.incomplete});
        break;
      case FrameStatus::kNeedMore:
        return {};
      case FrameStatus::kBadCount:
        return at(name, {{}, "expected an octet count; a relay would close the connection here"});
      case FrameStatus::kTls:
        return at(name, {{}, "this is TLS, not syslog; a relay would close the connection here"});
      case FrameStatus::kHttp:
        return at(name, {{}, "this is HTTP, not syslog; a relay would close the connection here"});
    }
  }
}

Expected<void> read_stream(std::FILE* file, const std::string& name, const FramerOptions& options,
                           const Use& use) {
  Framer framer(options);
  std::array<char, kReadBytes> buffer;
  for (;;) {
    auto count = read_some(file, name, buffer);
    if (!count) return std::unexpected(std::move(count).error());
    if (*count == 0) break;
    framer.feed({buffer.data(), *count});
    if (auto done = drain_framer(framer, name, use); !done) return done;
  }
  framer.finish();
  return drain_framer(framer, name, use);
}

}  // namespace

std::size_t message_max_of(const Config& config, InputKind kind) {
  std::size_t most = 0;
  for (const ListenConfig& one : config.listen) {
    if (one.input == kind) most = std::max(most, one.max_message);
  }
  return most > 0 ? most : ListenConfig().max_message;
}

Expected<InputFraming> input_framing_from(std::string_view name) {
  std::string known;
  for (const auto& [text, framing] : kNames) {
    if (text == name) return framing;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  return fail("expected one of " + known + ", found \"" + std::string(name) + '"');
}

Expected<void> for_each_message(const std::string& name, const InputOptions& options,
                                const Use& use) {
  auto file = open_input(name);
  if (!file) return std::unexpected(std::move(file).error());
  const std::string shown = name == "-" ? "standard input" : name;
  if (options.framing != InputFraming::kDatagram && options.framing != InputFraming::kDgrams) {
    return read_stream(file->get(), shown, framer_options_of(options), use);
  }
  auto all = read_all(file->get(), shown);
  if (!all) return std::unexpected(std::move(all).error());
  if (options.framing == InputFraming::kDgrams) return read_dgrams(*all, shown, options, use);
  use(datagram_of(*all, options));
  return {};
}

Expected<void> for_each_message_of(std::string_view text, const InputOptions& options,
                                   const Use& use) {
  const std::string shown = "the text";
  if (options.framing == InputFraming::kDgrams) return read_dgrams(text, shown, options, use);
  if (options.framing == InputFraming::kDatagram) {
    use(datagram_of(text, options));
    return {};
  }
  Framer framer(framer_options_of(options));
  framer.feed(text);
  if (auto done = drain_framer(framer, shown, use); !done) return done;
  framer.finish();
  return drain_framer(framer, shown, use);
}

}  // namespace sluice

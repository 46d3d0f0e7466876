// Makes the workload of scripts/bench and sends datagrams.
//
//   bench_load make FILE LINES HOSTS CLUSTERS 3164|5424 lf|octet START [SECONDS]
//   bench_load graphite FILE HOSTS CPUS START
//   bench_load blast FILE PORT RATE [SECONDS]
//       each line a datagram to 127.0.0.1; RATE a second, 0: any; the file again and again for so
//       long, or once
//   bench_load stream PORT RATE SECONDS HOSTS CLUSTERS
//       RATE lines a second (RFC 3164, LF) over TCP to 127.0.0.1, each second's with its own stamp
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "workload.h"

namespace {

using namespace sluice::bench;
using Clock = std::chrono::steady_clock;

int fail(std::string_view what) {
  fmt::print(stderr, "bench_load: {}\n", what);
  return 2;
}

int write_file(const std::string& name, const std::string& octets) {
  std::ofstream file(name, std::ios::binary);
  file.write(octets.data(), static_cast<std::streamsize>(octets.size()));
  return file.good() ? 0 : fail("cannot write " + name);
}

int make(const std::vector<std::string>& words) {
  if (words.size() < 8) return fail("make needs FILE LINES HOSTS CLUSTERS FORMAT FRAMING START");
  WorkloadOptions options;
  options.lines = std::stoul(words[2]);
  options.hosts = std::stoul(words[3]);
  options.clusters = std::stoul(words[4]);
  options.format = words[5] == "5424" ? LineFormat::kRfc5424 : LineFormat::kRfc3164;
  options.counts_octets = words[6] == "octet";
  options.start = std::stoll(words[7]);
  if (words.size() > 8) options.seconds = std::stoll(words[8]);
  return write_file(words[1], make_workload(options));
}

int graphite(const std::vector<std::string>& words) {
  if (words.size() < 5) return fail("graphite needs FILE HOSTS CPUS START");
  return write_file(words[1], make_graphite_workload({.hosts = std::stoul(words[2]),
                                                      .cpus = std::stoul(words[3]),
                                                      .start = std::stoll(words[4])}));
}

// Sends `count` datagrams, trying again when the kernel has no room.
void send_batch(int fd, mmsghdr* first, unsigned count) {
  for (unsigned sent = 0; sent < count;) {
    const int done = sendmmsg(fd, first + sent, count - sent, 0);
    if (done > 0) sent += static_cast<unsigned>(done);
    if (done < 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

int connect_to(const std::string& port, int type) {
  const int fd = socket(AF_INET, type, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 ? fd : -1;
}

int blast(const std::vector<std::string>& words) {
  if (words.size() < 4) return fail("blast needs FILE PORT RATE");
  const double seconds = words.size() > 4 ? std::stod(words[4]) : 0;
  std::ifstream file(words[1], std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  std::string all = std::move(text).str();
  const double rate = std::stod(words[3]);
  const int fd = connect_to(words[2], SOCK_DGRAM);
  if (fd < 0) return fail("cannot connect");
  constexpr unsigned kBatch = 64;
  std::array<mmsghdr, kBatch> headers{};
  std::array<iovec, kBatch> pieces{};
  const auto begin = Clock::now();
  double sent = 0;
  for (char *at = all.data(), *const end = at + all.size(); at < end;) {
    unsigned count = 0;
    for (; count < kBatch && at < end; ++count) {
      auto* stop = static_cast<char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
      if (stop == nullptr) stop = end;
      pieces[count] = {at, static_cast<std::size_t>(stop - at)};
      headers[count].msg_hdr.msg_iov = &pieces[count];
      headers[count].msg_hdr.msg_iovlen = 1;
      at = stop + 1;
    }
    send_batch(fd, headers.data(), count);
    sent += count;
    if (rate > 0) std::this_thread::sleep_until(begin + std::chrono::duration<double>(sent / rate));
    const bool goes_on = Clock::now() < begin + std::chrono::duration<double>(seconds);
    if (at >= end && goes_on) at = all.data();
  }
  const std::chrono::duration<double> took = Clock::now() - begin;
  fmt::print("{:.0f} datagrams in {:.3f} s\n", sent, took.count());
  close(fd);
  return 0;
}

// Where the timestamps of all lines stand: behind "<PRI>".
std::vector<std::size_t> find_stamps(const std::string& lines) {
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1)
    places.push_back(lines.find('>', at) + 1);
  return places;
}

void set_stamps(std::string& lines, const std::vector<std::size_t>& places) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 16> stamp;
  std::strftime(stamp.data(), stamp.size(), "%b %e %H:%M:%S", &utc);
  for (const std::size_t place : places) std::memcpy(&lines[place], stamp.data(), 15);
}

// A slice in every hundredth of a second; one that the receiver holds up is not made up for, but
// the seconds are.
int stream(const std::vector<std::string>& words) {
  if (words.size() < 6) return fail("stream needs PORT RATE SECONDS HOSTS CLUSTERS");
  constexpr std::size_t kSlices = 100;
  std::string lines = make_workload({.lines = std::stoul(words[2]),
                                     .hosts = std::stoul(words[4]),
                                     .clusters = std::stoul(words[5]),
                                     .start = std::time(nullptr),
                                     .seconds = 1});
  const std::vector<std::size_t> stamps = find_stamps(lines);
  const int fd = connect_to(words[1], SOCK_STREAM);
  if (fd < 0) return fail("cannot connect");
  const auto begin = Clock::now();
  const std::size_t seconds = std::stoul(words[3]);
  for (std::size_t slice = 0; slice < seconds * kSlices; ++slice) {
    std::this_thread::sleep_until(begin + std::chrono::milliseconds(slice * 1000 / kSlices));
    if (slice % kSlices == 0) set_stamps(lines, stamps);
    const std::size_t part = slice % kSlices;
    std::size_t from = lines.size() * part / kSlices;
    const std::size_t to = lines.size() * (part + 1) / kSlices;
    while (from < to) {
      const ssize_t sent = send(fd, &lines[from], to - from, MSG_NOSIGNAL);
      if (sent < 0) return fail("the receiver has closed the connection");
      from += static_cast<std::size_t>(sent);
    }
  }
  const std::chrono::duration<double> took = Clock::now() - begin;
  fmt::print("{} {:.3f}\n", stamps.size() * seconds, took.count());
  // The receiver closes when it has read all.
  shutdown(fd, SHUT_WR);
  for (char octet = 0; read(fd, &octet, 1) > 0;) {
  }
  close(fd);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) return fail("expected make, graphite, blast or stream");
  if (words[0] == "make") return make(words);
  if (words[0] == "graphite") return graphite(words);
  if (words[0] == "blast") return blast(words);
  if (words[0] == "stream") return stream(words);
  return fail("expected make, graphite, blast or stream, found " + words[0]);
}

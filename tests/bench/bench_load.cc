// Makes the workload of scripts/bench and sends datagrams.
//
//   bench_load make FILE LINES HOSTS CLUSTERS 3164|5424 lf|octet START [SECONDS]
//   bench_load graphite FILE HOSTS CPUS START
//   bench_load blast FILE PORT RATE        each line a datagram to 127.0.0.1; RATE a second, 0: any
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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

int blast(const std::vector<std::string>& words) {
  if (words.size() < 4) return fail("blast needs FILE PORT RATE");
  std::ifstream file(words[1], std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  std::string all = std::move(text).str();
  const double rate = std::stod(words[3]);
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(words[2])));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return fail("connect");
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
  }
  const std::chrono::duration<double> took = Clock::now() - begin;
  fmt::print("{:.0f} datagrams in {:.3f} s\n", sent, took.count());
  close(fd);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) return fail("expected make, graphite or blast");
  if (words[0] == "make") return make(words);
  if (words[0] == "graphite") return graphite(words);
  if (words[0] == "blast") return blast(words);
  return fail("expected make, graphite or blast, found " + words[0]);
}

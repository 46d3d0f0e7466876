#include "net/lookup.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "sluice/base/check.h"

namespace sluice {
namespace {

// A name with more addresses than this is a mistake, and trying all of them takes too long.
constexpr std::size_t kAddressesMax = 8;

std::vector<SocketAddress> copy_addresses(const addrinfo* found) {
  std::vector<SocketAddress> addresses;
  for (; found != nullptr && addresses.size() < kAddressesMax; found = found->ai_next) {
    if (const auto address = copy_address(*found->ai_addr)) addresses.push_back(*address);
  }
  return addresses;
}

Expected<std::vector<SocketAddress>> answer_of(int status, const addrinfo* found) {
  if (status != 0) {
    return fail(fmt::format("cannot look up the name: {}; check its spelling and the name server",
                            uv_strerror(status)));
  }
  auto addresses = copy_addresses(found);
  if (addresses.empty()) return fail("the name has no IPv4 or IPv6 address");
  return addresses;
}

}  // namespace

// Outlives its Lookup when the answer is late: the thread pool writes into it.
struct Lookup::Request {
  uv_getaddrinfo_t request{};
  Lookup* owner = nullptr;
};

Lookup::Lookup(uv_loop_t* loop, Done done) : loop_(loop), done_(std::move(done)) {}

Expected<void> Lookup::start(const std::string& host, std::uint16_t port) {
  SLUICE_CHECK(request_ == nullptr, "one Lookup asks once");
  auto request = std::make_unique<Request>();
  request->owner = this;
  request->request.data = request.get();
  // No AI_ADDRCONFIG: it leaves out loopback addresses, and "localhost" must work without a
  // network.
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const int status = uv_getaddrinfo(loop_, &request->request, &Lookup::on_answer, host.c_str(),
                                    std::to_string(port).c_str(), &hints);
  if (status != 0) {
    return fail(fmt::format("this cannot be the name of a host: {}", uv_strerror(status)));
  }
  request_ = request.release();
  return {};
}

Lookup::~Lookup() {
  if (request_ == nullptr) return;
  request_->owner = nullptr;
  uv_cancel(reinterpret_cast<uv_req_t*>(&request_->request));  // Works only while it is queued.
}

void Lookup::on_answer(uv_getaddrinfo_t* raw, int status, addrinfo* found) noexcept {
  const std::unique_ptr<Request> request(static_cast<Request*>(raw->data));
  auto answer = answer_of(status, found);
  uv_freeaddrinfo(found);
  auto* const self = request->owner;
  if (self == nullptr) return;
  self->request_ = nullptr;
  const Done done = std::move(self->done_);
  done(std::move(answer));
}

}  // namespace sluice

#pragma once

#include <uv.h>

#include <memory>
#include <type_traits>
#include <utility>

#include "sluice/base/check.h"

namespace sluice {

// Closes a libuv handle and frees it in the close callback, which libuv calls after every request
// of the handle has had its own. `data` is null from here on, so that a late callback finds no
// owner.
template <typename T>
struct CloseHandle {
  void operator()(T* handle) const noexcept {
    // T is a libuv handle or starts with one.
    static_assert(std::is_standard_layout_v<T>);
    auto* const base = reinterpret_cast<uv_handle_t*>(handle);
    base->data = nullptr;
    uv_close(base, [](uv_handle_t* closed) { delete reinterpret_cast<T*>(closed); });
  }
};

// A libuv handle on the heap: destroying it closes it. The loop must run on until the close
// callback came, or the memory is lost and uv_loop_close() says UV_EBUSY.
template <typename T>
using Handle = std::unique_ptr<T, CloseHandle<T>>;

// Makes a handle by one of libuv's uv_*_init(loop, handle, arguments...) and sets its owner, which
// callbacks find in `data`. Only for those that cannot fail: uv_tcp_init, uv_timer_init, ...
template <typename T, typename Init, typename... Arguments>
[[nodiscard]] Handle<T> make_handle(uv_loop_t* loop, void* owner, Init init,
                                    Arguments... arguments) {
  auto handle = std::make_unique<T>();
  const int status = init(loop, handle.get(), arguments...);
  SLUICE_CHECK(status == 0, "this kind of handle needs no resource when it is made");
  reinterpret_cast<uv_handle_t*>(handle.get())->data = owner;
  return Handle<T>(handle.release());
}

[[nodiscard]] inline uv_stream_t* as_stream(uv_tcp_t* tcp) noexcept {
  return reinterpret_cast<uv_stream_t*>(tcp);
}

// Room for a handle of either kind of stream.
union uv_any_stream_t {
  uv_handle_t handle;
  uv_stream_t stream;
  uv_tcp_t tcp;
  uv_pipe_t pipe;
};

[[nodiscard]] inline uv_handle_t* as_handle(auto* handle) noexcept {
  return reinterpret_cast<uv_handle_t*>(handle);
}

// The descriptor below a handle, -1 before it has one.
[[nodiscard]] inline int fd_of(auto* handle) noexcept {
  uv_os_fd_t fd = -1;
  return uv_fileno(as_handle(handle), &fd) == 0 ? fd : -1;
}

}  // namespace sluice

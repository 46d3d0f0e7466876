#pragma once

#include <httplib.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/http_front.h"

namespace sluice {

// One thing that the server does. `path` is what clients write, with NAME at its end where any text
// may stand; the handler finds that in request.matches[1].
struct Route {
  std::string method;  // GET (HEAD is answered too) or POST.
  std::string path;
  std::function<void(const httplib::Request& request, httplib::Response& response)> handle;
};

// Whole requests in, whole answers out; knows no socket. Errors are problem JSON.
class Router {
 public:
  // Answers what must not reach a handler and returns true, or returns false. `local` is the
  // address that the request came to.
  using Guard = std::function<bool(const httplib::Request& request, httplib::Response& response,
                                   std::string_view local)>;

  Router(std::vector<Route> routes, Guard guard);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // From any thread.
  [[nodiscard]] HttpAnswer answer(const HttpRequest& request) const;

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace sluice

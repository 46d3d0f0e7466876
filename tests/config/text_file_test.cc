#include "config/text_file.h"

#include <catch2/catch.hpp>

#include "config/outcome.h"
#include "config/temporary_folder.h"

namespace sluice {
namespace {

TEST_CASE("a file is read whole, octet by octet", "[config]") {
  const TemporaryFolder folder;
  const std::string text = std::string("a\0b\r\n", 5) + std::string(200'000, 'x');
  CHECK(read_text_file(folder.write("f", text)) == text);
  CHECK(read_text_file(folder.write("empty", "")) == std::string());
}

TEST_CASE("a file that cannot be read says why", "[config]") {
  const TemporaryFolder folder;
  CHECK(error_of(read_text_file(folder.path() + "/none")) ==
        "cannot be read: No such file or directory");
  CHECK(error_of(read_text_file(folder.path())) == "cannot be read: Is a directory");
}

TEST_CASE("a file is read up to 16 MiB and refused above", "[config]") {
  const TemporaryFolder folder;
  const std::string text(kTextFileBytesMax, ' ');
  CHECK(read_text_file(folder.write("f", text)));
  CHECK(error_of(read_text_file(folder.write("f", text + " "))) ==
        "larger than 16MiB; is this the right file?");
}

}  // namespace
}  // namespace sluice

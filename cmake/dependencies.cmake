# Every library is a Debian 12 package (scripts/packages.txt lists them).
find_package(PkgConfig REQUIRED)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv>=1.44)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
find_package(fmt 9 REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(absl REQUIRED)
find_package(Threads REQUIRED)

if(SLUICE_DEVELOPER)
  find_package(Catch2 2.13 REQUIRED)
endif()

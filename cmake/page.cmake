# The files of src/http/page as a C++ source: the binary holds the page that it serves.
file(GLOB_RECURSE page_files CONFIGURE_DEPENDS src/http/page/*)
set(page_source ${CMAKE_CURRENT_BINARY_DIR}/page/page_files.cc)
add_custom_command(
  OUTPUT ${page_source}
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/embed-page
          ${CMAKE_CURRENT_SOURCE_DIR}/src/http/page ${page_source}
  DEPENDS ${page_files} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/embed-page
  COMMENT "Embedding the page" VERBATIM)

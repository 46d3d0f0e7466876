# The files of src/http/page as a C++ source: the binary holds the page that it serves.
# Its charts are drawn by dygraphs, as Debian packages it (libjs-dygraphs).
set(dygraphs /usr/share/javascript/dygraphs)
if(NOT EXISTS ${dygraphs}/dygraph.min.js)
  message(FATAL_ERROR "dygraphs is not installed; on Debian: apt install libjs-dygraphs")
endif()
file(GLOB_RECURSE page_files CONFIGURE_DEPENDS src/http/page/*)
set(page_source ${CMAKE_CURRENT_BINARY_DIR}/page/page_files.cc)
add_custom_command(
  OUTPUT ${page_source}
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/embed-page
          ${CMAKE_CURRENT_SOURCE_DIR}/src/http/page ${page_source}
          dygraph.js=${dygraphs}/dygraph.min.js dygraph.css=${dygraphs}/dygraph.min.css
  DEPENDS ${page_files} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/embed-page
  COMMENT "Embedding the page" VERBATIM)

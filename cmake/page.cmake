# The files of src/http/page as a C++ source: the binary holds the page that it serves.
# Its charts are drawn by dygraphs, as Debian packages it (libjs-dygraphs); elsewhere it is the folder of a release.
set(SLUICE_DYGRAPHS_DIR /usr/share/javascript/dygraphs CACHE PATH "Folder with dygraph.min.js and dygraph.min.css")
set(dygraphs ${SLUICE_DYGRAPHS_DIR})
if(NOT EXISTS ${dygraphs}/dygraph.min.js)
  message(FATAL_ERROR "there is no ${dygraphs}/dygraph.min.js; on Debian: apt install libjs-dygraphs, elsewhere: -DSLUICE_DYGRAPHS_DIR=DIR")
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

# The floors of the house (docs/architecture.md): a build fails when an include runs against them.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
file(GLOB_RECURSE layered_files CONFIGURE_DEPENDS include/*.h src/*.h src/*.cc)
set(layers_stamp ${CMAKE_CURRENT_BINARY_DIR}/layers.stamp)
add_custom_command(
  OUTPUT ${layers_stamp}
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/check-layers ${CMAKE_CURRENT_SOURCE_DIR}
  COMMAND ${CMAKE_COMMAND} -E touch ${layers_stamp}
  DEPENDS ${layered_files} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/check-layers
  COMMENT "Checking that includes point down the floors" VERBATIM)
add_custom_target(check_layers DEPENDS ${layers_stamp})

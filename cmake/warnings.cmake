# Warnings and sanitizers for our own code, as one interface target.
add_library(sluice_warnings INTERFACE)
target_compile_options(sluice_warnings INTERFACE -Wall -Wextra -Wshadow -Wconversion
                       -Wno-sign-conversion -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
                       # Designated initialisers leave the rest at their defaults on purpose.
                       -Wno-missing-field-initializers)
# clang warns of libstdc++ 12's own stable_sort.
target_compile_options(sluice_warnings INTERFACE
                       $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
# g++ 12 warns of std::string's own code (its bug 105651).
target_compile_options(sluice_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(SLUICE_DEVELOPER)
  target_compile_options(sluice_warnings INTERFACE -Werror)
endif()

if(SLUICE_SANITIZE)
  target_compile_options(sluice_warnings INTERFACE -fsanitize=${SLUICE_SANITIZE}
                         -fno-omit-frame-pointer -fno-sanitize-recover=all
                         # Instrumented code confuses g++ 12 into false alarms, in std::regex first.
                         $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(sluice_warnings INTERFACE -fsanitize=${SLUICE_SANITIZE})
endif()
if(SLUICE_FUZZ)
  target_compile_options(sluice_warnings INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(SLUICE_TIDY)
  set(CMAKE_CXX_CLANG_TIDY clang-tidy-19)
endif()

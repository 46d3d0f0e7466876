// Catch2's main takes long to compile and never changes, so it stands alone.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

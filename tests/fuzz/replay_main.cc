// Runs a fuzz target over files and folders of inputs without libFuzzer, also on every prefix of
// each input, so that the corpus is an ordinary test of every build.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz.h"

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPrefixesMax = 2000;  // Of the long inputs only the first prefixes.

std::vector<fs::path> files_of(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void run(const std::string& input) {
  const std::size_t prefixes = std::min(input.size(), kPrefixesMax);
  for (std::size_t size = 0; size <= prefixes; ++size) {
    const std::string prefix = input.substr(0, size);  // Its own memory, for the sanitizers.
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(prefix.data()), prefix.size());
  }
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const fs::path& file : files_of(argv[i])) {
      std::ifstream in(file, std::ios::binary);
      if (!in) {
        std::cerr << "cannot read " << file << '\n';
        return 2;
      }
      run(std::string(std::istreambuf_iterator<char>(in), {}));
      ++count;
    }
  }
  if (count == 0) {
    std::cerr << "usage: replay_TARGET FILE-OR-FOLDER..., with at least one input\n";
    return 2;
  }
  std::cout << count << " inputs, each whole and cut, ran clean\n";
  return 0;
}

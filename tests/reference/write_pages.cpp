// Writes every file of text.hpp below the directory that is named. See scripts/reference.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "reference/text.hpp"

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "reference_pages DIRECTORY\n";
    return 2;
  }
  for (const auto& [path, text] : ackwire::reference::files) {
    std::ofstream file(std::filesystem::path(arguments[1]) / path, std::ios::binary);
    file << text();
    if (!file.flush()) {
      std::cerr << path << " could not be written\n";
      return 1;
    }
  }
  return 0;
}

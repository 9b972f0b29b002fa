// Prints docs/lifecycle.md. See scripts/lifecycle.
#include <iostream>

#include "lifecycle/page.hpp"

int main() { std::cout << ackwire::lifecycle::page(); }

// What is made from the fields and verbs.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace ackwire::reference {

std::string page();             ///< docs/reference.md
std::string python_results();   ///< python/ackwire/_results.py
std::string python_settings();  ///< python/ackwire/_settings.py

/// Each file with what makes it, by its path in the repository.
inline constexpr std::array<std::pair<std::string_view, std::string (*)()>, 3> files{{
    {"docs/reference.md", page},
    {"python/ackwire/_results.py", python_results},
    {"python/ackwire/_settings.py", python_settings},
}};

}  // namespace ackwire::reference

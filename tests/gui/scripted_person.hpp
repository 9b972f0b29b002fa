// SPDX-License-Identifier: GPL-3.0-only
// A person at a window over a scripted broker.
#pragma once

#include "person.hpp"
#include "scripted_source.hpp"

namespace ackwire::dashboard::test {

struct ScriptedPerson : Person {
  explicit ScriptedPerson(Script& script)
      : Person(QStringLiteral("tcp://127.0.0.1:7733"), [&script](const QString&) { return script.factory(); }) {}
  bool first_letter_read() const { return dead_cell(0) == QLatin1String("7"); }
};

}  // namespace ackwire::dashboard::test

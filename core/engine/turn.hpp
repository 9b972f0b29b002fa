// One turn: its transaction and time, what it may still do, and what leaves after its commit.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ackwire/error.hpp"
#include "engine/rows/row.hpp"
#include "model/effect.hpp"
#include "model/note.hpp"
#include "store/store.hpp"

namespace ackwire::engine {

Error damaged_row(const std::string& place);

struct Turn {
  model::Now now;
  std::unique_ptr<store::Transaction> tx;
  std::uint32_t budget = 0;   // messages that may still be swept
  bool more = false;          // work was left for the next turn
  model::SessionId asking{};  // whose request is answered
  Status broken;              // a row could not be read: the turn must fail
  std::vector<model::Effect> effects;
  std::vector<model::Note> notes;
  std::vector<std::string> damage_found;  // and dealt with, a line each

  void effect(model::SessionId session, decltype(model::Effect::what) what);
  /// Alike things of one turn are one note.
  void note(model::Note note);
  /// What the broker cannot do without is damaged: the turn fails.
  void damage(const std::string& place) {
    if (broken.ok()) broken = damaged_row(place);
  }
  /// A row has a member that this program must know and does not: the turn fails.
  void refuse_newer(const std::string& place) {
    if (broken.ok()) broken = newer_row(place);
  }
  /// Ends it: nothing leaves unless the commit was ok.
  Status commit();
};

}  // namespace ackwire::engine

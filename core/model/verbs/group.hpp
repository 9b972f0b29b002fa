// What can be asked about consumer groups.
#pragma once

#include <string>

#include "model/verbs/verb.hpp"

namespace ackwire::model {

struct CreateGroup {
  using Reply = Done;
  static constexpr Verb verb{.name = "create_group", .meaning = "makes a consumer group; the same again changes nothing"};
  std::string queue, group;
  bool from_oldest = false;
  static constexpr auto fields = Fields{
      field("queue", &CreateGroup::queue, "where").must(),
      field("group", &CreateGroup::group, "its name").must(),
      field("from_oldest", &CreateGroup::from_oldest, "start at the oldest message that is kept, not behind the last"),
  };
};

struct RemoveGroup {
  using Reply = Done;
  static constexpr Verb verb{.name = "remove_group", .meaning = "removes a consumer group with its dead letters; not the last one"};
  std::string queue, group;
  static constexpr auto fields = Fields{
      field("queue", &RemoveGroup::queue, "where").must(),
      field("group", &RemoveGroup::group, "its name").must(),
  };
};

struct PauseGroup {
  using Reply = Done;
  static constexpr Verb verb{
      .name = "pause_group",
      .meaning = "holds a consumer group back, or lets it go on: a paused group is handed nothing, publishes are taken",
      .repeat = Repeat::safe};
  std::string queue, group;
  bool paused = true;
  static constexpr auto fields = Fields{
      field("queue", &PauseGroup::queue, "where").must(),
      field("group", &PauseGroup::group, "its name").must(),
      field("paused", &PauseGroup::paused, "false: hand messages out again"),
  };
};

using GroupVerbs = Verbs<CreateGroup, RemoveGroup, PauseGroup>;

}  // namespace ackwire::model

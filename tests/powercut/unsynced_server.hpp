// A broker that lies on purpose: its store does not sync. The power-cut test has to find it out.
#pragma once

#include <string>

namespace powercut {

/// Serves until it is killed. `flags` of mdb_env_open, such as MDB_NOSYNC. Returns the exit status when it cannot.
int serve_unsynced(const std::string& directory, const std::string& endpoint, unsigned flags);

}  // namespace powercut

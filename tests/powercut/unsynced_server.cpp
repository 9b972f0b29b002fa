#include "unsynced_server.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "runtime/commit_loop.hpp"
#include "store/lmdb_testing.hpp"
#include "transport/zmtp_gateway.hpp"

namespace powercut {

int serve_unsynced(const std::string& directory, const std::string& endpoint, unsigned flags) {
  const auto refused = [](const ackwire::Error& error) {
    std::fprintf(stderr, "%s\n", error.message.c_str());
    return 1;
  };
  auto store = ackwire::store::open_lmdb_wrongly(directory, {}, flags);
  if (!store) return refused(store.error());
  ackwire::BrokerOptions options;
  options.disk_floor_bytes = 0;
  auto loop = ackwire::runtime::CommitLoop::start(*std::move(store), options);
  if (!loop) return refused(loop.error());
  auto gateway = ackwire::transport::make_zmtp_gateway();
  if (!gateway) return refused(gateway.error());
  (*loop)->set_gateway(*std::move(gateway));
  if (const auto bound = (*loop)->bind(endpoint); !bound) return refused(bound.error());
  ::signal(SIGTERM, [](int) { ::_exit(0); });
  std::fprintf(stderr, "unsynced ready: %s\n", endpoint.c_str());
  for (;;) ::pause();
}

}  // namespace powercut

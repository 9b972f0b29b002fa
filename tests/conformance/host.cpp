// The smallest broker process: the commit loop over a store and the gateway, no faces. `conformance_host DIRECTORY ENDPOINT`
// prints the endpoint as bound and serves until its standard input ends.
#include <cstdio>
#include <iostream>
#include <string>

#include "ackwire/broker.hpp"
#include "runtime/commit_loop.hpp"
#include "store/lmdb_store.hpp"
#include "transport/zmtp_gateway.hpp"

namespace {

int fail(const ackwire::Error& error) {
  std::cerr << ackwire::name(error.code) << ": " << error.message << std::endl;
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: conformance_host DIRECTORY ENDPOINT" << std::endl;
    return 64;
  }
  ackwire::BrokerOptions options;
  options.session_timeout = ackwire::Duration{5'000};  // so that the tests need not wait long for it
  auto store = ackwire::store::open_lmdb(argv[1], {.map_bytes = 1ull << 30});
  if (!store) return fail(store.error());
  auto loop = ackwire::runtime::CommitLoop::start(std::move(*store), options);
  if (!loop) return fail(loop.error());
  auto gateway = ackwire::transport::make_zmtp_gateway({.outbox_bytes = options.session_outbox_bytes});
  if (!gateway) return fail(gateway.error());
  (*loop)->set_gateway(std::move(*gateway));
  const auto bound = (*loop)->bind(argv[2]);
  if (!bound) return fail(bound.error());
  std::cout << *bound << std::endl;
  while (std::getchar() != EOF) {
  }
  (*loop)->stop();
  return 0;
}

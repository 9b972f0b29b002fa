// The broker in this process: store, commit loop, and a local connection into it.
#include "ackwire/broker.hpp"

#include <mutex>
#include <utility>

#include "ackwire/process.hpp"
#include "api/local_link.hpp"
#include "client/connection_core.hpp"
#include "client/fork.hpp"
#include "client/gate.hpp"
#include "rules/settings.hpp"
#include "runtime/commit_loop.hpp"
#include "store/lmdb_store.hpp"
#include "transport/endpoint.hpp"
#include "transport/zmtp_gateway.hpp"

namespace ackwire {
namespace {

constexpr Duration broker_farewell{5'000};  // for what is not confirmed, when the broker is destroyed without close()

/// Names that mean something else than a directory, and would become one.
Status check_directory(const std::filesystem::path& directory) {
  const std::string& text = directory.native();
  if (text == ":memory:") {
    return Error{Errc::invalid_argument,
                 "':memory:' is no directory: a store is always on disk, because what is confirmed must survive. Nothing was made. "
                 "Name a directory; a test may use a temporary one."};
  }
  if (text.find("://") != std::string::npos) {
    return Error{Errc::invalid_argument, "'" + text +
                                             "' is an endpoint, not a directory. Nothing was made. Connect to it, or name the "
                                             "directory of a store."};
  }
  return {};
}

}  // namespace

struct Broker::Host {
  Host(std::shared_ptr<runtime::CommitLoop> loop_, const BrokerOptions& options_) : loop(std::move(loop_)), options(options_) {}

  /// The loop with a gateway, made at the first listen().
  Status open_gateway() {
    const std::lock_guard lock(mutex);
    if (has_gateway) return {};
    transport::ZmtpGatewayOptions gateway;
    gateway.outbox_bytes = options.session_outbox_bytes;
    gateway.socket_mode = options.socket_mode;
    auto made = transport::make_zmtp_gateway(gateway);
    if (!made) return std::move(made).error();
    loop->set_gateway(*std::move(made));
    has_gateway = true;
    return {};
  }

  const std::uint64_t generation = client::fork_generation();
  const std::shared_ptr<runtime::CommitLoop> loop;
  const BrokerOptions options;
  std::mutex mutex;
  bool has_gateway = false;
};

Broker::Broker(std::shared_ptr<backend::Backend> backend, std::unique_ptr<Host> host)
    : Connection(std::move(backend)), host_(std::move(host)) {}

Result<Broker> Broker::open(const std::filesystem::path& directory, const BrokerOptions& options) {
  if (Status status = rules::check_fields(options, "The store was not touched."); !status) return status.error();
  keep_standard_descriptors();
  if (Status status = check_directory(directory); !status) return status.error();
  BrokerOptions own = options;
  if (options.log) {
    own.log = [sink = options.log](const LogEvent& event) {
      const client::CallbackScope scope;  // a call from in there could only wait for itself
      sink(event);
    };
  }
  store::LmdbOptions lmdb;
  lmdb.map_bytes = options.store_bytes_limit;
  lmdb.accept_rollback = options.accept_rollback;
  lmdb.unsafe_filesystem = options.unsafe_filesystem;
  auto store = store::open_lmdb(directory, lmdb);
  if (!store) return std::move(store).error();
  auto started = runtime::CommitLoop::start(*std::move(store), own);
  if (!started) return std::move(started).error();
  std::shared_ptr<runtime::CommitLoop> loop = *std::move(started);

  client::CoreOptions core_options;
  core_options.name = "embedded";
  core_options.call_timeout = options.call_timeout;
  core_options.embedded = true;
  auto core = std::make_shared<ConnectionCore>(std::move(core_options));
  if (Status status = core->start(std::make_unique<api::LocalLink>(loop)); !status) return status.error();
  if (Status status = core->wait_connected(Wait{options.call_timeout}); !status) return status.error();
  return Broker{std::move(core), std::make_unique<Host>(std::move(loop), options)};
}

Result<std::string> Broker::listen(std::string_view endpoint) {
  if (!host_) return Error{Errc::closed, "This Broker was moved from. Nothing was bound."};
  if (host_->generation != client::fork_generation()) {
    return Error{Errc::forked,
                 "The process forked after the broker was opened; the broker stayed with the parent. Nothing was bound."};
  }
  if (client::inside_callback()) return Error{Errc::reentrant, "listen() was called from inside a callback. Nothing was bound."};
  keep_standard_descriptors();  // again: the program may have closed them since
  if (Status status = host_->open_gateway(); !status) return status.error();
  return host_->loop->bind(endpoint);
}

Status Broker::check_endpoint(std::string_view endpoint) {
  const auto read = transport::endpoint_to_bind(endpoint);
  return read ? Status{} : Status{read.error()};
}

Status Broker::check_free(std::string_view endpoint) {
  const auto read = transport::endpoint_to_bind(endpoint);
  return read ? transport::check_free(*read) : Status{read.error()};
}

Status Broker::health() const {
  if (!host_) return Error{Errc::closed, "This Broker was moved from."};
  if (host_->generation != client::fork_generation()) return {};
  return host_->loop->health();
}

Duration Broker::clock_offset() const {
  if (!host_ || host_->generation != client::fork_generation()) return Duration{0};
  return host_->loop->clock_offset();
}

Status Broker::room() const {
  if (!host_ || host_->generation != client::fork_generation()) return {};
  return host_->loop->room();
}

Broker::Broker(Broker&&) noexcept = default;

Broker& Broker::operator=(Broker&& other) noexcept {
  if (this == &other) return *this;
  Broker old(std::move(*this));
  Connection::operator=(std::move(other));
  host_ = std::move(other.host_);
  return *this;
}

Broker::~Broker() {
  // The connection ends before the loop it talks to.
  if (backend_) static_cast<void>(backend_->close(Wait{broker_farewell}));
  // In a child process the loop's thread does not exist and the store belongs to the parent: let go of neither.
  if (host_ && host_->generation != client::fork_generation()) static_cast<void>(host_.release());
}

}  // namespace ackwire

// ackwire serve DIR: the broker as a process.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/un.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "ackwire/broker.hpp"
#include "ackwire/version.hpp"
#include "commands.hpp"
#include "config.hpp"
#include "exit_code.hpp"
#include "file_limit.hpp"
#include "notify.hpp"
#include "session.hpp"
#include "signals.hpp"
#include "text.hpp"
#include "units.hpp"

namespace ackwire::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Duration health_every{200};
constexpr Duration clock_apart{1'000};  // a smaller difference is not worth a line
constexpr Duration drain{4'000};        // for closing; the rest of the 5 s is for letting go of the store
constexpr Duration drain_most{5'000};   // then the process ends as it is, which loses nothing that was confirmed

struct ServeOptions {
  std::string directory;
  std::string config_file;
  std::vector<std::string> listen;
  std::string log_level;
  std::vector<std::pair<const Field<BrokerOptions>*, Value>> given;  ///< flags, applied over the settings file
  bool check = false;
};

std::shared_ptr<spdlog::logger> make_log(const std::string& level) {
  auto log = std::make_shared<spdlog::logger>("ackwire", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  log->set_level(spdlog::level::from_str(level.empty() ? "info" : level));
  log->flush_on(spdlog::level::trace);
  return log;
}

/// Settings file, then flags; false when something is wrong, which is then reported.
bool settle_config(const ServeOptions& options, const Globals& globals, Terminal& terminal, ServeConfig& config) {
  if (!options.config_file.empty()) {
    const auto problems = load_config(options.config_file, config);
    for (const ConfigProblem& problem : problems) {
      if (!globals.json())
        terminal.line(fmt::format("ackwire: bad_config: {}", printable(to_string(problem))));
      else
        report(terminal, {Errc::bad_config, to_string(problem)}, true);
    }
    if (!problems.empty()) {
      if (!globals.json())
        terminal.line(fmt::format("  next: correct the {} above in {}; the store was not opened",
                                  problems.size() == 1 ? "line" : "lines", options.config_file));
      return false;
    }
  }
  for (const std::string& endpoint : options.listen) {
    if (const Status status = Broker::check_endpoint(endpoint); !status) {
      report(terminal, {status.error().code, fmt::format("--listen {}: {}", printable(endpoint), status.error().message)},
             globals.json());
      return false;
    }
  }
  for (const auto& [field, value] : options.given) field->set(config.broker, value);
  if (!options.listen.empty()) config.listen = options.listen;
  if (!options.log_level.empty()) config.log_level = options.log_level;
  return true;
}

/// Waits for the first signal, looking after the health of the broker.
class Watch {
 public:
  explicit Watch(SignalWatch& signals) : signals_(signals) {
    signals_.on_first([this] {
      const std::lock_guard lock(mutex_);
      asked_ = true;
      changed_.notify_all();
    });
  }
  ~Watch() { signals_.on_first(nullptr); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Ok when asked to end; else why the broker stopped confirming.
  Status hold(const Broker& broker, spdlog::logger& log) {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, health_every, [this] { return asked_; })) {
      if (Status health = broker.health(); !health) return health;
      look_at_clock(broker.clock_offset(), log);
    }
    return {};
  }

 private:
  void look_at_clock(Duration offset, spdlog::logger& log) {
    const bool apart = std::chrono::abs(offset) >= clock_apart;
    if (apart == std::exchange(clock_apart_, apart)) return;
    if (!apart) {
      log.info("clock: broker time and the system's clock agree again");
    } else {
      log.warn("clock: the system's clock is {} {} broker time. No message moves because of it; see operations.md, Clock",
               format_duration(std::chrono::abs(offset)), offset.count() > 0 ? "ahead of" : "behind");
    }
  }

  SignalWatch& signals_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false;
  bool clock_apart_ = false;
};

/// Ends the process when closing takes longer than promised.
class DrainLimit {
 public:
  DrainLimit(spdlog::logger& log, int status)
      : thread_([this, &log, status] {
          std::unique_lock lock(mutex_);
          if (ended_.wait_for(lock, drain_most, [this] { return done_; })) return;
          log.warn("closing took longer than {} ms; ending now, nothing that was confirmed is lost", drain_most.count());
          _exit(status);
        }) {}
  ~DrainLimit() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    ended_.notify_all();
    thread_.join();
  }
  DrainLimit(const DrainLimit&) = delete;
  DrainLimit& operator=(const DrainLimit&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
  std::thread thread_;
};

/// Binds what was asked for; without that, the default port and a socket in the store's directory.
Result<std::vector<std::string>> listen_all(Broker& broker, const ServeConfig& config, const std::filesystem::path& directory,
                                            spdlog::logger& log) {
  std::vector<std::string> wanted = config.listen;
  if (wanted.empty()) {
    wanted.push_back(default_endpoint);
    const std::string socket = (std::filesystem::absolute(directory).lexically_normal() / "ackwire.sock").string();
    if (socket.size() < sizeof(sockaddr_un::sun_path))
      wanted.push_back("ipc://" + socket);
    else
      log.warn("no socket in the store's directory: its path is longer than {} bytes", sizeof(sockaddr_un::sun_path) - 1);
  }
  std::vector<std::string> bound;
  for (const std::string& endpoint : wanted) {
    auto result = broker.listen(endpoint);
    if (!result) return Error{result.error().code, fmt::format("{} [endpoint {}]", result.error().message, endpoint)};
    bound.push_back(*std::move(result));
  }
  return bound;
}

int serve_until_asked(Broker& broker, SignalWatch& signals, spdlog::logger& log) {
  Watch watch(signals);
  const Status health = watch.hold(broker, log);
  notify_service_manager("STOPPING=1");
  if (!health)
    log.critical("{}: {}", name(health.error().code), health.error().message);
  else
    log.info("signal {}: draining, at most {} ms; a second signal ends at once", signals.caught(), drain_most.count());
  return health ? exit_ok : exit_io;
}

int serve(const ServeOptions& options, const Globals& globals, Terminal& terminal) {
  ServeConfig config;
  if (!settle_config(options, globals, terminal, config)) return exit_config;
  if (options.check) {
    terminal.say("ackwire: the settings are right; nothing was started");
    return exit_ok;
  }
  const auto refused = [&](const Error& error) {
    report(terminal, error, globals.json());
    return exit_config;
  };
  const auto begin = Clock::now();
  const auto log = make_log(config.log_level);
  SignalWatch signals;
  raise_file_limit(*log, config.broker.max_sessions);
  auto opened = Broker::open(options.directory, config.broker);
  if (!opened) return refused(opened.error());
  std::optional<Broker> broker(*std::move(opened));
  const auto bound = listen_all(*broker, config, options.directory, *log);  // first: it may fail, and then nothing was changed
  if (!bound) return refused(bound.error());
  for (const auto& [queue, change] : config.queues) {
    const auto ensured = broker->ensure_queue(queue, change);
    if (!ensured) return refused({ensured.error().code, fmt::format("queues.{}: {}", queue, ensured.error().message)});
  }
  log->info("ackwire {} ready: store={} pid={} start_ms={} listen={}", version(), options.directory, getpid(),
            std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count(), fmt::join(*bound, ","));
  notify_service_manager("READY=1");
  int status = serve_until_asked(*broker, signals, *log);
  const DrainLimit limit(*log, status == exit_ok ? exit_error : status);
  if (const Status closed = broker->close(drain); !closed) log->warn("{}: {}", name(closed.error().code), closed.error().message);
  broker.reset();
  log->info("closed");
  return status;
}

}  // namespace

void add_serve(CLI::App& root, Invocation& invocation) {
  const auto options = std::make_shared<ServeOptions>();
  CLI::App* app = add_command(root, invocation, "serve", "run a broker over the store in a directory");
  app->add_option("DIR", options->directory, "directory of the store; made when absent")->required();
  add_list(*app, "--listen", options->listen,
           "endpoint to serve; repeat it for more. Loopback and ipc only\n"
           "(default tcp://127.0.0.1:7733 and ipc://DIR/ackwire.sock)")
      ->type_name("ENDPOINT");
  app->add_option("--config", options->config_file, "settings file (TOML); flags win over it")->type_name("FILE");
  app->add_flag("--check", options->check, "only check the settings");
  app->add_option("--log-level", options->log_level, "trace, debug, info, warn, error or off (default info)")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->type_name("LEVEL");
  const auto given = [options](const Field<BrokerOptions>& field, const Value& value) {
    options->given.emplace_back(&field, value);
  };
  add_fields<BrokerOptions>(*app, store_fields(), "Store", given);
  add_fields<BrokerOptions>(*app, limit_fields(), "Limits", given);
  app->callback([&invocation, options] {
    invocation.act = [&globals = invocation.globals, options](Terminal& terminal) { return serve(*options, globals, terminal); };
  });
}

}  // namespace ackwire::cli

// ackwire serve DIR: the broker as a process.
#include <sys/un.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "ackwire/broker.hpp"
#include "ackwire/version.hpp"
#include "command/commands.hpp"
#include "frame/exit_code.hpp"
#include "frame/file_limit.hpp"
#include "frame/log.hpp"
#include "frame/notify.hpp"
#include "frame/session.hpp"
#include "frame/signals.hpp"
#include "output/describe.hpp"
#include "output/text.hpp"
#include "settings/config.hpp"
#include "settings/units.hpp"

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
  std::string log_level, log_format, socket_mode;
  std::vector<std::pair<const Field<BrokerOptions>*, Value>> given;  ///< flags, applied over the settings file
  bool check = false;
};

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
  if (!options.log_format.empty()) config.log_format = options.log_format;
  if (!options.socket_mode.empty()) config.broker.socket_mode = *parse_socket_mode(options.socket_mode);
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
  Status hold(const Broker& broker, ServeLog& log) {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, health_every, [this] { return asked_; })) {
      if (Status health = broker.health(); !health) return health;
      look_at_clock(broker.clock_offset(), log);
      tell_room(broker.room(), log);
    }
    return {};
  }

 private:
  /// Once when publishes begin to be refused for want of room, once when they are taken again.
  void tell_room(const Status& room, ServeLog& log) {
    if (room.ok() == room_.ok()) return;
    room_ = room;
    if (room.ok()) {
      log.tell(LogLevel::info, "room_again", "there is room again: publishes are taken");
    } else {
      log.tell(LogLevel::warn, "no_room",
               fmt::format("publishes are refused, {}: {}", name(room.error().code), room.error().message),
               {{"code", std::string(name(room.error().code))}});
    }
  }

  void look_at_clock(Duration offset, ServeLog& log) {
    const bool apart = std::chrono::abs(offset) >= clock_apart;
    if (apart == std::exchange(clock_apart_, apart)) return;
    if (!apart) {
      log.tell(LogLevel::info, "clock_agrees", "broker time and the system's clock agree again");
    } else {
      log.tell(LogLevel::warn, "clock_apart",
               fmt::format("the system's clock is {} {} broker time. No message moves because of it; see operations.md, Clock",
                           format_duration(std::chrono::abs(offset)), offset.count() > 0 ? "ahead of" : "behind"),
               {{"offset_ms", static_cast<double>(offset.count())}});
    }
  }

  SignalWatch& signals_;
  Status room_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false;
  bool clock_apart_ = false;
};

/// Ends the process when closing takes longer than promised.
class DrainLimit {
 public:
  DrainLimit(ServeLog& log, int status)
      : thread_([this, &log, status] {
          std::unique_lock lock(mutex_);
          if (ended_.wait_for(lock, drain_most, [this] { return done_; })) return;
          log.tell(LogLevel::warn, "closing_slow",
                   fmt::format("closing took longer than {}; ending now, nothing that was confirmed is lost",
                               format_duration(drain_most)));
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

/// What was asked for; without that, the default port and a socket in the store's directory.
std::vector<std::string> endpoints(const ServeConfig& config, const std::filesystem::path& directory, ServeLog& log) {
  if (!config.listen.empty()) return config.listen;
  std::vector<std::string> wanted{default_endpoint};
  const std::string socket = (std::filesystem::absolute(directory).lexically_normal() / "ackwire.sock").string();
  if (socket.size() < sizeof(sockaddr_un::sun_path)) {
    wanted.push_back("ipc://" + socket);
  } else {
    log.tell(
        LogLevel::warn, "no_socket",
        fmt::format("no socket in the store's directory: its path is longer than {} bytes", sizeof(sockaddr_un::sun_path) - 1));
  }
  return wanted;
}

Error at_endpoint(const Error& error, const std::string& endpoint) {
  return {error.code, fmt::format("{} [endpoint {}]", error.message, endpoint)};
}

/// Before the store is touched: whether every endpoint is free. Those in a directory that is not made yet are.
Status check_free(const std::vector<std::string>& wanted, const std::filesystem::path& directory) {
  std::error_code ignored;
  const bool made = std::filesystem::exists(directory, ignored);
  const std::string inside = "ipc://" + (std::filesystem::absolute(directory).lexically_normal() / "").string();
  for (const std::string& endpoint : wanted) {
    if (!made && endpoint.starts_with(inside)) continue;
    if (const Status free = Broker::check_free(endpoint); !free) return at_endpoint(free.error(), endpoint);
  }
  return {};
}

Result<std::vector<std::string>> listen_all(Broker& broker, const std::vector<std::string>& wanted) {
  std::vector<std::string> bound;
  for (const std::string& endpoint : wanted) {
    auto result = broker.listen(endpoint);
    if (!result) return at_endpoint(result.error(), endpoint);
    bound.push_back(*std::move(result));
  }
  return bound;
}

/// "max_attempts 8 -> 5": what the settings file changes in a queue that was there.
std::string overridden(const QueuePolicy& before, const QueuePolicy& after) {
  std::string text;
  each_field<QueuePolicy>([&](const auto& field) {
    const auto &was = field.of(before), &is = field.of(after);
    if (was == is) return;
    const auto written = [&field](const auto& value) {
      if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(value)>>)
        return std::string(word_of(value));
      else
        return format_value(field.unit, ackwire::detail::number_of(value));
    };
    text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", field.name, written(was), written(is));
  });
  return text;
}

/// Makes the queues of the settings file. It wins over what was set at run time, and says so.
Status ensure_queues(Broker& broker, const ServeConfig& config, ServeLog& log) {
  for (const auto& [queue, change] : config.queues) {
    const auto before = broker.queue_info(queue);
    const auto ensured = broker.ensure_queue(queue, change);
    if (!ensured) return Error{ensured.error().code, fmt::format("queues.{}: {}", queue, ensured.error().message)};
    const std::string changes = before ? overridden(before->policy, ensured->policy) : std::string();
    if (changes.empty()) continue;
    log.tell(LogLevel::warn, "settings_override",
             fmt::format("[queues.{}] of the settings file overrides what was set at run time: {}", queue, changes),
             {{"queue", queue}, {"change", changes}});
  }
  return {};
}

int serve_until_asked(Broker& broker, SignalWatch& signals, ServeLog& log) {
  Watch watch(signals);
  const Status health = watch.hold(broker, log);
  notify_service_manager("STOPPING=1");
  if (!health) {
    log.tell(LogLevel::critical, "broker_failed", fmt::format("{}: {}", name(health.error().code), health.error().message));
  } else {
    log.tell(LogLevel::info, "closing",
             fmt::format("signal {}: draining, at most {}; a second signal ends at once", signals.caught(),
                         format_duration(drain_most)));
  }
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
  SignalWatch signals;  // before the log, which has a thread
  ServeLog log(config.log_level, config.log_format == "json" ? LogFormat::json : LogFormat::text);
  config.broker.log = log.sink();
  raise_file_limit(log, config.broker.max_sessions);
  const auto wanted = endpoints(config, options.directory, log);
  if (const Status free = check_free(wanted, options.directory); !free) return refused(free.error());
  auto opened = Broker::open(options.directory, config.broker);
  if (!opened) return refused(opened.error());
  std::optional<Broker> broker(*std::move(opened));
  const auto bound = listen_all(*broker, wanted);
  if (!bound) {
    return refused(
        {bound.error().code, fmt::format("{} The store in {} was opened, and made if it was not there; nothing else was done.",
                                         bound.error().message, options.directory)});
  }
  if (const Status ensured = ensure_queues(*broker, config, log); !ensured) return refused(ensured.error());
  const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
  log.tell(LogLevel::info, "ready", fmt::format("ackwire {} ready: store={} pid={}", version(), options.directory, getpid()),
           {{"start_ms", static_cast<std::uint64_t>(taken)}, {"listen", fmt::format("{}", fmt::join(*bound, ","))}});
  notify_service_manager("READY=1");
  int status = serve_until_asked(*broker, signals, log);
  const DrainLimit limit(log, status == exit_ok ? exit_error : status);
  if (const Status closed = broker->close(drain); !closed)
    log.tell(LogLevel::warn, "closing", fmt::format("{}: {}", name(closed.error().code), closed.error().message));
  broker.reset();
  log.tell(LogLevel::info, "closed", "closed");
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
  app->add_option("--log-format", options->log_format, "text, or json: one object a line (default text)")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
  app->add_option_function<std::string>(
         "--socket-mode",
         [options](const std::string& text) {
           if (const auto mode = parse_socket_mode(text); !mode) throw CLI::ValidationError("--socket-mode", mode.error().message);
           options->socket_mode = text;
         },
         "permissions of socket files, in octal: 0660 lets the group connect, 0666 every user (default 0600)")
      ->type_name("MODE");
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

// ackwire sub QUEUE: print messages, or run a command for each.
#include <atomic>
#include <mutex>
#include <thread>

#include "ackwire/limits.hpp"
#include "command/commands.hpp"
#include "frame/exit_code.hpp"
#include "frame/session.hpp"
#include "frame/signals.hpp"
#include "frame/subprocess.hpp"
#include "output/describe.hpp"
#include "output/message_format.hpp"
#include "output/text.hpp"
#include "settings/units.hpp"

namespace ackwire::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int exit_reject = 65;                           // EX_DATAERR: this message can never be processed
constexpr int exit_no_command = 127, exit_no_exec = 126;  // of the shell: the command line itself is wrong
constexpr std::size_t print_batch = 256;
constexpr Duration look_slice{250};  // of a wait, so that --wait and --max of other threads are seen

struct SubOptions {
  std::string queue;
  std::string group = "default";
  std::string exec;
  Duration exec_timeout{0};
  std::uint64_t max = 0;  // 0: no end
  Duration wait{0};
  bool wait_given = false;
  std::uint64_t concurrency = 1;
  std::uint64_t credit = 0;  // 0: chosen
  std::optional<MessageFormat> format;
  bool raw = false;
};

constexpr std::array<Column, 9> event_columns{{{"sequence", Cell::number},
                                               {"attempts", Cell::number},
                                               {"publish_time"},
                                               {"idempotency_key"},
                                               {"body"},
                                               {"deliveries", Cell::number, false},
                                               {"ordering_key", Cell::text, false},
                                               {"headers", Cell::text, false},
                                               {"body_bytes", Cell::bytes, false}}};

/// Receives with one or more threads until an end: --max, --wait, a signal, an error, or a reader that has gone.
class Subscription {
 public:
  Subscription(Consumer& consumer, const SubOptions& options, const Face& face, const SignalWatch& signals)
      : consumer_(consumer), options_(options), face_(face), signals_(signals) {}

  int run() {
    if (options_.exec.empty()) {
      print_all();
    } else {
      std::vector<std::thread> threads;
      for (std::uint64_t i = 0; i < options_.concurrency; ++i) threads.emplace_back([this] { execute_all(); });
      for (std::thread& thread : threads) thread.join();
    }
    if (!options_.exec.empty() || received_ == 0) {
      face_.terminal.say("ackwire: received {}, acked {}, nacked {}, rejected {}, stale {}", received_.load(), acked_.load(),
                         nacked_.load(), rejected_.load(), stale_.load());
    }
    const std::lock_guard lock(mutex_);
    if (problem_) return face_.refuse(*problem_);
    const bool short_of_max = options_.max > 0 && options_.wait_given && received_ < options_.max && signals_.caught() == 0;
    return short_of_max ? exit_timeout : exit_ok;
  }

 private:
  bool ending() const { return ending_.load() || signals_.caught() != 0; }

  void end(std::optional<Error> problem = {}) {
    const std::lock_guard lock(mutex_);
    if (problem && !problem_) problem_ = std::move(problem);
    ending_ = true;
    consumer_.interrupt();
  }

  /// Messages that may still be received, at most `most`; taken from --max.
  std::size_t claim(std::size_t most) {
    if (options_.max == 0) return most;
    std::uint64_t claimed = claimed_.load();
    while (true) {
      const auto take = std::min<std::uint64_t>(most, options_.max - claimed);
      if (claimed_.compare_exchange_weak(claimed, claimed + take)) return static_cast<std::size_t>(take);
    }
  }

  /// The next messages; empty at the end.
  std::vector<Delivery> next(std::size_t most) {
    while (!ending()) {
      const std::size_t claimed = claim(most);
      if (claimed == 0) return {};
      const auto wait = options_.wait_given ? std::min(options_.wait, look_slice) : look_slice;
      auto got = consumer_.receive(claimed, wait);
      const std::size_t count = got ? got->size() : 0;
      if (options_.max > 0) claimed_ -= claimed - count;
      if (!got) {
        end(got.error());
        return {};
      }
      if (count > 0) {
        received_ += count;
        last_ = Clock::now();
        return *std::move(got);
      }
      if (options_.wait_given && running_ == 0 && Clock::now() - last_.load() >= options_.wait) return {};
    }
    return {};
  }

  void settled(const Result<Settled>& result, std::atomic<std::uint64_t>& counter) {
    if (!result) return end(result.error());
    counter += result->applied;
    stale_ += result->stale.size();
    for (const std::uint64_t sequence : result->stale) {
      face_.terminal.line(fmt::format("ackwire: stale_lease: the lease of {} had ended; it will be delivered again", sequence));
    }
  }

  bool print(const Delivery& delivery, bool heading) {
    const bool escape = face_.terminal.out_is_terminal && !options_.raw;
    if (options_.format) return face_.terminal.write(options_.format->apply(delivery, escape));
    if (face_.globals.output != Format::table || !face_.globals.columns.empty()) {
      face_.printer.stream(describe(delivery), heading);
      return true;
    }
    const auto body = delivery.body();
    return face_.terminal.write(escape ? printable(body) : std::string(body)) && face_.terminal.write("\n");
  }

  /// A message is acked only after the reader has its bytes.
  void print_all() {
    bool heading = true;
    for (auto batch = next(print_batch); !batch.empty(); batch = next(print_batch)) {
      bool written = true;
      for (const Delivery& delivery : batch) written = written && print(delivery, std::exchange(heading, false));
      if (!face_.terminal.flush() || !written) {
        settled(consumer_.release(batch), released_);
        return end();
      }
      settled(consumer_.ack(batch), acked_);
    }
  }

  void execute_all() {
    for (auto one = next(1); !one.empty(); one = next(1)) {
      ++running_;
      execute(one.front());
      last_ = Clock::now();
      --running_;
    }
  }

  void execute(const Delivery& delivery) {
    const CommandRun run{options_.exec, delivery.body(), environment(delivery), options_.exec_timeout};
    const auto ended = run_command(run);
    if (!ended || ended->status == exit_no_command || ended->status == exit_no_exec) {
      settled(consumer_.release(delivery), released_);
      if (!ended) return end(ended.error());
      return end(
          Error{Errc::io, fmt::format("the command cannot be run (exit {}): {}. Its message was put back, no attempt charged.",
                                      ended->status, options_.exec)});
    }
    if (ended->status == 0 && !ended->timed_out) return settled(consumer_.ack(delivery), acked_);
    const auto how = ended->timed_out ? fmt::format("killed after {}", format_duration(options_.exec_timeout))
                                      : fmt::format("exit {}", ended->status);
    const auto text = ended->error_tail.empty() ? how : fmt::format("{}: {}", how, ended->error_tail);
    if (ended->status == exit_reject && !ended->timed_out) return settled(consumer_.reject(delivery, text), rejected_);
    settled(consumer_.nack(delivery, {.delay = {}, .error = text}), nacked_);
  }

  /// What the command can know about its message. Keys with bytes that an environment cannot hold come in base64.
  std::vector<std::pair<std::string, std::string>> environment(const Delivery& delivery) const {
    std::vector<std::pair<std::string, std::string>> out{
        {"ACKWIRE_QUEUE", options_.queue},
        {"ACKWIRE_GROUP", options_.group},
        {"ACKWIRE_SEQUENCE", fmt::format("{}", delivery.sequence())},
        {"ACKWIRE_ATTEMPTS", fmt::format("{}", delivery.attempts())},
        {"ACKWIRE_DELIVERIES", fmt::format("{}", delivery.deliveries())},
        {"ACKWIRE_BOOT_EPOCH", fmt::format("{}", delivery.lease_token().boot_epoch)},
        {"ACKWIRE_PUBLISH_TIME", format_time(delivery.publish_time())},
        {"ACKWIRE_HEADERS", dump(describe(delivery)["headers"])}};
    const auto add = [&out](std::string name, std::string_view bytes) {
      if (bytes.empty()) return;
      if (bytes.find('\0') == std::string_view::npos)
        out.emplace_back(std::move(name), bytes);
      else
        out.emplace_back(name + "_BASE64", base64(bytes));
    };
    add("ACKWIRE_IDEMPOTENCY_KEY", delivery.idempotency_key());
    add("ACKWIRE_ORDERING_KEY", delivery.ordering_key());
    return out;
  }

  Consumer& consumer_;
  const SubOptions& options_;
  const Face& face_;
  const SignalWatch& signals_;
  std::mutex mutex_;  ///< protects problem_
  std::optional<Error> problem_;
  std::atomic<bool> ending_{false};
  std::atomic<std::uint64_t> claimed_{0}, received_{0}, acked_{0}, nacked_{0}, rejected_{0}, released_{0}, stale_{0};
  std::atomic<int> running_{0};
  std::atomic<Clock::time_point> last_{Clock::now()};
};

int subscribe(Client& client, const SubOptions& options, SignalWatch& signals, const Face& face) {
  ConsumerOptions consumer_options;
  consumer_options.group = options.group;
  // With --exec a process takes no more than it works on, so that other workers get the rest.
  std::uint64_t credit = options.credit != 0 ? options.credit : options.exec.empty() ? 2 * print_batch : options.concurrency;
  if (options.max > 0) credit = std::min(credit, options.max);
  consumer_options.credit = static_cast<std::uint32_t>(credit);
  auto consumer = client.consume(options.queue, consumer_options);
  if (!consumer) return face.refuse(consumer.error());
  signals.on_first([&consumer] { consumer->interrupt(); });
  const int status = Subscription(*consumer, options, face, signals).run();
  signals.on_first(nullptr);
  consumer->close();
  return status;
}

}  // namespace

void add_sub(CLI::App& root, Invocation& invocation) {
  const auto options = std::make_shared<SubOptions>();
  CLI::App* app = add_command(root, invocation, "sub", "receive: print each body on a line, or run a command for each message");
  app->add_option("QUEUE", options->queue, "the queue")->required();
  app->add_option("--group", options->group, "the group (default \"default\")")->type_name("GROUP");
  auto* exec = app->add_option("--exec", options->exec,
                               "run this by /bin/sh for each message, body on its input, ACKWIRE_* in its environment:\n"
                               "exit 0 acks, 65 rejects to the DLQ, anything else nacks")
                   ->type_name("CMD");
  auto* limit = add_duration(*app, "--exec-timeout", options->exec_timeout, "kill the command after this, and nack", Duration{1},
                             limits::visibility_timeout_max);
  auto* workers = add_count(*app, "--concurrency", options->concurrency, "commands at once (default 1)", 1, 1'000);
  add_count(*app, "-n,--max", options->max, "end after so many messages", 1, 1ull << 52);
  auto* wait = add_duration(*app, "--wait", options->wait, "end when nothing came for this long (default: wait for ever)",
                            Duration{0}, Duration{std::chrono::hours{24 * 366}});
  add_count(*app, "--credit", options->credit, "messages that may be unsettled at once", 1, limits::credit);
  auto* format = app->add_option_function<std::string>(
      "--format",
      [options](const std::string& text) {
        auto parsed = MessageFormat::parse(text);
        if (!parsed) throw CLI::ValidationError("--format", parsed.error().message);
        options->format = *std::move(parsed);
      },
      "what to print: %i sequence %k key %o ordering key %a attempts %d deliveries\n%t time %h headers %s body length %b body %%; "
      "\\n \\t");
  format->type_name("FORMAT");
  app->add_flag("--raw", options->raw, "do not escape control characters on a terminal");
  limit->needs(exec);
  workers->needs(exec);
  format->excludes(exec);
  app->callback([&invocation, options, wait] {
    options->wait_given = wait->count() > 0;
    if (options->format && invocation.globals.output != Format::table)
      throw CLI::ValidationError("--format", "not together with --output");
    invocation.act = [&globals = invocation.globals, options](Terminal& terminal) -> int {
      SignalWatch signals;
      signals.on_second(kill_commands);
      return with_client(globals, terminal, event_columns,
                         [&](Client& client, const Face& face) { return subscribe(client, *options, signals, face); });
    };
  });
}

}  // namespace ackwire::cli

// ackwire pub QUEUE [BODY...]
#include <fcntl.h>
#include <unistd.h>

#include <deque>
#include <span>
#include <thread>

#include "ackwire/limits.hpp"
#include "command/commands.hpp"
#include "frame/exit_code.hpp"
#include "frame/session.hpp"
#include "frame/signals.hpp"
#include "input/publish_source.hpp"

namespace ackwire::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t batch_messages = 200;           // of one atomic batch
constexpr std::size_t batch_body_bytes = 256 * 1024;  // and its bodies, unless one alone is larger
constexpr std::size_t batches_under_way = 32;
constexpr Duration least_pause{20}, longest_pause{2'000};  // before an overloaded batch is sent again
constexpr Duration progress_every{100};
constexpr Duration slice{100};           // of a wait, so that a signal is seen
constexpr Duration signal_grace{1'000};  // for the outcome of what is under way when a signal comes

struct PubOptions {
  std::string queue;
  std::vector<std::string> bodies;
  std::string file, key, ordering_key;
  JsonFields fields;
  std::vector<std::string> headers;
  Duration delay{0}, ttl{0};
  bool whole = false;
  bool receipts = false;
};

constexpr std::array<Column, 7> summary_columns{{{"queue"},
                                                 {"published", Cell::number},
                                                 {"duplicates", Cell::number},
                                                 {"differing", Cell::number},
                                                 {"body_bytes", Cell::bytes},
                                                 {"first_sequence", Cell::number},
                                                 {"last_sequence", Cell::number}}};
constexpr std::array<Column, 5> receipt_columns{
    {{"sequence", Cell::number}, {"duplicate"}, {"differs"}, {"idempotency_key"}, {"place", Cell::number, false}}};

struct Batch {
  std::vector<Outgoing> messages;
  std::size_t bytes = 0;
  PendingPublish pending;
};

using Receipts = Result<std::vector<Receipt>>;

/// Keeps a bounded number of batches under way, and counts what became of them.
class Publisher {
 public:
  Publisher(Client& client, const PubOptions& options, const Face& face, const SignalWatch& signals)
      : client_(client), options_(options), face_(face), signals_(signals) {
    for (const std::string& header : options.headers) {
      const auto equals = header.find('=');
      headers_.push_back({std::string_view(header).substr(0, equals), std::string_view(header).substr(equals + 1)});
    }
  }

  /// Publishes everything of `source`. The first error ends it: what was under way gets its outcome, nothing is sent again. What
  /// the broker refused is told before what is wrong with a later line.
  Status run(Source& source) {
    Batch batch;
    Status unreadable;
    while (unreadable.ok() && refused_.ok()) {
      Outgoing next;
      const auto more = source.next(next);
      if (!more) unreadable = more.error();
      if (!more || !*more) break;
      if (next.idempotency_key.empty()) next.idempotency_key = options_.key;
      if (next.ordering_key.empty()) next.ordering_key = options_.ordering_key;
      if (!batch.messages.empty() && batch.bytes + next.body.size() > batch_body_bytes) send(batch, source);
      batch.bytes += next.body.size();
      batch.messages.push_back(std::move(next));
      if (batch.messages.size() == batch_messages || !source.ready()) send(batch, source);
      show(source, false);
    }
    send(batch, source);  // what was read before a bad line is good, so that a rerun starts behind it
    while (!under_way_.empty()) settle(source);
    show(source, true);
    return refused_.ok() ? unreadable : refused_;
  }

  Json summary() const {
    Json out{{"queue", options_.queue},
             {"published", published_},
             {"duplicates", duplicates_},
             {"differing", differing_},
             {"body_bytes", bytes_}};
    if (published_ > 0) {
      out["first_sequence"] = first_;
      out["last_sequence"] = last_;
    }
    return out;
  }
  std::uint64_t published() const { return published_; }
  std::uint64_t differing() const { return differing_; }

 private:
  bool ending() const { return signals_.caught() != 0; }

  std::vector<Message> views(std::span<const Outgoing> messages) const {
    std::vector<Message> out;
    out.reserve(messages.size());
    for (const Outgoing& message : messages) {
      out.push_back({.body = message.body,
                     .idempotency_key = message.idempotency_key,
                     .ordering_key = message.ordering_key,
                     .headers = headers_,
                     .delay = options_.delay,
                     .ttl = options_.ttl});
    }
    return out;
  }

  void send(Batch& batch, const Source& source) {
    while (refused_.ok() && under_way_.size() >= batches_under_way) settle(source);
    if (batch.messages.empty() || !refused_.ok()) return;
    if (auto pending = client_.publish_async(options_.queue, views(batch.messages)); pending) {
      batch.pending = *std::move(pending);
      under_way_.push_back(std::move(batch));
    } else {
      refused_ = located(pending.error(), batch.messages, source);
    }
    batch = {};
  }

  /// The outcome of the oldest batch.
  void settle(const Source& source) {
    const Batch batch = std::move(under_way_.front());
    under_way_.pop_front();
    const std::span<const Outgoing> messages(batch.messages);
    if (const Receipts receipts = outcome(batch.pending); receipts)
      return count(*receipts, messages);
    else if (receipts.error().code != Errc::overloaded || !refused_.ok() || ending())
      return refuse(receipts.error(), messages, source);
    send_in_parts(messages, source);
  }

  /// Waits for at most --timeout, of all waits after a refusal or a signal together.
  Receipts outcome(const PendingPublish& pending) {
    const auto patience = refused_.ok() ? Clock::now() + face_.globals.timeout : last_wait_;
    while (true) {
      if (ending()) last_wait_ = std::min(last_wait_, Clock::now() + signal_grace);
      const auto left = std::chrono::ceil<Duration>(std::min(patience, last_wait_) - Clock::now());
      Receipts receipts = pending.wait(std::clamp(left, Duration{0}, slice));
      if (receipts || receipts.error().code != Errc::timeout || left <= slice) return receipts;
    }
  }

  /// An overloaded broker is asked again until --timeout has passed without progress, with smaller and smaller batches: a large one
  /// may never fit.
  void send_in_parts(std::span<const Outgoing> messages, const Source& source) {
    std::size_t part = messages.size();
    auto deadline = Clock::now() + face_.globals.timeout;
    while (!messages.empty()) {
      const auto some = messages.first(std::min(part, messages.size()));
      const Receipts receipts = client_.publish(options_.queue, views(some));
      if (receipts) {
        count(*receipts, some);
        messages = messages.subspan(some.size());
        deadline = Clock::now() + face_.globals.timeout;
        continue;
      }
      const Error& error = receipts.error();
      if (error.code != Errc::overloaded || ending() || Clock::now() >= deadline) return refuse(error, messages, source);
      part = std::max<std::size_t>(1, some.size() / 2);
      pause(std::clamp(error.retry_after, least_pause, longest_pause));
    }
  }

  void pause(Duration time) const {
    for (const auto end = Clock::now() + time; !ending() && Clock::now() < end;)
      std::this_thread::sleep_for(std::min<Clock::duration>(slice, end - Clock::now()));
  }

  void refuse(const Error& error, std::span<const Outgoing> messages, const Source& source) {
    if (!refused_.ok()) return;
    refused_ = located(error, messages, source);
    const bool silent = error.code == Errc::timeout || error.code == Errc::disconnected;  // then the rest has no answer either
    last_wait_ = std::min(last_wait_, Clock::now() + (silent ? Duration{0} : face_.globals.timeout));
  }

  void count(const std::vector<Receipt>& receipts, std::span<const Outgoing> messages) {
    for (std::size_t i = 0; i < receipts.size(); ++i) count(receipts[i], messages[i]);
  }

  void count(const Receipt& receipt, const Outgoing& message) {
    if (published_++ == 0) first_ = receipt.sequence;
    last_ = receipt.sequence;
    duplicates_ += receipt.duplicate;
    differing_ += receipt.differs;
    bytes_ += message.body.size();
    if (!options_.receipts) return;
    Json row{{"sequence", receipt.sequence}, {"duplicate", receipt.duplicate}, {"differs", receipt.differs}};
    put_bytes(row, "idempotency_key", message.idempotency_key);
    row["place"] = message.place;
    face_.printer.stream(row, published_ == 1);
  }

  /// Says which line or argument is at fault and what of its batch was stored: nothing.
  static Error located(Error error, std::span<const Outgoing> messages, const Source& source) {
    const auto first = messages.front().place, last = messages.back().place;
    if (error.index && *error.index < messages.size()) {
      error.message = fmt::format("{} {}: {}", source.unit(), messages[*error.index].place, error.message);
    }
    const bool unknown = error.code == Errc::timeout || error.code == Errc::disconnected || error.code == Errc::indeterminate;
    const auto where =
        first == last ? fmt::format("{} {}", source.unit(), first) : fmt::format("{}s {} to {}", source.unit(), first, last);
    error.message +=
        unknown ? fmt::format(" The outcome of {} is not known.", where) : fmt::format(" Of {} nothing was stored.", where);
    return error;
  }

  /// A progress bar on a terminal.
  void show(const Source& source, bool last) {
    if (!face_.terminal.err_is_terminal || face_.terminal.quiet) return;
    const auto now = Clock::now();
    if (!last && now - shown_ < progress_every) return;
    const double share = last ? 1 : source.progress();
    if (share < 0 || (last && shown_ == Clock::time_point{})) return;
    shown_ = now;
    const auto filled = static_cast<std::size_t>(share * 30);
    fmt::print(face_.terminal.err, "\r[{:<30}] {:3.0f}%  {} confirmed, {} duplicates{}",
               std::string(std::min<std::size_t>(filled, 30), '#'), share * 100, published_, duplicates_, last ? "\n" : "");
    std::fflush(face_.terminal.err);
  }

  Client& client_;
  const PubOptions& options_;
  const Face& face_;
  const SignalWatch& signals_;
  std::vector<Header> headers_;
  std::deque<Batch> under_way_;
  std::uint64_t published_ = 0, duplicates_ = 0, differing_ = 0, bytes_ = 0, first_ = 0, last_ = 0;
  Status refused_;  // by the broker, the first
  Clock::time_point last_wait_ = Clock::time_point::max();
  Clock::time_point shown_{};
};

int publish(Client& client, const PubOptions& options, Source& source, const SignalWatch& signals, const Face& face) {
  Publisher publisher(client, options, face, signals);
  const Status problem = publisher.run(source);
  const std::uint64_t stored = publisher.published();
  if (!options.receipts && (problem.ok() || stored > 0)) face.printer.record(publisher.summary());
  if (publisher.differing() > 0) {
    face.terminal.say(
        "ackwire: {} duplicates came with other headers, another ordering key, delay or ttl than their originals, whose own hold: "
        "nothing of a duplicate is stored",
        publisher.differing());
  }
  if (signals.caught() != 0) {
    face.terminal.say("ackwire: interrupted; everything counted above is stored; what had no answer yet may be stored too");
    return 128 + signals.caught();
  }
  if (problem.ok()) return exit_ok;
  Error error = problem.error();
  error.message += stored == 0 ? " No message is known to be stored."
                               : fmt::format(" {} messages are stored; with keys, a rerun publishes only the rest.", stored);
  const int status = face.refuse(error);
  if (stored > 0) return exit_partial;
  return error.code == Errc::invalid_argument ? exit_error : status;
}

int act(const PubOptions& options, const Globals& globals, Terminal& terminal) {
  const bool from_stdin = options.file.empty() || options.file == "-";
  int descriptor = STDIN_FILENO;
  if (!from_stdin) {
    descriptor = open(options.file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
      report(terminal, {Errc::io, fmt::format("cannot read {}: {}. Nothing was published.", options.file, std::strerror(errno))},
             globals.json());
      return exit_error;
    }
  }
  const SignalWatch signals;
  const Stop stop = [&signals] { return signals.caught() != 0; };
  std::unique_ptr<Source> source;
  if (!options.bodies.empty())
    source = arguments_source(options.bodies);
  else if (!options.file.empty())
    source = json_source(descriptor, options.fields, stop);
  else if (options.whole)
    source = whole_source(descriptor, stop);
  else
    source = lines_source(descriptor, stop);
  if (options.bodies.empty() && options.file.empty() && terminal.in_is_terminal)
    terminal.say("ackwire: each line is a message; end with Ctrl-D");
  const View view = options.receipts ? View(receipt_columns) : View(summary_columns);
  const int status = with_client(
      globals, terminal, view, [&](Client& client, const Face& face) { return publish(client, options, *source, signals, face); });
  if (!from_stdin) close(descriptor);
  return status;
}

/// A single "-" is standard input, as for --file.
void take_dash(PubOptions& options) {
  const auto dash = std::find(options.bodies.begin(), options.bodies.end(), "-");
  if (dash == options.bodies.end()) return;
  if (options.bodies.size() > 1) {
    throw CLI::ValidationError("BODY",
                               "\"-\" is standard input and stands alone; to publish a dash, pipe it: printf - | ackwire pub "
                               "QUEUE");
  }
  options.bodies.clear();
}

/// Combinations that cannot be meant.
void refuse_contradictions(const PubOptions& options) {
  const bool fields =
      !options.fields.body.empty() || !options.fields.idempotency_key.empty() || !options.fields.ordering_key.empty();
  if (!options.file.empty() && !options.bodies.empty()) throw CLI::ValidationError("--file", "not together with BODY");
  if (options.file.empty() && fields) throw CLI::ValidationError("--key-field, --ordering-field, --body-field", "need --file");
  if (options.whole && (!options.file.empty() || !options.bodies.empty()))
    throw CLI::ValidationError("--whole", "is for standard input only");
  if (!options.key.empty() && options.bodies.size() != 1 && !options.whole) {
    throw CLI::ValidationError("--key", "is for one message: one BODY, or --whole; a file takes --key-field");
  }
  for (const std::string& header : options.headers) {
    if (header.find('=') == std::string::npos || header.front() == '=')
      throw CLI::ValidationError("--header", "\"" + header + "\" is not NAME=VALUE");
  }
}

}  // namespace

void add_pub(CLI::App& root, Invocation& invocation) {
  const auto options = std::make_shared<PubOptions>();
  CLI::App* app = add_command(root, invocation, "pub", "publish: arguments, lines of standard input, or a JSON Lines file");
  app->add_option("QUEUE", options->queue, "the queue")->required();
  app->add_option("BODY", options->bodies, "one message each; without any, or with - alone, each line of standard input is one");
  app->add_option("--file", options->file, "JSON Lines: one object a line; - is standard input")->type_name("FILE");
  app->add_option("--key-field", options->fields.idempotency_key, "field of the file that is the idempotency key; dots descend")
      ->type_name("PATH");
  app->add_option("--ordering-field", options->fields.ordering_key, "field that is the ordering key")->type_name("PATH");
  app->add_option("--body-field", options->fields.body, "field that is the body (default: the whole line)")->type_name("PATH");
  app->add_flag("--whole", options->whole, "standard input as one message");
  app->add_option("--key", options->key, "idempotency key of the one message")->type_name("KEY");
  app->add_option("--ordering-key", options->ordering_key, "ordering key of the messages")->type_name("KEY");
  add_list(*app, "--header", options->headers, "header of every message; repeat it for more")->type_name("NAME=VALUE");
  add_duration(*app, "--delay", options->delay, "deliver not before this has passed", Duration{0}, limits::delay_max);
  add_duration(*app, "--ttl", options->ttl, "expire after this", Duration{1}, limits::ttl_max);
  app->add_flag("--receipts", options->receipts, "print one receipt a message instead of the sum");
  app->callback([&invocation, options] {
    take_dash(*options);
    refuse_contradictions(*options);
    invocation.act = [&globals = invocation.globals, options](Terminal& terminal) { return act(*options, globals, terminal); };
  });
}

}  // namespace ackwire::cli

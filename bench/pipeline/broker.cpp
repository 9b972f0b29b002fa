// The broker of the bare pipeline: one thread, one ROUTER, one LMDB environment with default (synced) flags.
#include <lmdb.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <vector>
#include <zmq.hpp>

#include "format/confirm.hpp"
#include "format/run.hpp"
#include "pipeline/pipeline.hpp"
#include "support/result.hpp"
#include "wire/consume.hpp"
#include "wire/publish.hpp"

namespace ackwire::bench {
namespace {

void must(int code) {
  if (code != 0) throw std::runtime_error(std::string("LMDB: ") + mdb_strerror(code));
}

/// Blocks by first sequence.
class Blocks {
 public:
  explicit Blocks(const std::string& directory) {
    must(mdb_env_create(&environment_));
    must(mdb_env_set_mapsize(environment_, 16ull << 30));
    must(mdb_env_open(environment_, directory.c_str(), 0, 0600));
  }
  ~Blocks() { mdb_env_close(environment_); }
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  void begin() {
    must(mdb_txn_begin(environment_, nullptr, 0, &transaction_));
    must(mdb_dbi_open(transaction_, nullptr, 0, &table_));
  }
  void put(std::uint64_t sequence, std::string_view value) {
    auto bytes = key(sequence);
    MDB_val k{bytes.size(), bytes.data()}, v{value.size(), const_cast<char*>(value.data())};
    must(mdb_put(transaction_, table_, &k, &v, 0));
  }
  void erase(std::uint64_t sequence) {
    auto bytes = key(sequence);
    MDB_val k{bytes.size(), bytes.data()};
    must(mdb_del(transaction_, table_, &k, nullptr));
  }
  void commit() { must(mdb_txn_commit(transaction_)); }

 private:
  static std::array<char, 8> key(std::uint64_t sequence) {
    std::array<char, 8> bytes{};
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(sequence >> (56 - 8 * i));
    return bytes;
  }
  MDB_env* environment_ = nullptr;
  MDB_txn* transaction_ = nullptr;
  MDB_dbi table_ = 0;
};

class Broker {
 public:
  Broker(const PipelineOptions& options, zmq::socket_t& router) : blocks_(options.directory), router_(router) {}

  /// Takes what has come, commits it, answers. False when nothing came for a while.
  bool turn();
  std::uint64_t settled = 0, commits = 0;

 private:
  struct Stored {
    zmq::message_t frame;
    std::uint64_t producer_sequence, first_sequence;
    std::uint32_t count;
    std::string_view records;
  };
  void take(zmq::message_t from, zmq::message_t frame);
  void publish(zmq::message_t from, zmq::message_t frame, std::string_view payload);
  void answer();

  static constexpr std::size_t frames_per_commit = 4'096;
  Blocks blocks_;
  zmq::socket_t& router_;
  zmq::message_t producer_, consumer_;
  std::uint64_t next_sequence_ = 1;
  std::vector<Stored> stored_;
  model::Publish publish_;
  model::Settle settle_;
  std::string out_;
};

bool Broker::turn() {
  zmq::message_t from, frame;
  if (!router_.recv(from)) return false;
  blocks_.begin();
  stored_.clear();
  for (std::size_t frames = 0; frames < frames_per_commit; ++frames) {
    if (frames > 0 && !router_.recv(from, zmq::recv_flags::dontwait)) break;
    if (!router_.recv(frame)) break;
    take(std::move(from), std::move(frame));
  }
  blocks_.commit();
  ++commits;
  answer();
  return true;
}

void Broker::take(zmq::message_t from, zmq::message_t frame) {
  wire::Frame head;
  if (!wire::split_frame(frame.to_string_view(), head).ok()) throw std::runtime_error("a damaged frame");
  if (head.operation == wire::Operation::publish) {
    publish(std::move(from), std::move(frame), head.payload);
  } else if (head.operation == wire::Operation::subscribe) {
    consumer_ = std::move(from);
  } else if (wire::decode_settle(head.payload, settle_).ok()) {
    for (const model::SettleRange& range : settle_.ranges) {
      blocks_.erase(range.first_sequence);
      settled += range.count;
    }
  }
}

void Broker::publish(zmq::message_t from, zmq::message_t frame, std::string_view payload) {
  // Small messages live inside the message object: the views must be into the object that is kept.
  const std::size_t payload_at = static_cast<std::size_t>(payload.data() - frame.data<char>());
  stored_.push_back({std::move(frame), 0, next_sequence_, 0, {}});
  Stored& stored = stored_.back();
  if (!wire::decode_publish(stored.frame.to_string_view().substr(payload_at), publish_).ok())
    throw std::runtime_error("bad publish");
  stored.producer_sequence = publish_.producer_sequence;
  stored.count = publish_.batches.front().count;
  stored.records = publish_.batches.front().records;
  blocks_.put(stored.first_sequence, stored.records);
  next_sequence_ += stored.count;
  producer_ = std::move(from);
}

void Broker::answer() {
  const auto send = [this](zmq::message_t& to) {
    router_.send(zmq::buffer(to.data(), to.size()), zmq::send_flags::sndmore);
    router_.send(zmq::buffer(out_), zmq::send_flags::none);
  };
  for (const Stored& stored : stored_) {
    out_.clear();
    format::ConfirmWriter confirm;
    confirm.stored(stored.first_sequence, stored.count);
    wire::encode_confirm_head(out_, stored.producer_sequence, pipeline_queue);
    out_ += confirm.take();
    send(producer_);
    if (consumer_.size() == 0) continue;
    out_.clear();
    wire::encode_deliver_head(out_, model::SubscriptionId{1});
    format::Run run;
    run.first_sequence = stored.first_sequence;
    run.count = stored.count;
    run.delivery = run.attempts = 1;
    // Vector growth moved the frames; those that live inside their object moved with it.
    run.records = stored.frame.to_string_view().substr(stored.frame.size() - stored.records.size());
    format::append_run(out_, run);
    send(consumer_);
  }
}

}  // namespace

PipelineRate run_broker(const PipelineOptions& options, Child& producer, Child& consumer) {
  zmq::context_t context;
  zmq::socket_t router(context, zmq::socket_type::router);
  router.set(zmq::sockopt::linger, 0);
  router.set(zmq::sockopt::sndhwm, 0);
  router.set(zmq::sockopt::rcvhwm, 0);
  router.set(zmq::sockopt::rcvtimeo, 20);
  router.bind(options.transport == "ipc" ? "ipc://" + options.directory + "/socket" : "tcp://127.0.0.1:*");
  const std::string endpoint = router.get(zmq::sockopt::last_endpoint);
  Broker broker(options, router);
  consumer.lines().send(endpoint);
  broker.turn();  // the subscription
  producer.lines().send(endpoint);
  const auto start = Clock::now();
  std::uint64_t settled = 0, commits = 0;
  double from = 0;
  while (producer.running()) {
    broker.turn();
    if (from == 0 && seconds_since(start) >= options.warmup_seconds) {
      from = seconds_since(start);
      settled = broker.settled;
      commits = broker.commits;
    }
  }
  const double passed = seconds_since(start) - from;
  return {static_cast<double>(broker.settled - settled) / passed, static_cast<double>(broker.commits - commits) / passed};
}

}  // namespace ackwire::bench

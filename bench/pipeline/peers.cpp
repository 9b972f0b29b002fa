// Producer and consumer of the bare pipeline.
#include <cstring>
#include <deque>
#include <stdexcept>
#include <vector>
#include <zmq.hpp>

#include "ackwire/message.hpp"
#include "format/record.hpp"
#include "format/run.hpp"
#include "pipeline/pipeline.hpp"
#include "support/result.hpp"
#include "wire/consume.hpp"
#include "wire/publish.hpp"

namespace ackwire::bench {
namespace {

zmq::socket_t connect(zmq::context_t& context, const std::string& endpoint) {
  zmq::socket_t socket(context, zmq::socket_type::dealer);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::sndhwm, 0);
  socket.set(zmq::sockopt::rcvhwm, 0);
  socket.connect(endpoint);
  return socket;
}

std::string records_of(const PipelineOptions& options) {
  const std::string body(options.body_bytes, 'x');
  Message message;
  message.body = body;
  std::string records;
  for (std::uint32_t i = 0; i < options.frame_messages; ++i) {
    if (!format::encode(message, Timestamp{}, records).ok()) throw std::runtime_error("the record was refused");
  }
  return records;
}

}  // namespace

void run_producer(const PipelineOptions& options, Lines& lines) {
  zmq::context_t context;
  zmq::socket_t socket = connect(context, lines.receive());
  const std::string records = records_of(options);
  std::string frame;
  std::deque<Clock::time_point> sent;
  std::vector<double> latency_ms;
  std::uint64_t sequence = 0;
  const auto start = Clock::now();
  const double end = options.warmup_seconds + options.seconds;
  for (double now = 0; now < end; now = seconds_since(start)) {
    while (sent.size() < options.frames_in_flight) {
      frame.clear();
      ++sequence;
      wire::encode_publish_head(frame, sequence, sequence - sent.size(), pipeline_queue, 1);
      wire::append_batch_head(frame, options.frame_messages, static_cast<std::uint32_t>(records.size()));
      frame += records;
      sent.push_back(Clock::now());
      socket.send(zmq::buffer(frame), zmq::send_flags::none);
    }
    zmq::message_t answer;
    if (!socket.recv(answer)) continue;
    do {
      if (now >= options.warmup_seconds) latency_ms.push_back(1e3 * seconds_since(sent.front()));
      sent.pop_front();
    } while (!sent.empty() && socket.recv(answer, zmq::recv_flags::dontwait));
  }
  lines.send(std::to_string(percentile(latency_ms, 0.5)));
}

void run_consumer(Lines& lines) {
  zmq::context_t context;
  zmq::socket_t socket = connect(context, lines.receive());
  std::string frame;
  model::Subscribe subscribe;
  subscribe.subscription = model::SubscriptionId{1};
  subscribe.queue = pipeline_queue;
  subscribe.group = "default";
  wire::encode(frame, subscribe);
  socket.send(zmq::buffer(frame), zmq::send_flags::none);
  for (zmq::message_t delivery; socket.recv(delivery);) {
    wire::Frame head;
    if (!wire::split_frame(delivery.to_string_view(), head).ok()) throw std::runtime_error("a damaged frame");
    const auto view = wire::decode_deliver(head.payload);
    std::string_view runs = view->runs;
    format::Run run;
    model::Settle settle;
    settle.subscription = view->subscription;
    while (!runs.empty() && format::split_run(runs, run)) settle.ranges.push_back({run.first_sequence, run.count, 1});
    frame.clear();
    wire::encode(frame, settle);
    socket.send(zmq::buffer(frame), zmq::send_flags::none);
  }
}

}  // namespace ackwire::bench

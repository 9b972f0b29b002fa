// Any bytes as one frame, decoded as either side would. What is accepted must come out of the encoder as it went in.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ackwire/limits.hpp"
#include "format/confirm.hpp"
#include "format/record.hpp"
#include "format/run.hpp"
#include "format/utf8.hpp"
#include "fuzz/require.hpp"
#include "wire/consume.hpp"
#include "wire/json.hpp"
#include "wire/publish.hpp"
#include "wire/session.hpp"

namespace {

using namespace ackwire;
using wire::Operation;

void look_at_records(std::string_view bytes, std::uint32_t count) {
  for (std::uint32_t index = 0; index < count; ++index) {
    format::Record record;
    if (!format::split(bytes, record)) return;
    if (format::checksum_ok(record) && format::check(record, limits::message_bytes).ok()) {
      FUZZ_REQUIRE(format::decode_headers(record.headers, record.header_count).size() == record.header_count);
    }
  }
}

void look_at_runs(std::string_view bytes) {
  format::Run run;
  while (!bytes.empty() && format::split_run(bytes, run)) look_at_records(run.records, run.count);
}

void look_at_confirm(std::string_view bytes) {
  format::ConfirmEntry entry;
  while (!bytes.empty() && format::split_confirm(bytes, entry)) {
  }
}

/// True when the encoder gives the frame back (its request left aside).
bool same(std::string_view frame, const std::string& encoded) {
  return frame.substr(0, 4) == std::string_view(encoded).substr(0, 4) && frame.substr(8) == std::string_view(encoded).substr(8);
}

void as_broker(std::string_view bytes, const wire::Frame& frame) {
  std::string again;
  if (frame.operation == Operation::publish) {
    model::Publish publish;
    if (!wire::decode_publish(frame.payload, publish)) return;
    for (const auto& batch : publish.batches) look_at_records(batch.records, batch.count);
    wire::encode(again, publish);
    FUZZ_REQUIRE(same(bytes, again));
  } else if (frame.operation == Operation::subscribe) {
    auto subscribe = wire::decode_subscribe(frame.payload);
    if (!subscribe) return;
    wire::encode(again, *subscribe);
    // The concurrency may be left out, which is 0.
    const bool whole = same(bytes, again);
    FUZZ_REQUIRE(whole || (subscribe->concurrency == 0 && same(bytes, again.substr(0, again.size() - sizeof(std::uint32_t)))));
  } else if (frame.operation == Operation::settle) {
    model::Settle settle;
    if (!wire::decode_settle(frame.payload, settle)) return;
    wire::encode(again, settle);
    const bool kept = settle.text.size() <= limits::error_text_bytes && format::is_utf8(settle.text);
    FUZZ_REQUIRE(!kept || same(bytes, again));
  } else if (frame.operation == Operation::begun) {
    model::Begun begun;
    if (!wire::decode_begun(frame.payload, begun)) return;
    wire::encode(again, begun);
    FUZZ_REQUIRE(same(bytes, again));
  } else if (frame.operation == Operation::request) {
    auto request = wire::request_from_json(frame.payload);
    if (!request) return;
    auto text = wire::to_json(*request);
    if (text.ok()) FUZZ_REQUIRE(wire::request_from_json(*text).ok());
  } else {
    (void)wire::decode_hello(frame.payload);
    (void)wire::decode_unsubscribe(frame.payload);
    (void)wire::decode_credit(frame.payload);
    (void)wire::decode_renew(frame.payload);
    (void)wire::decode_ping(frame.payload);
  }
}

void as_client(const wire::Frame& frame) {
  Error error;
  switch (frame.operation) {
    case Operation::welcome: (void)wire::decode_welcome(frame.payload); break;
    case Operation::confirm:
      if (auto confirm = wire::decode_confirm(frame.payload)) look_at_confirm(confirm->entries);
      break;
    case Operation::subscribed: (void)wire::decode_subscribed(frame.payload); break;
    case Operation::deliver:
      if (auto deliver = wire::decode_deliver(frame.payload)) look_at_runs(deliver->runs);
      break;
    case Operation::settled: (void)wire::decode_settled(frame.payload); break;
    case Operation::subscription_ended: (void)wire::decode_subscription_ended(frame.payload); break;
    case Operation::reply: (void)wire::reply_from_json(frame.payload); break;
    case Operation::pong: (void)wire::decode_pong(frame.payload); break;
    case Operation::error: (void)wire::decode_error(frame.payload, error); break;
    case Operation::goodbye: (void)wire::decode_goodbye(frame.payload, error); break;
    case Operation::recall: (void)wire::decode_recall(frame.payload); break;
    default: break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  wire::Frame frame;
  if (!wire::split_frame(bytes, frame)) return 0;
  as_broker(bytes, frame);
  as_client(frame);
  return 0;
}

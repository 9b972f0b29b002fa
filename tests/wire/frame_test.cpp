#include "wire/frame.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>

#include "ackwire/limits.hpp"
#include "format/confirm.hpp"
#include "wire/consume.hpp"
#include "wire/json.hpp"
#include "wire/publish.hpp"
#include "wire/session.hpp"

namespace ackwire::wire {
namespace {

Errc code(const Status& status) { return status.ok() ? Errc::ok : status.error().code; }
template <class T>
Errc code(const Result<T>& result) {
  return result.ok() ? Errc::ok : result.error().code;
}
Errc split_code(std::string_view bytes) {
  Frame frame;
  return code(split_frame(bytes, frame));
}

/// Decodes the payload of any operation, as a peer would.
Errc decode_any(const Frame& frame) {
  model::Publish publish;
  model::Settle settle;
  model::Begun begun;
  Error error;
  switch (frame.operation) {
    case Operation::hello: return code(decode_hello(frame.payload));
    case Operation::welcome: return code(decode_welcome(frame.payload));
    case Operation::publish: return code(decode_publish(frame.payload, publish));
    case Operation::confirm: return code(decode_confirm(frame.payload));
    case Operation::subscribe: return code(decode_subscribe(frame.payload));
    case Operation::subscribed: return code(decode_subscribed(frame.payload));
    case Operation::unsubscribe: return code(decode_unsubscribe(frame.payload));
    case Operation::credit: return code(decode_credit(frame.payload));
    case Operation::deliver: return code(decode_deliver(frame.payload));
    case Operation::settle: return code(decode_settle(frame.payload, settle));
    case Operation::settled: return code(decode_settled(frame.payload));
    case Operation::renew: return code(decode_renew(frame.payload));
    case Operation::subscription_ended: return code(decode_subscription_ended(frame.payload));
    case Operation::request: return code(request_from_json(frame.payload));
    case Operation::reply: return code(reply_from_json(frame.payload));
    case Operation::ping: return code(decode_ping(frame.payload));
    case Operation::pong: return code(decode_pong(frame.payload));
    case Operation::error: return code(decode_error(frame.payload, error));
    case Operation::goodbye: return code(decode_goodbye(frame.payload, error));
    case Operation::begun: return code(decode_begun(frame.payload, begun));
    case Operation::recall: return code(decode_recall(frame.payload));
  }
  return Errc::internal;
}

/// One sound frame of every operation.
std::map<Operation, std::string> examples() {
  std::map<Operation, std::string> all;
  const auto subscription = model::SubscriptionId{7};
  encode(all[Operation::hello], Hello{.producer = {'p'}, .client_name = "orders 12", .capabilities = Capabilities::all()});
  encode(all[Operation::welcome],
         Welcome{.session_timeout_ms = 15'000, .software = "ackwire 0.1.0", .capabilities = Capabilities::all()});
  const std::string records(40, 'r');
  encode(
      all[Operation::publish],
      model::Publish{.queue = "orders", .producer_sequence = 9, .first_unconfirmed = 5, .batches = {{2, records}, {1, records}}});
  encode_confirm_head(all[Operation::confirm], 9, "orders");
  encode(all[Operation::subscribe], model::Subscribe{subscription, "orders", "default", 256, 4});
  encode(all[Operation::subscribed], model::Subscribed{subscription, 30'000, {Errc::no_group, "No such group."}});
  encode_unsubscribe(all[Operation::unsubscribe], subscription);
  encode(all[Operation::credit], Credit{subscription, 10});
  encode_deliver_head(all[Operation::deliver], subscription);
  encode(all[Operation::settle], model::Settle{subscription, 3, model::SettleKind::nack, 2, 500, "why", {{10, 2, 1}, {20, 1, 3}}});
  encode(all[Operation::settled], model::SettleResult{subscription, 3, 2, {Errc::ok, {}}, {{20, 1, 3}}});
  encode_renew(all[Operation::renew], subscription);
  encode(all[Operation::begun], model::Begun{subscription, 3, {{5, 2, 1}}});
  encode(all[Operation::recall], model::Recall{subscription, 4});
  encode(all[Operation::subscription_ended], model::SubscriptionEnded{subscription, {Errc::no_queue, "The queue was removed."}});
  EXPECT_TRUE(encode(all[Operation::request], 4, model::Request{model::GetQueue{"orders"}}).ok());
  encode(all[Operation::reply], 4, model::Reply{model::Done{}});
  encode_ping(all[Operation::ping]);
  encode_pong(all[Operation::pong], 1);
  encode_error(all[Operation::error], 4, {Errc::overloaded, "Full.", std::chrono::milliseconds{10}, {}});
  encode_goodbye(all[Operation::goodbye], Errc::ok, "bye");
  return all;
}

TEST(Frame, EveryOperationDecodes) {
  const auto all = examples();
  EXPECT_EQ(all.size(), 21u);
  for (const auto& [operation, bytes] : all) {
    Frame frame;
    ASSERT_TRUE(split_frame(bytes, frame).ok()) << name(operation);
    EXPECT_EQ(frame.operation, operation);
    EXPECT_EQ(decode_any(frame), Errc::ok) << name(operation);
  }
}

TEST(Frame, HeadIsPermanent) {
  std::string bytes;
  FrameWriter(bytes, Operation::settle, 0x04030201).u16(0x0605);
  EXPECT_EQ(bytes, std::string("AW\x01\x0a\x01\x02\x03\x04\x05\x06", 10));
}

TEST(BadInput, B1FrameShort) {
  for (std::size_t size = 0; size < frame_head_bytes; ++size)
    EXPECT_EQ(split_code(std::string("AW\1\1\0\0\0\0", 8).substr(0, size)), Errc::frame_short);
}

TEST(BadInput, B2BadMagic) {
  EXPECT_EQ(split_code("GET / HTTP/1.1\r\n"), Errc::bad_magic);
  EXPECT_TRUE(ends_session(Errc::bad_magic));
}

TEST(BadInput, B3VersionNamesWhatIsSpoken) {
  Frame frame;
  const Status status = split_frame(std::string_view("AW\2\1\5\0\0\0", 8), frame);
  EXPECT_EQ(code(status), Errc::unsupported_version);
  EXPECT_NE(status.error().message.find("version 2"), std::string::npos);
  EXPECT_NE(status.error().message.find("1 to 1"), std::string::npos);
  EXPECT_EQ(frame.request, 5u);
  EXPECT_EQ(split_code(std::string_view("AW\0\1\0\0\0\0", 8)), Errc::unsupported_version);
  EXPECT_TRUE(ends_session(Errc::unsupported_version));
}

TEST(BadInput, B3HelloWithoutACommonVersion) {
  for (const auto& [low, high] : {std::pair{2, 9}, std::pair{0, 0}}) {
    std::string bytes;
    encode(bytes, Hello{static_cast<std::uint8_t>(low), static_cast<std::uint8_t>(high), {}, "x"});
    EXPECT_EQ(code(decode_hello(std::string_view(bytes).substr(8))), Errc::unsupported_version);
    EXPECT_EQ(code(decode_hello(std::string(bytes, 8) + "more of a later version")), Errc::unsupported_version);
  }
}

TEST(BadInput, B4UnknownOperationIsNamed) {
  for (const char operation : {'\0', '\x16', '\xff'}) {
    std::string bytes("AW\1\0\7\0\0\0", 8);
    bytes[3] = operation;
    Frame frame;
    const Status status = split_frame(bytes, frame);
    EXPECT_EQ(code(status), Errc::unknown_operation);
    EXPECT_NE(status.error().message.find("operation " + std::to_string(static_cast<unsigned char>(operation))), std::string::npos);
    EXPECT_EQ(frame.request, 7u) << "the answer can name the frame";
    EXPECT_FALSE(ends_session(status.error().code));
  }
}

TEST(BadInput, B5CutAtEveryLength) {
  const std::string capabilities =
      "\x01\x05"
      "begun";
  for (const auto& [operation, bytes] : examples()) {
    if (operation == Operation::request || operation == Operation::reply) continue;
    for (std::size_t size = frame_head_bytes; size < bytes.size(); ++size) {
      const std::string cut = bytes.substr(0, size);  // its own memory, so that a sanitizer sees a step outside
      Frame frame;
      ASSERT_TRUE(split_frame(cut, frame).ok());
      const std::size_t left_out = bytes.size() - size;  // a concurrency, or the list of what a broker can do
      const bool whole = (operation == Operation::subscribe && left_out == sizeof(std::uint32_t)) ||
                         (operation == Operation::welcome && left_out == capabilities.size());
      EXPECT_EQ(decode_any(frame), whole ? Errc::ok : Errc::bad_length) << name(operation) << " cut at " << size;
    }
  }
}

TEST(BadInput, B5HugeCountsAllocateNothing) {
  std::string bytes;
  FrameWriter(bytes, Operation::publish, 0).u64(1).u64(1).str8("q").u32(0xffffffff);
  model::Publish publish;
  EXPECT_EQ(code(decode_publish(std::string_view(bytes).substr(8), publish)), Errc::bad_length);
  EXPECT_LE(publish.batches.capacity(), bytes.size());

  bytes.clear();
  FrameWriter(bytes, Operation::publish, 0).u64(1).u64(1).str8("q").u32(1).u32(1).u32(0xffffffff).bytes(std::string(64, 'x'));
  EXPECT_EQ(code(decode_publish(std::string_view(bytes).substr(8), publish)), Errc::bad_length);

  bytes.clear();
  FrameWriter(bytes, Operation::settle, 0).u32(1).u32(1).u64(1).i64(-1).text("").u32(0x80000000);
  model::Settle settle;
  EXPECT_EQ(code(decode_settle(std::string_view(bytes).substr(8), settle)), Errc::bad_length);
  EXPECT_EQ(settle.ranges.capacity(), 0u);
}

TEST(BadInput, B5EmptyPublishAndSettle) {
  model::Publish publish;
  std::string bytes;
  encode_publish_head(bytes, 1, 1, "q", 0);
  EXPECT_EQ(code(decode_publish(std::string_view(bytes).substr(8), publish)), Errc::bad_length);
  bytes.clear();
  encode_publish_head(bytes, 1, 1, "q", 1);
  append_batch_head(bytes, 0, 16);
  bytes.append(16, 'r');
  EXPECT_EQ(code(decode_publish(std::string_view(bytes).substr(8), publish)), Errc::bad_length) << "no records";
  write_batch_head(bytes.data() + publish_head_bytes("q"), 2, 16);
  EXPECT_EQ(code(decode_publish(std::string_view(bytes).substr(8), publish)), Errc::bad_length) << "more records than fit";
  write_batch_head(bytes.data() + publish_head_bytes("q"), 1, 16);
  EXPECT_EQ(code(decode_publish(std::string_view(bytes).substr(8), publish)), Errc::ok);

  bytes.clear();
  encode(bytes, model::Settle{.subscription = model::SubscriptionId{1}});
  model::Settle settle;
  EXPECT_EQ(code(decode_settle(std::string_view(bytes).substr(8), settle)), Errc::bad_length);
}

TEST(BadInput, B8TooManyBatches) {
  const std::string stored(16, 'r');
  for (const std::size_t count : {frame_batches, frame_batches + 1}) {
    model::Publish sent{.queue = "q", .producer_sequence = 1, .first_unconfirmed = 1}, read;
    sent.batches.assign(count, {1, stored});
    std::string bytes;
    encode(bytes, sent);
    EXPECT_EQ(code(decode_publish(std::string_view(bytes).substr(8), read)), count == frame_batches ? Errc::ok : Errc::too_large);
  }
}

TEST(BadInput, B6TrailingBytes) {
  for (auto [operation, bytes] : examples()) {
    if (operation == Operation::deliver || operation == Operation::confirm || operation == Operation::request ||
        operation == Operation::reply) {
      continue;  // these go to the end of the frame
    }
    bytes += '\0';
    Frame frame;
    ASSERT_TRUE(split_frame(bytes, frame).ok());
    EXPECT_EQ(decode_any(frame), Errc::trailing_bytes) << name(operation);
  }
}

TEST(BadInput, WrongValues) {
  std::string bytes;
  FrameWriter(bytes, Operation::settle, 0).u32(1).u8(9).u8(0).u16(0).u64(1).i64(-1).text("").u32(1).u64(1).u32(1).u32(1);
  model::Settle settle;
  EXPECT_EQ(code(decode_settle(std::string_view(bytes).substr(8), settle)), Errc::invalid_argument) << "kind";
  bytes[8 + 4] = 1;
  EXPECT_EQ(code(decode_settle(std::string_view(bytes).substr(8), settle)), Errc::ok);
  bytes[8 + 5] = 1;
  EXPECT_EQ(code(decode_settle(std::string_view(bytes).substr(8), settle)), Errc::invalid_argument) << "reserved";
  bytes.clear();
  encode(bytes, model::Subscribe{model::SubscriptionId{0}, "q", "g", 1});
  EXPECT_EQ(code(decode_subscribe(std::string_view(bytes).substr(8))), Errc::invalid_argument);
  bytes.clear();
  encode(bytes, Hello{});
  bytes[8 + 2] = 1;
  EXPECT_EQ(code(decode_hello(std::string_view(bytes).substr(8))), Errc::bad_length) << "the life does not follow";
  bytes[8 + 2] = 2;
  EXPECT_EQ(code(decode_hello(std::string_view(bytes).substr(8))), Errc::bad_length) << "the capabilities do not follow";
  bytes[8 + 2] = 4;
  EXPECT_EQ(code(decode_hello(std::string_view(bytes).substr(8))), Errc::invalid_argument) << "flags";
}

TEST(BadInput, AListOfCapabilitiesIsBounded) {
  const auto answer = [](const std::string& list) {
    std::string bytes;
    encode(bytes, Hello{.producer = {'p'}});
    bytes[8 + 2] = 2;
    return code(decode_hello(std::string_view(bytes += list).substr(8)));
  };
  const auto names = [](std::size_t count, const std::string& name) {
    std::string list(1, static_cast<char>(count));
    for (std::size_t i = 0; i < count; ++i) (list += static_cast<char>(name.size())) += name;
    return list;
  };
  EXPECT_EQ(answer(names(0, "")), Errc::ok);
  EXPECT_EQ(answer(names(64, "of_a-newer-version-2")), Errc::ok) << "names that are not known are passed over";
  EXPECT_EQ(answer(names(65, "begun")), Errc::invalid_argument);
  EXPECT_EQ(answer(names(1, std::string(32, 'n'))), Errc::ok);
  EXPECT_EQ(answer(names(1, std::string(33, 'n'))), Errc::invalid_argument);
  EXPECT_EQ(answer(names(1, "")), Errc::invalid_argument);
  EXPECT_EQ(answer(names(1, "Begun")), Errc::invalid_argument);
  EXPECT_EQ(answer(names(2, "begun").substr(0, 9)), Errc::bad_length);
  EXPECT_EQ(answer(names(1, "begun") + "x"), Errc::trailing_bytes);
}

TEST(BadInput, RandomAndDamagedFramesNeverReachOutside) {
  std::mt19937_64 random(17);
  const auto all = examples();
  for (const auto& [operation, sound] : all) {
    for (int round = 0; round < 3'000; ++round) {
      std::string bytes = sound;
      for (std::uint64_t flips = random() % 4; flips > 0 && !bytes.empty(); --flips) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
      bytes.resize(random() % (bytes.size() + 8), static_cast<char>(random()));
      const std::string exact = bytes;
      Frame frame;
      if (split_frame(exact, frame).ok()) (void)decode_any(frame);
    }
  }
}

}  // namespace
}  // namespace ackwire::wire

#include "transport/zmtp.hpp"

#include <gtest/gtest.h>

namespace ackwire::transport::zmtp {
namespace {

using namespace std::string_view_literals;

std::string command(std::string_view name, std::string_view rest) {
  return std::string(1, static_cast<char>(name.size())).append(name).append(rest);
}

TEST(Zmtp, EachPartOfAGreetingMayBecomeOne) {
  ASSERT_EQ(greeting().size(), greeting_bytes);
  for (std::size_t length = 0; length <= greeting_bytes; ++length) EXPECT_TRUE(greeting_begins(greeting().substr(0, length)));
}

TEST(Zmtp, OtherGreetingsAreRefusedAsSoonAsTheyCanBeTold) {
  EXPECT_FALSE(greeting_begins("G")) << "HTTP";
  EXPECT_FALSE(greeting_begins("\x16\x03\x01"sv)) << "TLS";
  EXPECT_FALSE(greeting_begins("\xff\0\0\0\0\0\0\0\x01\x7f\x02"sv)) << "ZMTP 2";
  std::string curve(greeting());
  curve.replace(12, 5, "CURVE");
  EXPECT_FALSE(greeting_begins(curve));
  std::string newer(greeting());
  newer[10] = 4;
  EXPECT_TRUE(greeting_begins(newer)) << "a newer peer speaks 3 with us";
}

TEST(Zmtp, HeadsAreReadAsTheyAreWritten) {
  for (const std::uint64_t size : {0ull, 1ull, 255ull, 256ull, 65'536ull, 1ull << 40}) {
    std::string bytes;
    append_head(bytes, size);
    Head head;
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_EQ(split_head(std::string_view(bytes).substr(0, length), head), Split::cut) << size;
    }
    ASSERT_EQ(split_head(bytes, head), Split::whole) << size;
    EXPECT_EQ(head.size, size);
    EXPECT_EQ(head.bytes, bytes.size());
    EXPECT_FALSE(head.more || head.command);
  }
}

TEST(Zmtp, UnknownFlagsAreBad) {
  Head head;
  EXPECT_EQ(split_head("\x08"sv, head), Split::bad);
  EXPECT_EQ(split_head("\x80\x01"sv, head), Split::bad);
  EXPECT_EQ(split_head("\x05\x01"sv, head), Split::bad) << "a command of more than one part";
}

TEST(Zmtp, WhoMayTalkToARouter) {
  const auto ready_of = [](std::string_view type) {
    return command("READY", std::string("\x0bSocket-Type\0\0\0"sv).append(1, static_cast<char>(type.size())).append(type));
  };
  EXPECT_TRUE(is_ready(ready_of("DEALER")));
  EXPECT_TRUE(is_ready(ready_of("REQ")));
  EXPECT_FALSE(is_ready(ready_of("SUB")));
  EXPECT_TRUE(is_ready(command("READY",
                               "\x08Identity\0\0\0\x02hi\x0bsocket-TYPE\0\0\0\x06"
                               "DEALER"sv)))
      << "names have no case";
  EXPECT_FALSE(is_ready(command("READY", ""))) << "no type";
  EXPECT_FALSE(is_ready(command("HELLO", "")));
  const std::string whole = ready_of("DEALER");
  for (std::size_t length = 0; length < whole.size(); ++length) EXPECT_FALSE(is_ready(std::string_view(whole).substr(0, length)));
  EXPECT_FALSE(is_ready(command("READY", "\x0bSocket-Type\xff\xff\xff\xff"sv))) << "longer than it is";
}

TEST(Zmtp, APongCarriesThePingsContext) {
  EXPECT_EQ(pong_to(command("PING",
                            "\0\x0a"
                            "ctx"sv)),
            "\x04\x08\x04PONGctx"sv);
  EXPECT_EQ(pong_to(command("PING", "\0\x0a"sv)), "\x04\x05\x04PONG"sv);
  EXPECT_EQ(pong_to(command("PING", std::string(100, 'x'))).size(), 2u + 5 + 16) << "cut at 16 bytes";
  EXPECT_TRUE(pong_to(command("PING", "")).empty());
  EXPECT_TRUE(pong_to(command("PONG", "\0\0"sv)).empty());
}

}  // namespace
}  // namespace ackwire::transport::zmtp

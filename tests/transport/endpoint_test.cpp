#include "transport/endpoint.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "support/scratch.hpp"

namespace ackwire::transport {
namespace {

TEST(Endpoint, LoopbackAndIpcMayListen) {
  const std::pair<const char*, const char*> all[] = {
      {"tcp://127.0.0.1:7733", "tcp://127.0.0.1:7733"}, {"tcp://127.9.8.7:7733", "tcp://127.9.8.7:7733"},
      {"tcp://[::1]:7733", "tcp://[::1]:7733"},         {"tcp://localhost:7733", "tcp://127.0.0.1:7733"},
      {"tcp://127.0.0.1:*", "tcp://127.0.0.1:*"},       {"tcp://127.0.0.1:0", "tcp://127.0.0.1:*"},
      {"ipc:///run/a.sock", "ipc:///run/a.sock"}};
  for (const auto& [text, address] : all) {
    const auto endpoint = endpoint_to_bind(text);
    ASSERT_TRUE(endpoint.ok()) << text << ": " << endpoint.error().message;
    EXPECT_EQ(endpoint->address, address);
  }
}

TEST(Endpoint, OtherAddressesAreRefusedAndSayWhatToDo) {
  for (const char* text : {"tcp://0.0.0.0:7733", "tcp://*:7733", "tcp://192.168.1.2:7733", "tcp://eth0:7733", "tcp://lo:7733",
                           "tcp://example.com:7733", "tcp://[::]:7733", "tcp://128.0.0.1:7733", "tcp://127.0.0.1.example.com:7733",
                           "tcp://:7733", "tcp://127.1:7733", "tcp://127.0.0.1;10.0.0.1:7733"}) {
    const auto endpoint = endpoint_to_bind(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint.error().code, Errc::insecure_bind) << text;
    EXPECT_NE(endpoint.error().message.find("tcp://127.0.0.1:PORT"), std::string::npos);
  }
}

TEST(Endpoint, WhatIsNoEndpoint) {
  for (const char* text :
       {"", "7733", "127.0.0.1:7733", "http://127.0.0.1:7733", "tcp://127.0.0.1", "tcp://127.0.0.1:", "tcp://127.0.0.1:70000",
        "tcp://127.0.0.1:-1", "tcp://127.0.0.1:77x", "ipc://", "ipc://*", "ipc://@abstract", "inproc://x", "pgm://127.0.0.1:1"}) {
    const auto endpoint = endpoint_to_bind(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint.error().code, Errc::invalid_argument) << text;
  }
  EXPECT_FALSE(endpoint_to_bind("ipc:///" + std::string(200, 'x')).ok());
  EXPECT_FALSE(endpoint_to_bind(std::string_view("ipc:///a\0b", 10)).ok());
}

class IpcPath : public ::testing::Test {
 protected:
  std::string path(const char* name) const { return (directory_.path() / name).string(); }
  test::Scratch directory_;
};

TEST_F(IpcPath, FreeIsFine) { EXPECT_TRUE(check_ipc_path(path("free")).ok()); }

TEST_F(IpcPath, AFileIsLeftAlone) {
  std::ofstream(path("file")) << "precious";
  const Status status = check_ipc_path(path("file"));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::io);
  EXPECT_TRUE(std::filesystem::exists(path("file")));
}

TEST_F(IpcPath, NoDirectory) { EXPECT_EQ(check_ipc_path(path("no/such")).error().code, Errc::io); }

TEST_F(IpcPath, ALiveSocketIsLeftAloneADeadOneIsNot) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path("socket").c_str());
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  EXPECT_EQ(check_ipc_path(path("socket")).error().code, Errc::io);
  close(fd);
  EXPECT_TRUE(check_ipc_path(path("socket")).ok());
}

}  // namespace
}  // namespace ackwire::transport

// An older copy of a store is put back, made while its broker ran.
#include "guarantees/scene.hpp"

namespace ackwire::guarantees {
namespace {

namespace fs = std::filesystem;

class PutBack : public Guarantees {
 protected:
  void serve() {
    broker.reset();
    broker.emplace(must(Broker::open(folder / "store")));
    must(broker->ensure_queue(queue, fast_retry));
    endpoint = must(broker->listen("ipc://" + (folder / "socket").string()));
  }
  void swap_in(const fs::path& copy) {
    broker.reset();
    fs::remove_all(folder / "store");
    fs::copy(copy, folder / "store", fs::copy_options::recursive);
  }
  std::string endpoint;
};

TEST_F(PutBack, I6_ATokenOfALifeThatWasUndoneChangesNothing) {
  serve();
  publish("a");
  broker.reset();
  fs::copy(folder / "store", folder / "copy", fs::copy_options::recursive);
  serve();
  auto client = must(Client::connect(endpoint));
  auto worker = must(client.consume(queue, {.group = group, .credit = 10}));
  const auto undone = must(worker.receive(1, Duration{20'000}));
  ASSERT_EQ(undone.size(), 1u);
  must(worker.set_credit(0));
  static_cast<void>(must(client.publish(queue, Message{.body = "of the life that is undone"})));

  swap_in(folder / "copy");
  serve();
  auto anew = consumer();
  const auto current = receive(anew, 1);
  ASSERT_EQ(current.size(), 1u);
  EXPECT_EQ(current[0].body(), "a");
  EXPECT_EQ(current[0].sequence(), undone[0].sequence());
  EXPECT_GT(current[0].lease_token().boot_epoch, undone[0].lease_token().boot_epoch) << "no token is issued twice";

  must(client.wait_connected(Duration{20'000}));
  const auto late = worker.ack(undone);
  EXPECT_TRUE(!late.ok() || late->applied == 0) << "the message was processed by nobody";
  EXPECT_EQ(group_info().acked, 0u);
  must(anew.ack(current));
  must(client.publish(queue, Message{.body = "goes on"}));
  anew.close();
  worker.close();
}

TEST_F(PutBack, ABackupOfARunningBrokerIsOneCommitOfIt) {
  const fs::path store = folder / "store", copy = folder / "copy";
  const auto said = kill_after(
      300,
      [&](const Say& say) {
        auto served = must(Broker::open(store));
        must(served.ensure_queue(queue, fast_retry));
        must(served.publish(queue, Message{.body = "held"}));
        auto holder = must(served.consume(queue, {.group = group, .credit = 1}));
        must(holder.receive(1, Duration{20'000}));
        for (int i = 1;; ++i) {
          const std::string number = std::to_string(i);
          must(served.publish(queue,
                              Message{.body = number, .idempotency_key = number, .delay = Duration{i % 3 == 0 ? 3'600'000 : 0}}));
          say(number);
        }
      },
      [&] {
        const auto report = must(backup(store, copy));
        EXPECT_GT(report.rows, 0u);
        EXPECT_GE(report.passes, 2u);
        EXPECT_GT(report.time, Timestamp{});
      });
  EXPECT_EQ(must(verify(copy)).problems, std::vector<std::string>{});
  const auto restored = must(restore(copy, folder / "restored"));
  EXPECT_EQ(restored.found.problems, std::vector<std::string>{});
  EXPECT_EQ(restored.found.in_flight, 1u);
  EXPECT_GT(restored.found.delayed, 90u);
  EXPECT_EQ(code_of(restore(copy, folder / "restored")), "invalid_argument");

  fs::rename(folder / "restored", folder / "moved");
  fs::remove_all(store);
  fs::rename(folder / "moved", store);
  reopen();
  const auto info = must(broker->queue_info(queue));
  EXPECT_GE(info.published, 300u) << "all that was confirmed before the backup";
  EXPECT_LE(info.published, said.size() + 2);
  EXPECT_TRUE(publish("1", "1").duplicate) << "keys are hashed with the same secret";
  expect_conserved("after the restore");
}

TEST_F(PutBack, ADamagedBackupIsNotRestored) {
  open();
  publish(std::string(10'000, 'b'));
  close();
  must(backup(folder / "store", folder / "copy"));
  const fs::path data = folder / "copy" / "data.mdb";
  std::string bytes(fs::file_size(data), '\0');
  std::FILE* file = std::fopen(data.c_str(), "r+b");
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(std::fread(bytes.data(), 1, bytes.size(), file), bytes.size());
  const auto at = bytes.find(std::string(1'000, 'b'));
  ASSERT_NE(at, std::string::npos);
  std::fseek(file, static_cast<long>(at + 500), SEEK_SET);
  std::fputc('c', file);
  std::fclose(file);
  const auto report = must(restore(folder / "copy", folder / "restored"));
  EXPECT_FALSE(report.found.problems.empty());
  EXPECT_FALSE(fs::exists(folder / "restored"));
}

TEST_F(PutBack, TheProcessThatHasTheStoreOpenCannotCopyIt) {
  open();
  EXPECT_EQ(code_of(backup(folder / "store", folder / "copy")), "store_in_use");
  publish("still works");
}

}  // namespace
}  // namespace ackwire::guarantees

// The description of fields and verbs, and what is made from it.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>

#include "ackwire/ackwire.hpp"
#include "model/request.hpp"
#include "reference/text.hpp"
#include "wire/json_fields.hpp"

namespace ackwire {
namespace {

TEST(Reference, EveryFileIsUpToDate) {
  for (const auto& [path, text] : reference::files) {
    std::ifstream file(std::string(ACKWIRE_SOURCE_DIR "/").append(path));
    std::stringstream is;
    is << file.rdbuf();
    EXPECT_EQ(is.str(), text()) << path << " is not what the fields and verbs say: run scripts/reference";
  }
}

template <class T>
void expect_described() {
  std::set<std::string_view> names;
  each_field<T>([&](const auto& field) {
    EXPECT_TRUE(names.insert(field.name).second) << field.name << " is described twice";
    EXPECT_FALSE(field.meaning.empty()) << field.name;
    EXPECT_LE(field.least, field.most) << field.name;
  });
}

TEST(Reference, NoFieldIsDescribedTwiceOrNotAtAll) {
  expect_described<QueuePolicy>();
  expect_described<QueueChange>();
  expect_described<QueueInfo>();
  expect_described<GroupInfo>();
  expect_described<Sample>();
  expect_described<BrokerStats>();
  expect_described<DeadLetter>();
  expect_described<PeekedMessage>();
  expect_described<BrokerOptions>();
  expect_described<ClientOptions>();
  model::each_verb([]<class V>(const model::Verb&, std::type_identity<V>) { expect_described<V>(); });
}

TEST(Reference, EveryVerbSaysWhatItIsAndOnlyOnce) {
  std::set<std::string_view> names;
  model::each_verb([&]<class V>(const model::Verb& verb, std::type_identity<V>) {
    EXPECT_TRUE(names.insert(verb.name).second) << verb.name;
    EXPECT_FALSE(verb.meaning.empty()) << verb.name;
    EXPECT_FALSE(model::reply_form<typename V::Reply>.name.empty()) << verb.name << " has a reply without a name";
  });
}

/// A verb that forgot to say so is never sent again by the library.
TEST(Reference, AVerbThatSaysNothingChangesThingsAndIsNotRepeated) {
  constexpr model::Verb verb{.name = "x", .meaning = "y"};
  EXPECT_EQ(verb.repeat, model::Repeat::never);
  EXPECT_EQ(verb.access, model::Access::changes);
  EXPECT_EQ(verb.permission, model::Permission::administer);
}

TEST(Reference, WhatChangesMessagesOrRemovesIsNeverRepeated) {
  std::set<std::string_view> repeated;
  model::each_verb([&](const model::Verb& verb, auto) {
    if (verb.repeat == model::Repeat::safe) repeated.insert(verb.name);
  });
  for (const char* name : {"remove_queue", "purge", "create_group", "remove_group", "move_dead"})
    EXPECT_FALSE(repeated.contains(name)) << name;
}

TEST(Reference, UnitsAreInTheNamesOnTheWire) {
  EXPECT_STREQ((wire::member_name<QueuePolicy, 0>.c_str()), "visibility_timeout_ms");
  EXPECT_STREQ((wire::member_name<QueuePolicy, 2>.c_str()), "initial_ms") << "in the object \"backoff\"";
  EXPECT_STREQ((wire::member_name<DeadLetter, 9>.c_str()), "idempotency_key_base64");
}

TEST(Reference, AChangeHasTheMembersOfItsPolicy) {
  const QueueChange change{.max_attempts = 3, .backoff_initial = Duration{7}, .on_expiry = OnExpiry::discard};
  const QueuePolicy changed = with_changes(QueuePolicy{}, change);
  EXPECT_EQ(changed.max_attempts, 3u);
  EXPECT_EQ(changed.backoff.initial, Duration{7});
  EXPECT_EQ(changed.on_expiry, OnExpiry::discard);
  EXPECT_EQ(changed.ttl, QueuePolicy{}.ttl);
}

}  // namespace
}  // namespace ackwire

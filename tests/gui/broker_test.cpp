// SPDX-License-Identifier: GPL-3.0-only
// The window over a real broker, reached over tcp as any client does; after each act the broker is asked what is true.
#include <ackwire/broker.hpp>

#include <QApplication>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QTableWidget>
#include <QTemporaryDir>
#include <optional>
#include <string>
#include <vector>

#include "bridge/connection_source.hpp"
#include "person.hpp"
#include "widgets/banner.hpp"
#include "widgets/kpi_tile.hpp"

using namespace ackwire;
using namespace ackwire::dashboard;
using namespace std::chrono_literals;

namespace {

constexpr int slow_ms = 15'000;

/// A broker on a directory and a port of its own, that can be stopped and started again.
class BrokerHost {
 public:
  BrokerHost() { start("tcp://127.0.0.1:*"); }

  void start(const std::string& endpoint) {
    auto opened = Broker::open(directory_.path().toStdString() + "/store");
    if (!opened) qFatal("%s", opened.error().message.c_str());
    broker_.emplace(std::move(*opened));
    auto bound = broker_->listen(endpoint);
    if (!bound) qFatal("%s", bound.error().message.c_str());
    endpoint_ = *bound;
  }
  void stop() {
    (void)broker_->close();
    broker_.reset();
  }
  void start_again() { start(endpoint_); }
  Broker& operator*() { return *broker_; }
  Broker* operator->() { return &*broker_; }
  QString endpoint() const { return QString::fromStdString(endpoint_); }

  /// Publishes `count` messages and lets a consumer reject each.
  void make_dead(const std::string& queue, std::size_t count) {
    QVERIFY(broker_->ensure_queue(queue));
    std::vector<std::string> keys, bodies;
    for (std::size_t i = 0; i < count; ++i) {
      keys.push_back("order-" + std::to_string(i));
      bodies.push_back(R"({"order":)" + std::to_string(i) + "}");
    }
    const Header header{"tenant", "north"};
    std::vector<Message> messages(count);
    for (std::size_t i = 0; i < count; ++i) {
      messages[i].body = bodies[i];
      messages[i].idempotency_key = keys[i];
      messages[i].headers = {&header, 1};
    }
    QVERIFY(broker_->publish(queue, messages));
    auto consumer = broker_->consume(queue);
    QVERIFY(consumer);
    std::size_t dead = 0;
    while (dead < count) {
      auto deliveries = consumer->receive(100, 2s);
      QVERIFY(deliveries && !deliveries->empty());
      auto settled = consumer->reject(*deliveries, "amount is negative");
      QVERIFY(settled);
      dead += settled->applied;
    }
  }
  GroupInfo group(const std::string& queue) { return broker_->queue_info(queue)->groups.front(); }

 private:
  QTemporaryDir directory_;
  std::optional<Broker> broker_;
  std::string endpoint_;
};

struct Person : test::Person {
  explicit Person(const BrokerHost& host)
      : test::Person(host.endpoint(), [](const QString& endpoint) { return connection_factory(endpoint.toStdString()); }) {}
};

}  // namespace

class BrokerTest : public QObject {
  Q_OBJECT

 private slots:
  void figures_are_those_of_the_broker();
  void history_from_before_the_window_is_shown();
  void a_letter_shows_what_was_published_and_why_it_died();
  void redriven_letters_are_ready_again();
  void discarded_letters_are_gone();
  void a_paused_queue_hands_nothing_out();
  void a_broker_that_comes_back_is_found_again();
  void no_broker_is_told_then_found();
};

void BrokerTest::figures_are_those_of_the_broker() {
  BrokerHost host;
  host.make_dead("orders", 12);
  Person person(host);
  QTRY_VERIFY_WITH_TIMEOUT(person.ready(), slow_ms);
  QTRY_COMPARE(person.find<KpiTile>("tile_dead")->figure().value, QStringLiteral("12"));
  QTRY_COMPARE(person.find<KpiTile>("tile_depth")->figure().value, QStringLiteral("0"));
  const Message message{.body = "hello"};
  QVERIFY(host->publish("orders", message));
  QTRY_COMPARE_WITH_TIMEOUT(person.find<KpiTile>("tile_depth")->figure().value, QStringLiteral("1"), slow_ms);
}

void BrokerTest::history_from_before_the_window_is_shown() {
  BrokerHost host;
  host.make_dead("orders", 5);
  QTest::qWait(2'200);  // the broker closes a slot a second
  QVERIFY(host->publish("orders", Message{.body = "one more"}));
  Person person(host);
  QTRY_VERIFY_WITH_TIMEOUT(person.ready(), slow_ms);
  QTRY_COMPARE_WITH_TIMEOUT(person.find<KpiTile>("tile_success")->figure().detail, QStringLiteral("0 acked, 5 not"), slow_ms);
}

void BrokerTest::a_letter_shows_what_was_published_and_why_it_died() {
  BrokerHost host;
  host.make_dead("orders", 300);
  Person person(host);
  QTRY_VERIFY_WITH_TIMEOUT(person.ready(), slow_ms);
  person.open_dead_letters();
  QTRY_COMPARE_WITH_TIMEOUT(person.dead_cell(0), QStringLiteral("1"), slow_ms);
  QTest::keyClick(person.find<QTableView>("dead_table"), Qt::Key_End, Qt::ControlModifier);
  QTRY_VERIFY_WITH_TIMEOUT(person.find<QLabel>("inspector_title")->text().startsWith(QStringLiteral("Dead letter 300: rejected")),
                           slow_ms);
  QCOMPARE(person.find<QPlainTextEdit>("inspector_payload")->toPlainText(), QStringLiteral("{\n  \"order\": 299\n}"));
  QCOMPARE(person.find<QTableWidget>("inspector_headers")->item(0, 1)->text(), QStringLiteral("north"));
  const auto* identity = person.find<QTableWidget>("inspector_identity");
  QCOMPARE(identity->item(1, 1)->text(), QStringLiteral("order-299"));
  QCOMPARE(identity->item(4, 1)->text(), QStringLiteral("amount is negative"));
  QCOMPARE(host.group("orders").dead, 300u);  // looking changes nothing
}

void BrokerTest::redriven_letters_are_ready_again() {
  BrokerHost host;
  host.make_dead("orders", 20);
  Person person(host);
  QTRY_VERIFY_WITH_TIMEOUT(person.ready(), slow_ms);
  person.open_dead_letters();
  QTRY_COMPARE_WITH_TIMEOUT(person.dead_cell(0), QStringLiteral("1"), slow_ms);
  auto* table = person.find<QTableView>("dead_table");
  person.click_row(table, 2);
  person.click_row(table, 4, Qt::ShiftModifier);
  person.click("redrive_selected");
  QTRY_VERIFY(person.dialog());
  QTest::mouseClick(person.in_dialog("confirm_go"), Qt::LeftButton);
  QTRY_COMPARE_WITH_TIMEOUT(person.find<QLabel>("outcome")->text(),
                            QStringLiteral("Done: 3 of 3 dead letters of orders / default redriven."), slow_ms);
  QCOMPARE(host.group("orders").dead, 17u);
  QCOMPARE(host.group("orders").ready, 3u);
  QTRY_COMPARE_WITH_TIMEOUT(table->model()->rowCount(), 17, slow_ms);
  QTRY_COMPARE_WITH_TIMEOUT(person.dead_cell(2), QStringLiteral("6"), slow_ms);
  person.click("redrive_all");
  QTRY_VERIFY(person.dialog());
  QTest::mouseClick(person.in_dialog("confirm_go"), Qt::LeftButton);
  QTRY_VERIFY_WITH_TIMEOUT(person.find<QLabel>("dead_empty")->isVisible(), slow_ms);
  QCOMPARE(host.group("orders").ready, 20u);
}

void BrokerTest::discarded_letters_are_gone() {
  BrokerHost host;
  host.make_dead("orders", 20);
  Person person(host);
  QTRY_VERIFY_WITH_TIMEOUT(person.ready(), slow_ms);
  person.open_dead_letters();
  QTRY_COMPARE_WITH_TIMEOUT(person.dead_cell(0), QStringLiteral("1"), slow_ms);
  QTest::keyClick(person.find<QTableView>("dead_table"), Qt::Key_Delete);
  QTRY_VERIFY(person.dialog());
  QTest::keyClick(person.dialog(), Qt::Key_Return);  // Cancel
  QTRY_VERIFY(!person.dialog());
  QCOMPARE(host.group("orders").dead, 20u);
  person.click("discard_all");
  QTRY_VERIFY(person.dialog());
  QTest::keyClicks(person.dialog()->findChild<QLineEdit*>(QStringLiteral("confirm_typed")), QStringLiteral("orders"));
  QTest::mouseClick(person.in_dialog("confirm_go"), Qt::LeftButton);
  QTRY_COMPARE_WITH_TIMEOUT(host.group("orders").dead, 0u, slow_ms);
  QCOMPARE(host.group("orders").discarded, 20u);
  QCOMPARE(host.group("orders").ready, 0u);
}

void BrokerTest::a_paused_queue_hands_nothing_out() {
  BrokerHost host;
  QVERIFY(host->create_queue("orders"));
  Person person(host);
  QTRY_VERIFY_WITH_TIMEOUT(person.ready(), slow_ms);
  QTRY_COMPARE(person.find<QTableView>("queue_table")->model()->rowCount(), 1);
  person.click_row(person.find<QTableView>("queue_table"), 0);
  QTRY_VERIFY(person.find<QPushButton>("pause")->isEnabled());
  person.click("pause");
  QTRY_VERIFY_WITH_TIMEOUT(host->queue_info("orders")->policy.paused, slow_ms);
  QVERIFY(host->publish("orders", Message{.body = "waits"}));
  auto consumer = host->consume("orders");
  QVERIFY(consumer);
  QVERIFY(consumer->receive(1, 300ms)->empty());
  QTRY_VERIFY_WITH_TIMEOUT(person.find<QPushButton>("pause")->text().contains(QStringLiteral("Resume")), slow_ms);
  person.click("pause");
  QTRY_VERIFY_WITH_TIMEOUT(!host->queue_info("orders")->policy.paused, slow_ms);
  QCOMPARE(consumer->receive(1, 5s)->size(), 1u);
}

void BrokerTest::a_broker_that_comes_back_is_found_again() {
  BrokerHost host;
  host.make_dead("orders", 7);
  Person person(host);
  QTRY_VERIFY_WITH_TIMEOUT(person.ready(), slow_ms);
  QTRY_COMPARE(person.find<KpiTile>("tile_dead")->figure().value, QStringLiteral("7"));
  person.open_dead_letters();
  QTRY_VERIFY(person.find<QPushButton>("redrive_all")->isEnabled());
  host.stop();
  auto* banner = person.find<Banner>("connection_banner");
  QTRY_VERIFY_WITH_TIMEOUT(banner->isVisible(), slow_ms);
  QVERIFY(!person.find<QPushButton>("redrive_all")->isEnabled());
  QCOMPARE(person.find<KpiTile>("tile_dead")->figure().value, QStringLiteral("7"));
  host.start_again();
  QTRY_VERIFY_WITH_TIMEOUT(!banner->isVisible(), slow_ms);
  QTRY_VERIFY(person.find<QPushButton>("redrive_all")->isEnabled());
}

void BrokerTest::no_broker_is_told_then_found() {
  BrokerHost host;
  QVERIFY(host->create_queue("orders"));
  host.stop();
  Person person(host);
  QTRY_VERIFY(person.find<QLabel>("notice_title")->text().startsWith(QStringLiteral("Connecting to ")));
  host.start_again();
  QTRY_VERIFY_WITH_TIMEOUT(person.find<QWidget>("overview_page")->isVisible(), slow_ms);
}

QTEST_MAIN(BrokerTest)
#include "broker_test.moc"

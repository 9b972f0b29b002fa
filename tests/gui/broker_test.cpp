// SPDX-License-Identifier: GPL-3.0-only
// The window over a real broker, reached over tcp as any client does; after each act the broker is asked what is true.
#include <QApplication>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QTableWidget>

#include "broker_host.hpp"
#include "widgets/banner.hpp"
#include "widgets/kpi_tile.hpp"

using namespace ackwire;
using namespace ackwire::dashboard;
using namespace std::chrono_literals;
using test::BrokerHost;
using test::slow_ms;
using Person = test::BrokerPerson;

namespace {

bool told_away(const Banner* banner) { return banner->text().startsWith(QStringLiteral("Disconnected")); }

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
  QTRY_VERIFY(person.dialog());
  person.confirm();
  QTRY_VERIFY_WITH_TIMEOUT(host->queue_info("orders")->policy.paused, slow_ms);
  QVERIFY(host->publish("orders", Message{.body = "waits"}));
  auto consumer = host->consume("orders");
  QVERIFY(consumer);
  QVERIFY(consumer->receive(1, 300ms)->empty());
  QTRY_VERIFY_WITH_TIMEOUT(person.find<QPushButton>("pause")->text().contains(QStringLiteral("Resume")), slow_ms);
  QTRY_VERIFY(!person.dialog());
  person.click("pause");
  QTRY_VERIFY(person.dialog());
  person.confirm();
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
  QTRY_VERIFY_WITH_TIMEOUT(told_away(banner), slow_ms);
  QVERIFY(!person.find<QPushButton>("redrive_all")->isEnabled());
  QCOMPARE(person.find<KpiTile>("tile_dead")->figure().value, QStringLiteral("7"));
  host.start_again();
  QTRY_VERIFY_WITH_TIMEOUT(!told_away(banner), slow_ms);
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

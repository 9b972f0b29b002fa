// SPDX-License-Identifier: GPL-3.0-only
// What is wrong with a real broker is seen on the overview, and what is not wrong is not called so.
#include <QApplication>
#include <QLabel>
#include <atomic>
#include <thread>

#include "broker_host.hpp"
#include "models/queue_table_model.hpp"
#include "widgets/banner.hpp"
#include "widgets/kpi_tile.hpp"
#include "widgets/time_series_view.hpp"

using namespace ackwire;
using namespace ackwire::dashboard;
using namespace std::chrono_literals;
using test::BrokerHost;
using test::BrokerPerson;
using test::slow_ms;

class StatesTest : public QObject {
  Q_OBJECT

 private slots:
  void a_group_without_a_consumer_is_seen();
  void letters_of_another_group_are_found();
  void a_full_queue_that_refuses_publishes_is_seen();
  void a_redrive_is_no_duplicate();
  void an_outage_is_a_gap_and_not_a_rate_of_zero();
  void charts_that_stand_still_say_so();
  void rows_of_a_broker_that_is_away_are_old();
};

void StatesTest::a_group_without_a_consumer_is_seen() {
  BrokerHost host;
  QVERIFY(host->create_queue("orders"));
  QVERIFY(host->create_group("orders", "billing"));
  auto consumer = host->consume("orders");
  QVERIFY(consumer);
  BrokerPerson person(host);
  QTRY_VERIFY_WITH_TIMEOUT(person.ready(), slow_ms);
  QTRY_COMPARE_WITH_TIMEOUT(person.group_cell("orders / default", QueueTableModel::state), QStringLiteral("● running"), slow_ms);
  QCOMPARE(person.group_cell("orders / billing", QueueTableModel::state), QStringLiteral("○ no consumer"));
  const auto* banner = person.find<Banner>("connection_banner");
  QCOMPARE(banner->level(), Level::ok);  // nothing waits yet
  QVERIFY(host->publish("orders", Message{.body = "hello"}));
  QTRY_COMPARE_WITH_TIMEOUT(banner->text(), QStringLiteral("Group billing of queue orders has no consumer; 1 message waits."),
                            slow_ms);
  const auto* depth = person.find<KpiTile>("tile_depth");
  QTRY_COMPARE_WITH_TIMEOUT(depth->figure().level, Level::warn, slow_ms);
  QVERIFY(depth->figure().detail.contains(QStringLiteral("1 group without consumer")));
  QCOMPARE(person.group_cell("orders / billing", QueueTableModel::ready), QStringLiteral("1"));
}

void StatesTest::letters_of_another_group_are_found() {
  BrokerHost host;
  QVERIFY(host->create_queue("audit"));
  QVERIFY(host->create_queue("orders"));
  QVERIFY(host->create_group("orders", "billing"));
  host.make_dead("orders", 3, "billing");
  BrokerPerson person(host);
  QTRY_VERIFY_WITH_TIMEOUT(person.ready(), slow_ms);
  person.open_dead_letters();  // neither the first queue nor its group "default" has any
  QTRY_COMPARE_WITH_TIMEOUT(person.dead_cell(0), QStringLiteral("1"), slow_ms);
  QCOMPARE(person.find<QComboBox>("dead_queue")->currentText(), QStringLiteral("orders (3)"));
  QCOMPARE(person.find<QComboBox>("dead_group")->currentText(), QStringLiteral("billing (3)"));
  auto* groups = person.find<QComboBox>("dead_group");
  groups->setFocus();
  QTest::keyClick(groups, Qt::Key_Home);
  QTRY_VERIFY(person.find<QLabel>("dead_empty")->isVisible());
  QVERIFY(person.find<QLabel>("dead_empty")->text().endsWith(QStringLiteral("Dead letters wait in orders / billing (3).")));
  QTest::keyClick(&person.window, Qt::Key_1);
  auto* table = person.find<QTableView>("queue_table");
  const auto row = [&](const char* label) {
    for (int i = 0; i < table->model()->rowCount(); ++i) {
      if (table->model()->index(i, 0).data().toString() == QLatin1String(label)) return i;
    }
    return -1;
  };
  for (const auto* label : {"orders / default", "orders / billing"}) {
    person.click_row(table, row(label));
    person.click("open_dead");
    QTRY_COMPARE_WITH_TIMEOUT(person.dead_cell(0), QStringLiteral("1"), slow_ms);
    QCOMPARE(groups->currentText(), QStringLiteral("billing (3)"));
    QTest::keyClick(&person.window, Qt::Key_1);
  }
}

void StatesTest::a_full_queue_that_refuses_publishes_is_seen() {
  BrokerHost host;
  QueueChange change;
  change.max_depth = 10;
  QVERIFY(host->ensure_queue("orders", change));
  auto consumer = host->consume("orders", {.credit = 1});
  QVERIFY(consumer);
  BrokerPerson person(host);
  QTRY_VERIFY_WITH_TIMEOUT(person.ready(), slow_ms);
  const auto* depth = person.find<KpiTile>("tile_depth");
  QTRY_COMPARE_WITH_TIMEOUT(depth->figure().level, Level::ok, slow_ms);
  for (int i = 0; i < 10; ++i) QVERIFY(host->publish("orders", Message{.body = "fits"}));
  for (int i = 0; i < 4; ++i) QVERIFY(!host->publish("orders", Message{.body = "does not"}));
  QTRY_COMPARE_WITH_TIMEOUT(depth->figure().level, Level::critical, slow_ms);
  QTRY_COMPARE_WITH_TIMEOUT(depth->figure().detail, QStringLiteral("1 queue full, 4 refused"), slow_ms);
  QTRY_COMPARE_WITH_TIMEOUT(person.group_cell("orders / default", QueueTableModel::state), QStringLiteral("✖ full"), slow_ms);
  const auto* banner = person.find<Banner>("connection_banner");
  QCOMPARE(banner->text(), QStringLiteral("Queue orders is full (10 of 10 messages) and refuses publishes."));
  auto deliveries = consumer->receive(1, 5s);
  QVERIFY(deliveries && consumer->ack(*deliveries));
  // Room again: the refusals are not forgotten with the fullness.
  QTRY_COMPARE_WITH_TIMEOUT(person.group_cell("orders / default", QueueTableModel::state), QStringLiteral("✖ refusing"), slow_ms);
  QVERIFY(depth->figure().detail.contains(QStringLiteral("4 refused")));
}

void StatesTest::a_redrive_is_no_duplicate() {
  BrokerHost host;
  host.make_dead("orders", 12);
  QVERIFY(host->redrive("orders", "default"));
  auto consumer = host->consume("orders");
  QVERIFY(consumer);
  for (std::size_t acked = 0; acked < 12;) {
    auto deliveries = consumer->receive(100, 5s);
    QVERIFY(deliveries && !deliveries->empty());
    acked += consumer->ack(*deliveries)->applied;
  }
  BrokerPerson person(host);
  QTRY_VERIFY_WITH_TIMEOUT(person.ready(), slow_ms);
  const auto* duplicates = person.find<KpiTile>("tile_redelivered");
  QTRY_COMPARE_WITH_TIMEOUT(duplicates->figure().detail, QStringLiteral("0 of 24 hand-overs"), slow_ms);
  QCOMPARE(duplicates->figure().level, Level::ok);
  QCOMPARE(person.group_cell("orders / default", QueueTableModel::redelivered), QStringLiteral("0 %"));
}

void StatesTest::an_outage_is_a_gap_and_not_a_rate_of_zero() {
  BrokerHost host;
  QVERIFY(host->create_queue("orders"));
  BrokerPerson person(host);
  QTRY_VERIFY_WITH_TIMEOUT(person.ready(), slow_ms);
  const auto publish_for = [&](Duration time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
      QVERIFY(host->publish("orders", Message{.body = "tick"}));
      QTest::qWait(20);
    }
  };
  publish_for(2'200ms);
  host.stop();
  QTest::qWait(2'500);
  host.start_again();
  publish_for(2'200ms);  // from its first moment on
  const auto* chart = person.find<TimeSeriesView>("chart_throughput");
  QTRY_COMPARE_WITH_TIMEOUT(chart->gaps().size(), 1u, slow_ms);
  const auto [from, until] = chart->gaps().front();
  QVERIFY2(until - from >= 1, qPrintable(QString::number(until - from)));
  for (const auto& segment : chart->lines().front()) {
    for (const auto& point : segment) QVERIFY(point.x() <= from || point.x() >= until);
    QVERIFY(segment.front().x() >= until || segment.back().x() <= from);
  }
}

void StatesTest::charts_that_stand_still_say_so() {
  BrokerHost host;
  QVERIFY(host->create_queue("orders"));
  BrokerPerson person(host);
  QTRY_VERIFY_WITH_TIMEOUT(person.ready(), slow_ms);
  const auto* age = person.find<QLabel>("sample_age");
  QTRY_COMPARE_WITH_TIMEOUT(age->text(), QStringLiteral("up to date"), slow_ms);
  person.click("live");
  QVERIFY(age->text().startsWith(QStringLiteral("still, of ")));
  QTRY_VERIFY_WITH_TIMEOUT(!age->text().contains(QStringLiteral("< 1 s")), slow_ms);  // and it grows older
  QVERIFY(age->text().startsWith(QStringLiteral("still, of ")));
  person.click("live");
  QTRY_COMPARE_WITH_TIMEOUT(age->text(), QStringLiteral("up to date"), slow_ms);
}

void StatesTest::rows_of_a_broker_that_is_away_are_old() {
  BrokerHost host;
  QVERIFY(host->create_queue("orders"));
  auto consumer = std::make_unique<Result<Consumer>>(host->consume("orders"));
  BrokerPerson person(host);
  QTRY_VERIFY_WITH_TIMEOUT(person.ready(), slow_ms);
  QTRY_COMPARE_WITH_TIMEOUT(person.group_cell("orders / default", QueueTableModel::state), QStringLiteral("● running"), slow_ms);
  consumer.reset();
  QTRY_COMPARE_WITH_TIMEOUT(person.group_cell("orders / default", QueueTableModel::state), QStringLiteral("○ no consumer"),
                            slow_ms);
  host.stop();
  QTRY_COMPARE_WITH_TIMEOUT(person.group_cell("orders / default", QueueTableModel::state), QStringLiteral("◌ old: no consumer"),
                            slow_ms);
  person.open_dead_letters();
  QVERIFY(person.find<QLabel>("dead_count")->text().endsWith(QStringLiteral("(old)")));
  host.start_again();
  QTRY_COMPARE_WITH_TIMEOUT(person.group_cell("orders / default", QueueTableModel::state), QStringLiteral("○ no consumer"),
                            slow_ms);
  QVERIFY(!person.find<QLabel>("dead_count")->text().endsWith(QStringLiteral("(old)")));
}

QTEST_MAIN(StatesTest)
#include "states_test.moc"

// SPDX-License-Identifier: GPL-3.0-only
// The models without a window.
#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QSortFilterProxyModel>
#include <QtTest>
#include <random>

#include "bridge/actor.hpp"
#include "bridge/dead_pager.hpp"
#include "cpu_clock.hpp"
#include "models/dead_letter_model.hpp"
#include "models/queue_table_model.hpp"
#include "scripted_source.hpp"

using namespace ackwire;
using namespace ackwire::dashboard;
using test::Script;

namespace {

BrokerStats stats_of(Script& script) { return *(*script.factory()(Purpose::watch))->stats(); }

/// A model over a scripted broker, its pager called in between as the reader does.
struct Paged {
  explicit Paged(std::uint64_t rows) {
    script.add_queue("orders", rows);
    source = *script.factory()(Purpose::watch);
    QObject::connect(&model, &DeadLetterModel::page_wanted, &model,
                     [this](const DeadPageRequest& request) { wanted.push_back(request); });
    model.set_target(QStringLiteral("orders"), QStringLiteral("default"), {rows, rows, Script::sequence_of(rows) + 1'000});
  }

  /// Answers everything asked for so far, the newest first. Returns how many steps it took.
  int serve() {
    QCoreApplication::processEvents();
    int steps = 0;
    while (!wanted.empty()) {
      const auto request = wanted.back();
      const auto reply = pager.step(*source, request);
      ++steps;
      if (reply.complete || !reply.error.isEmpty()) wanted.pop_back();
      model.accept(reply);
      QCoreApplication::processEvents();
    }
    return steps;
  }

  QString cell(int row, int column) { return model.index(row, column).data().toString(); }

  Script script;
  std::shared_ptr<DataSource> source;
  DeadLetterModel model;
  DeadPager pager;
  std::vector<DeadPageRequest> wanted;
};

}  // namespace

class ModelsTest : public QObject {
  Q_OBJECT

 private slots:
  void queue_rows_keep_their_identity();
  void queue_model_survives_random_updates();
  void queue_rates_are_means_of_five_seconds();
  void sorted_view_keeps_the_selection();
  void dead_letters_show_their_count_at_once();
  void every_row_of_a_page_is_the_right_one();
  void a_jump_to_the_end_of_a_million_is_quick();
  void a_jump_to_the_middle_of_a_million_arrives();
  void scrolling_up_from_the_end_finds_each_page();
  void memory_is_bounded_by_pages();
  void arrivals_do_not_move_rows();
  void an_empty_table_fills_by_itself();
  void a_shorter_queue_is_told();
  void names_and_keys_are_escaped();
  void what_is_not_there_any_more_is_not_acted_on();
  void an_action_without_an_answer_is_not_known();
};

void ModelsTest::queue_rows_keep_their_identity() {
  Script script;
  for (const auto* name : {"orders", "payments", "mail"}) script.add_queue(name, 0);
  QueueTableModel model;
  QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
  model.update(stats_of(script));
  QPersistentModelIndex payments(model.index(model.row_of(QStringLiteral("payments")), 0));
  const int orders = model.row_of(QStringLiteral("orders"));
  script.add_queue("audit", 2);
  script.remove_queue("orders");
  model.update(stats_of(script));
  QCOMPARE(model.rowCount(), 4);  // a row that is gone stays where it is, and says so
  QCOMPARE(model.index(orders, QueueTableModel::name).data().toString(), QStringLiteral("orders / default"));
  QCOMPARE(model.index(orders, QueueTableModel::state).data().toString(), QStringLiteral("– removed"));
  QCOMPARE(model.row_of(QStringLiteral("orders")), -1);
  model.drop_gone();
  QCOMPARE(model.rowCount(), 3);
  QVERIFY(payments.isValid());
  QCOMPARE(payments.data(QueueTableModel::queue_role).toString(), QStringLiteral("payments"));
  QCOMPARE(resets.count(), 0);
}

void ModelsTest::queue_model_survives_random_updates() {
  Script script;
  QueueTableModel model;
  QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  QSortFilterProxyModel proxy;
  proxy.setSourceModel(&model);
  proxy.setSortRole(QueueTableModel::sort_role);
  QAbstractItemModelTester proxy_tester(&proxy, QAbstractItemModelTester::FailureReportingMode::Fatal);
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const auto name = "q" + std::to_string(random() % 40);
    if (random() % 3 == 0) {
      script.remove_queue(name);
    } else {
      script.add_queue(name, random() % 100);
    }
    const auto stats = stats_of(script);
    model.update(stats);
    if (random() % 2) model.drop_gone();
    proxy.sort(static_cast<int>(random() % QueueTableModel::columns), random() % 2 ? Qt::AscendingOrder : Qt::DescendingOrder);
    QVERIFY(model.rowCount() >= static_cast<int>(stats.queues.size()));
    for (const auto& queue : stats.queues) {
      const int row = model.row_of(QString::fromStdString(queue.name));
      QVERIFY(row >= 0);
      QCOMPARE(model.index(row, QueueTableModel::dead).data(QueueTableModel::sort_role).toULongLong(), queue.groups.front().dead);
    }
  }
}

void ModelsTest::queue_rates_are_means_of_five_seconds() {
  QueueTableModel model;
  BrokerStats stats;
  stats.queues.resize(1);
  stats.queues[0].name = "orders";
  stats.queues[0].groups.resize(1);
  for (int second = 0; second < 8; ++second) {
    stats.now = Timestamp{Duration{1'000'000 + second * 1'000}};
    model.update(stats);
    if (second == 0) QCOMPARE(model.index(0, QueueTableModel::in_rate).data().toString(), QStringLiteral("–"));  // not known, not 0
    stats.queues[0].groups[0].published += 250;
    stats.queues[0].groups[0].acked += 100;
  }
  QCOMPARE(model.index(0, QueueTableModel::in_rate).data().toString(), QStringLiteral("250/s"));
  QCOMPARE(model.index(0, QueueTableModel::out_rate).data().toString(), QStringLiteral("100/s"));
  stats.queues[0].groups[0].published = 3;  // removed and made again: no negative rate
  stats.now += Duration{1'000};
  model.update(stats);
  QCOMPARE(model.index(0, QueueTableModel::in_rate).data().toString(), QStringLiteral("–"));
  stats.now += Duration{1'000};
  model.update(stats);
  QCOMPARE(model.index(0, QueueTableModel::in_rate).data().toString(), QStringLiteral("0/s"));
  stats.now += Duration{60'000};  // nothing was heard for a minute: no mean over it
  stats.queues[0].groups[0].published += 6'000;
  model.update(stats);
  QCOMPARE(model.index(0, QueueTableModel::in_rate).data().toString(), QStringLiteral("–"));
}

void ModelsTest::sorted_view_keeps_the_selection() {
  Script script;
  for (int i = 0; i < 50; ++i) script.add_queue("q" + std::to_string(i), static_cast<std::uint64_t>(i));
  QueueTableModel model;
  model.update(stats_of(script));
  QSortFilterProxyModel proxy;
  proxy.setSourceModel(&model);
  proxy.setSortRole(QueueTableModel::sort_role);
  proxy.setDynamicSortFilter(false);
  proxy.sort(QueueTableModel::dead, Qt::DescendingOrder);
  QPersistentModelIndex top(proxy.index(0, 0));
  QCOMPARE(top.data(QueueTableModel::queue_role).toString(), QStringLiteral("q49"));
  script.kill_more("q3", 1'000);
  model.update(stats_of(script));
  QCOMPARE(top.row(), 0);  // nothing moves by itself
  proxy.sort(QueueTableModel::dead, Qt::DescendingOrder);
  QCOMPARE(top.row(), 1);
  QCOMPARE(top.data(QueueTableModel::queue_role).toString(), QStringLiteral("q49"));
}

void ModelsTest::dead_letters_show_their_count_at_once() {
  Paged paged(1'000'000);
  QCOMPARE(paged.model.rowCount(), 1'000'000);
  QCOMPARE(paged.cell(0, DeadLetterModel::sequence), QStringLiteral("…"));
  paged.serve();
  QCOMPARE(paged.cell(0, DeadLetterModel::sequence), QStringLiteral("7"));
}

void ModelsTest::every_row_of_a_page_is_the_right_one() {
  Paged paged(10'000);
  QAbstractItemModelTester tester(&paged.model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  for (int row = 0; row < 10'000; ++row) {
    paged.cell(row, DeadLetterModel::sequence);
    if (row % 256 == 0) paged.serve();
    QCOMPARE(paged.model.sequence_at(row), std::optional(Script::sequence_of(static_cast<std::uint64_t>(row))));
  }
}

void ModelsTest::a_jump_to_the_end_of_a_million_is_quick() {
  Paged paged(1'000'000);
  const auto begin = test::thread_cpu_ms();
  paged.cell(999'999, DeadLetterModel::sequence);
  paged.serve();
  QCOMPARE(paged.model.sequence_at(999'999), std::optional(Script::sequence_of(999'999)));
  QVERIFY2(paged.script.page_reads() < 60, qPrintable(QString::number(paged.script.page_reads())));
  const auto worked = test::thread_cpu_ms() - begin;
  QVERIFY2(worked < 150, qPrintable(QString::number(worked)));
}

void ModelsTest::a_jump_to_the_middle_of_a_million_arrives() {
  Paged paged(1'000'000);
  QSignalSpy seeking(&paged.model, &DeadLetterModel::seeking);
  paged.cell(500'000, DeadLetterModel::sequence);
  QVERIFY(paged.serve() > 10);  // in slices, so that polls go on between them
  QVERIFY(seeking.count() > 10);
  QCOMPARE(paged.model.sequence_at(500'000), std::optional(Script::sequence_of(500'000)));
}

void ModelsTest::scrolling_up_from_the_end_finds_each_page() {
  Paged paged(1'000'000);
  for (int row = 999'999; row > 990'000; row -= 100) {
    paged.cell(row, DeadLetterModel::sequence);
    paged.serve();
    QCOMPARE(paged.model.sequence_at(row), std::optional(Script::sequence_of(static_cast<std::uint64_t>(row))));
  }
}

void ModelsTest::memory_is_bounded_by_pages() {
  Paged paged(100'000);
  for (int row = 0; row < 100'000; row += 256) {
    paged.cell(row, DeadLetterModel::key);
    paged.serve();
  }
  QCOMPARE(paged.model.pages_in_memory(), DeadLetterModel::pages_kept);
}

void ModelsTest::arrivals_do_not_move_rows() {
  Paged paged(500);
  QAbstractItemModelTester tester(&paged.model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  paged.cell(0, 0);
  paged.serve();
  paged.model.note({512, 512, 0});
  QCOMPARE(paged.model.rowCount(), 500);
  QCOMPARE(paged.model.arrived(), 12u);
  QCOMPARE(paged.model.left(), 0u);
  paged.script.kill_more("orders", 12);
  paged.model.refresh();
  QCOMPARE(paged.model.rowCount(), 512);
  QCOMPARE(paged.model.arrived(), 0u);
  paged.cell(511, 0);
  paged.serve();
  QCOMPARE(paged.model.sequence_at(511), std::optional(Script::sequence_of(511)));
  paged.model.note({512, 515, 0});  // as many came as went
  QCOMPARE(paged.model.arrived(), 3u);
  QCOMPARE(paged.model.left(), 3u);
  paged.model.note({10, 515, 0});
  QCOMPARE(paged.model.left(), 505u);
  paged.model.refresh();
  QCOMPARE(paged.model.rowCount(), 10);
}

void ModelsTest::an_empty_table_fills_by_itself() {
  Paged paged(0);
  QAbstractItemModelTester tester(&paged.model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  QCOMPARE(paged.model.rowCount(), 0);
  paged.script.kill_more("orders", 3);
  paged.model.note({3, 3, 1'000});
  QCOMPARE(paged.model.rowCount(), 3);
}

void ModelsTest::a_shorter_queue_is_told() {
  Paged paged(10'000);
  paged.script.add_queue("orders", 100);  // somebody else redrove nearly all of it
  QSignalSpy failed(&paged.model, &DeadLetterModel::failed);
  paged.cell(5'000, 0);
  paged.serve();
  QCOMPARE(failed.count(), 1);
  QVERIFY(failed[0][0].toString().contains(QStringLiteral("refresh")));
}

void ModelsTest::names_and_keys_are_escaped() {
  Paged paged(5);
  DeadLetter letter;
  letter.idempotency_key = std::string("<b>\x1b[31m\0\xe2\x80\xae", 12);
  paged.script.set_letter(letter);
  paged.cell(0, 0);
  paged.serve();
  QCOMPARE(paged.cell(0, DeadLetterModel::key), QStringLiteral("<b>\\x1b[31m\\x00\\u{202E}"));
}

namespace {

ActionOutcome run(Script& script, const ActionRequest& request) {
  Actor actor(script.factory());
  QSignalSpy done(&actor, &Actor::done);
  actor.run(request);
  return done.isEmpty() ? ActionOutcome{} : done[0][0].value<ActionOutcome>();
}

}  // namespace

void ModelsTest::what_is_not_there_any_more_is_not_acted_on() {
  Script script;
  script.add_queue("orders", 12);
  ActionRequest request{.verb = Verb::discard, .queue = "orders", .group = "default", .sequences = {7}, .count = 1};
  request.seen = identity_of(stats_of(script), "orders");
  script.remove_queue("orders");
  QVERIFY(run(script, request).message.contains(QStringLiteral("Queue orders was removed.")));
  script.add_queue("orders", 12);  // the same name, the same sequences, other messages
  const auto outcome = run(script, request);
  QCOMPARE(outcome.ending, Ending::not_done);
  QCOMPARE(headline(outcome), QStringLiteral("Not done: "));
  QVERIFY2(outcome.message.contains(QStringLiteral("removed and made again")), qPrintable(outcome.message));
  request.seen = identity_of(stats_of(script), "orders");
  script.restart();  // perhaps from an older copy
  QVERIFY(run(script, request).message.contains(QStringLiteral("started again")));
  QVERIFY(script.moved().empty());
  request.seen = identity_of(stats_of(script), "orders");
  QCOMPARE(run(script, request).ending, Ending::done);
  QCOMPARE(headline(run(script, request)), QStringLiteral("Nothing to do: "));  // it had left already
}

void ModelsTest::an_action_without_an_answer_is_not_known() {
  Script script;
  script.add_queue("orders", 12);
  ActionRequest request{.verb = Verb::redrive, .queue = "orders", .group = "default", .sequences = {7, 10}, .count = 2};
  request.seen = identity_of(stats_of(script), "orders");
  script.set_action_fault(Error{Errc::timeout, "No answer within 600 s.", {}, {}});
  auto outcome = run(script, request);
  QCOMPARE(outcome.ending, Ending::unknown);
  QCOMPARE(
      headline(outcome) + outcome.message,
      QStringLiteral("Outcome not known: the broker may have redriven 2 dead letters of orders / default, or not: No answer within "
                     "600 s. Look at what is there now before you repeat it."));
  script.set_action_fault(Error{Errc::overloaded, "Too many requests.", {}, {}});
  outcome = run(script, request);
  QCOMPARE(outcome.ending, Ending::not_done);
  QVERIFY(outcome.message.startsWith(QStringLiteral("2 dead letters of orders / default not redriven: Too many requests.")));
  request.verb = Verb::pause;
  script.set_connected(false);  // never sent
  QCOMPARE(run(script, request).ending, Ending::not_done);
}

QTEST_GUILESS_MAIN(ModelsTest)
#include "models_test.moc"

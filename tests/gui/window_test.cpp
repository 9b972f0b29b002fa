// SPDX-License-Identifier: GPL-3.0-only
// The window as a person uses it: mouse and keys on widgets found by name, over a scripted broker.
#include <QAccessible>
#include <QAction>
#include <QApplication>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QTableWidget>

#include "models/dead_letter_model.hpp"
#include "pages/notice_page.hpp"
#include "person.hpp"
#include "scripted_source.hpp"
#include "stall_probe.hpp"
#include "widgets/banner.hpp"
#include "widgets/kpi_tile.hpp"

using namespace ackwire;
using namespace ackwire::dashboard;
using test::Script;

namespace {

struct Person : test::Person {
  explicit Person(Script& script)
      : test::Person(QStringLiteral("tcp://127.0.0.1:7733"), [&script](const QString&) { return script.factory(); }) {}
  bool first_letter_read() const { return dead_cell(0) == QLatin1String("7"); }
};

}  // namespace

class WindowTest : public QObject {
  Q_OBJECT

 private slots:
  void figures_and_queues_appear();
  void a_selected_queue_has_the_charts_alone();
  void selection_and_scroll_survive_refreshes();
  void pausing_and_resuming_by_mouse_and_key();
  void a_dead_letter_opens_in_the_inspector();
  void hostile_payloads_stay_text();
  void redrive_of_the_selected_asks_and_cancel_is_the_default();
  void redrive_of_the_selected_moves_exactly_those();
  void redrive_of_all_says_the_count();
  void discard_of_all_wants_the_name();
  void actions_are_disabled_with_a_reason();
  void losing_the_broker_keeps_the_figures();
  void losing_the_broker_blocks_an_open_dialog();
  void another_protocol_version_is_told();
  void no_queues_is_an_invitation();
  void no_broker_is_told_and_another_can_be_chosen();
  void another_broker_never_shows_rows_of_the_first();
  void themes_switch_and_are_followed();
  void ranges_and_live_by_mouse_and_key();
  void every_control_has_a_name();
  void everything_fits_a_small_screen();
  void a_million_dead_letters_never_stall_the_window();
  void a_slow_broker_never_stalls_the_window();
};

void WindowTest::figures_and_queues_appear() {
  Script script;
  script.add_queue("orders", 12);
  script.add_queue("payments", 0);
  Person person(script);
  QTRY_VERIFY(person.ready());
  QTRY_COMPARE(person.find<QTableView>("queue_table")->model()->rowCount(), 2);
  QTRY_VERIFY(person.find<KpiTile>("tile_success")->figure().value.endsWith(u'%'));
  QCOMPARE(person.find<KpiTile>("tile_dead")->figure().value, QStringLiteral("12"));
  QVERIFY(person.find<QWidget>("overview_page")->isVisible());
}

void WindowTest::a_selected_queue_has_the_charts_alone() {
  Script script;
  script.add_queue("orders", 12);
  script.add_queue("payments", 3);
  Person person(script);
  QTRY_VERIFY(person.ready());
  auto* table = person.find<QTableView>("queue_table");
  QTRY_COMPARE(table->model()->rowCount(), 2);
  person.click_row(table, 1);
  QTRY_COMPARE(person.find<KpiTile>("tile_dead")->figure().value, QStringLiteral("3"));
  QVERIFY(person.find<QLabel>("subject")->text().contains(QStringLiteral("payments")));
  QTest::keyClick(&person.window, Qt::Key_Escape);
  QTRY_COMPARE(person.find<KpiTile>("tile_dead")->figure().value, QStringLiteral("15"));
  QVERIFY(!person.find<QPushButton>("show_all")->isEnabled());
}

void WindowTest::selection_and_scroll_survive_refreshes() {
  Script script;
  for (int i = 0; i < 100; ++i) script.add_queue("queue-" + std::to_string(i), static_cast<std::uint64_t>(i));
  Person person(script);
  QTRY_VERIFY(person.ready());
  auto* table = person.find<QTableView>("queue_table");
  QTRY_COMPARE(table->model()->rowCount(), 100);
  table->scrollTo(table->model()->index(70, 0));
  person.click_row(table, 70);
  const auto chosen = table->currentIndex().data().toString();
  QTRY_VERIFY(person.find<QLabel>("subject")->text().contains(chosen));
  const int polls = script.polls();
  script.kill_more("queue-3", 5);
  QTRY_VERIFY(script.polls() > polls + 5);
  QCOMPARE(table->currentIndex().data().toString(), chosen);
  QVERIFY(table->selectionModel()->isRowSelected(table->currentIndex().row()));
  QVERIFY(table->viewport()->rect().intersects(table->visualRect(table->currentIndex())));
}

void WindowTest::pausing_and_resuming_by_mouse_and_key() {
  Script script;
  script.add_queue("orders", 0);
  Person person(script);
  QTRY_VERIFY(person.ready());
  QVERIFY(!person.find<QPushButton>("pause")->isEnabled());
  QVERIFY(person.find<QPushButton>("pause")->toolTip().contains(QStringLiteral("Select a queue")));
  person.click_row(person.find<QTableView>("queue_table"), 0);
  QTRY_VERIFY(person.find<QPushButton>("pause")->isEnabled());
  person.click("pause");
  QTRY_VERIFY(script.paused("orders"));
  QTRY_VERIFY(person.find<QPushButton>("pause")->text().contains(QStringLiteral("Resume")));
  QTRY_COMPARE(person.find<QLabel>("outcome")->text(), QStringLiteral("Done: Queue orders is paused."));
  QTest::keyClick(&person.window, Qt::Key_P);
  QTRY_VERIFY(!script.paused("orders"));
}

void WindowTest::a_dead_letter_opens_in_the_inspector() {
  Script script;
  script.add_queue("orders", 500);
  Person person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_VERIFY(person.first_letter_read());
  auto* table = person.find<QTableView>("dead_table");
  person.click_row(table, 3);
  QTRY_VERIFY(person.find<QLabel>("inspector_title")->text().startsWith(QStringLiteral("Dead letter 16:")));
  QVERIFY(person.find<QPlainTextEdit>("inspector_payload")->toPlainText().contains(QStringLiteral("\"order\": 3,")));
  person.click("view_hex");
  QVERIFY(person.find<QPlainTextEdit>("inspector_payload")->toPlainText().startsWith(QStringLiteral("00000000  7b 22")));
  QCOMPARE(person.find<QTableWidget>("inspector_headers")->rowCount(), 2);
  QCOMPARE(person.find<QTableWidget>("inspector_errors")->rowCount(), 2);
  QTest::keyClick(table, Qt::Key_Down);
  QTRY_VERIFY(person.find<QLabel>("inspector_title")->text().startsWith(QStringLiteral("Dead letter 19:")));
}

void WindowTest::hostile_payloads_stay_text() {
  const std::pair<std::string, QString> gallery[] = {
      {"<img src=\"file:///etc/passwd\"><b>bold</b>", QStringLiteral("<img src=\"file:///etc/passwd\"><b>bold</b>")},
      {std::string("\x1b[31m\0\r\xe2\x80\xae", 10), QStringLiteral("\\x1b[31m\\x00\\x0d\\u{202E}")},
      {std::string(64 * 1024, 'A'), QString(64 * 1024, u'A')},
  };
  for (const auto& [body, text] : gallery) {
    Script script;
    script.add_queue("orders", 3);
    DeadLetter letter;
    letter.body = body;
    letter.body_bytes = body.size() > 60'000 ? 10'000'000 : body.size();
    letter.headers = {{"<b>name</b>", "<img src=http://127.0.0.1/x>"}};
    script.set_letter(letter);
    Person person(script);
    QTRY_VERIFY(person.ready());
    person.open_dead_letters();
    QTRY_VERIFY(person.first_letter_read());
    person.click_row(person.find<QTableView>("dead_table"), 0);
    auto* payload = person.find<QPlainTextEdit>("inspector_payload");
    QTRY_COMPARE(payload->toPlainText(), text);
    QCOMPARE(person.find<QTableWidget>("inspector_headers")->item(0, 0)->text(), QStringLiteral("<b>name</b>"));
    const auto* note = person.find<QLabel>("inspector_note");
    QCOMPARE(note->isVisibleTo(person.find<QWidget>("inspector")), letter.body_bytes > body.size());
    for (const auto* label : person.window.findChildren<QLabel*>()) {
      if (!label->text().isEmpty() && label->buddy() == nullptr) QCOMPARE(label->textFormat(), Qt::PlainText);
    }
  }
}

void WindowTest::redrive_of_the_selected_asks_and_cancel_is_the_default() {
  Script script;
  script.add_queue("orders", 20);
  Person person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_VERIFY(person.first_letter_read());
  person.click_row(person.find<QTableView>("dead_table"), 1);
  QTRY_VERIFY(person.find<QPushButton>("redrive_selected")->isEnabled());
  person.click("redrive_selected");
  QTRY_VERIFY(person.dialog());
  QVERIFY(person.in_dialog("confirm_cancel")->isDefault());
  QVERIFY(!person.in_dialog("confirm_go")->isDefault());
  QTest::keyClick(person.dialog(), Qt::Key_Return);
  QTRY_VERIFY(!person.dialog());
  person.window.activateWindow();
  QTRY_VERIFY(person.window.isActiveWindow());
  QTest::keyClick(person.find<QTableView>("dead_table"), Qt::Key_Delete);
  QTRY_VERIFY(person.dialog());
  QTest::keyClick(person.dialog(), Qt::Key_Escape);
  QTRY_VERIFY(!person.dialog());
  QVERIFY(script.moved().empty());
}

void WindowTest::redrive_of_the_selected_moves_exactly_those() {
  Script script;
  script.add_queue("orders", 20);
  Person person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_VERIFY(person.first_letter_read());
  auto* table = person.find<QTableView>("dead_table");
  person.click_row(table, 1);
  person.click_row(table, 3, Qt::ShiftModifier);
  QTRY_COMPARE(person.find<QPushButton>("redrive_selected")->text(), QStringLiteral("&Redrive 3 selected…"));
  QTest::keyClick(table, Qt::Key_R);
  QTRY_VERIFY(person.dialog());
  QCOMPARE(person.in_dialog("confirm_go")->text(), QStringLiteral("Redrive 3 dead letters"));
  QTest::mouseClick(person.in_dialog("confirm_go"), Qt::LeftButton);
  QTRY_COMPARE(script.moved().size(), 1u);
  const auto moved = script.moved().front();
  QCOMPARE(moved.verb, std::string("redrive"));
  QCOMPARE(moved.sequences, (std::vector<std::uint64_t>{10, 13, 16}));
  QTRY_COMPARE(person.find<QLabel>("outcome")->text(), QStringLiteral("Done: 3 of 3 dead letters of orders / default redriven."));
  QTRY_COMPARE(table->model()->rowCount(), 17);
  QTRY_COMPARE(table->model()->index(1, 0).data().toString(), QStringLiteral("19"));
}

void WindowTest::redrive_of_all_says_the_count() {
  Script script;
  script.add_queue("orders", 8'412);
  Person person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_COMPARE(person.find<QPushButton>("redrive_all")->text(), QStringLiteral("Redrive &all 8,412…"));
  person.click("redrive_all");
  QTRY_VERIFY(person.dialog());
  QCOMPARE(person.dialog()->findChild<QLabel*>(QStringLiteral("confirm_question"))->text(),
           QStringLiteral("Redrive all 8,412 dead letters?"));
  QTest::mouseClick(person.in_dialog("confirm_go"), Qt::LeftButton);
  QTRY_COMPARE(script.dead("orders"), 0u);
  QVERIFY(script.moved().front().sequences.empty());
  QTRY_VERIFY(person.find<QLabel>("dead_empty")->isVisible());
  QTRY_VERIFY(person.find<QLabel>("dead_empty")->text().contains(QStringLiteral("8,412 were redriven")));
}

void WindowTest::discard_of_all_wants_the_name() {
  Script script;
  script.add_queue("orders", 40);
  Person person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_VERIFY(person.find<QPushButton>("discard_all")->isEnabled());
  person.click("discard_all");
  QTRY_VERIFY(person.dialog());
  QVERIFY(!person.in_dialog("confirm_go")->isEnabled());
  auto* typed = person.dialog()->findChild<QLineEdit*>(QStringLiteral("confirm_typed"));
  QTest::keyClicks(typed, QStringLiteral("order"));
  QVERIFY(!person.in_dialog("confirm_go")->isEnabled());
  QTest::keyClicks(typed, QStringLiteral("s"));
  QVERIFY(person.in_dialog("confirm_go")->isEnabled());
  QTest::keyClick(typed, Qt::Key_Return);  // still Cancel
  QTRY_VERIFY(!person.dialog());
  QCOMPARE(script.dead("orders"), 40u);
  person.click("discard_all");
  QTRY_VERIFY(person.dialog());
  QTest::keyClicks(person.dialog()->findChild<QLineEdit*>(QStringLiteral("confirm_typed")), QStringLiteral("orders"));
  QTest::mouseClick(person.in_dialog("confirm_go"), Qt::LeftButton);
  QTRY_COMPARE(script.dead("orders"), 0u);
}

void WindowTest::actions_are_disabled_with_a_reason() {
  Script script;
  script.add_queue("orders", 0);
  Person person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  for (const auto* name : {"redrive_selected", "redrive_all", "discard_selected", "discard_all"}) {
    QVERIFY(!person.find<QPushButton>(name)->isEnabled());
    QVERIFY(!person.find<QPushButton>(name)->toolTip().isEmpty());
  }
  QVERIFY(person.find<QPushButton>("redrive_all")->toolTip().contains(QStringLiteral("no dead letters")));
}

void WindowTest::losing_the_broker_keeps_the_figures() {
  Script script;
  script.add_queue("orders", 12);
  Person person(script);
  QTRY_VERIFY(person.ready());
  const auto before = person.find<KpiTile>("tile_dead")->figure().value;
  script.set_connected(false, "the broker closed the connection");
  auto* banner = person.find<Banner>("connection_banner");
  QTRY_VERIFY(banner->isVisible());
  QVERIFY(banner->text().contains(QStringLiteral("the broker closed the connection")));
  QCOMPARE(person.find<KpiTile>("tile_dead")->figure().value, before);
  person.open_dead_letters();
  QTRY_VERIFY(!person.find<QPushButton>("redrive_all")->isEnabled());
  QVERIFY(person.find<QPushButton>("redrive_all")->toolTip().contains(QStringLiteral("Not connected")));
  script.set_connected(true);
  QTRY_VERIFY(!banner->isVisible());
  QTRY_VERIFY(person.find<QPushButton>("redrive_all")->isEnabled());
}

void WindowTest::losing_the_broker_blocks_an_open_dialog() {
  Script script;
  script.add_queue("orders", 12);
  Person person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  person.click("redrive_all");
  QTRY_VERIFY(person.dialog());
  script.set_connected(false);
  QTRY_VERIFY(!person.in_dialog("confirm_go")->isEnabled());
  script.set_connected(true);
  QTRY_VERIFY(person.in_dialog("confirm_go")->isEnabled());
}

void WindowTest::another_protocol_version_is_told() {
  Script script;
  script.set_refused(true);
  Person person(script);
  QTRY_COMPARE(person.find<NoticePage>("notice_page")->title(), QStringLiteral("This cannot work as asked"));
  QVERIFY(person.find<QLabel>("notice_text")->text().contains(QStringLiteral("protocol 2")));
}

void WindowTest::no_queues_is_an_invitation() {
  Script script;
  Person person(script);
  QTRY_VERIFY(person.find<NoticePage>("notice_page")->title().contains(QStringLiteral("no queues yet")));
  QVERIFY(person.find<QPlainTextEdit>("notice_commands")->toPlainText().contains(QStringLiteral("queue create orders")));
  script.add_queue("orders", 0);
  QTRY_VERIFY(person.find<QWidget>("overview_page")->isVisible());
}

void WindowTest::no_broker_is_told_and_another_can_be_chosen() {
  Script script;
  script.add_queue("orders", 0);
  script.set_connected(false);
  Person person(script);
  QTRY_VERIFY(person.find<NoticePage>("notice_page")->title().startsWith(QStringLiteral("Connecting to tcp://127.0.0.1:7733")));
  script.set_connected(true);
  auto* endpoint = person.find<QLineEdit>("notice_endpoint");
  endpoint->selectAll();
  QTest::keyClicks(endpoint, QStringLiteral("tcp://127.0.0.1:9999"));
  person.click("notice_connect");
  QTRY_VERIFY(person.ready());
  QVERIFY(person.window.windowTitle().contains(QStringLiteral("9999")));
}

void WindowTest::another_broker_never_shows_rows_of_the_first() {
  Script first, second;
  first.add_queue("orders", 500);
  second.add_queue("orders", 3);
  test::Person person(QStringLiteral("tcp://127.0.0.1:1"),
                      [&](const QString& endpoint) { return endpoint.endsWith(u'1') ? first.factory() : second.factory(); });
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_COMPARE(person.dead_cell(4), QStringLiteral("19"));
  person.window.connect_to(QStringLiteral("tcp://127.0.0.1:2"));
  QTRY_VERIFY(person.ready());
  QTRY_COMPARE(person.find<QTableView>("dead_table")->model()->rowCount(), 3);
  QTRY_COMPARE(person.dead_cell(2), QStringLiteral("13"));
}

void WindowTest::themes_switch_and_are_followed() {
  Script script;
  script.add_queue("orders", 0);
  Person person(script);
  QTRY_VERIFY(person.ready());
  person.find<QAction>("theme_dark")->trigger();
  QVERIFY(QApplication::palette().color(QPalette::Window).lightness() < 60);
  const auto dark = person.find<QWidget>("chart_throughput")->grab().toImage();
  QVERIFY(dark.pixelColor(dark.width() / 2, dark.height() - 4).lightness() < 80);
  person.find<QAction>("theme_light")->trigger();
  const auto light = person.find<QWidget>("chart_throughput")->grab().toImage();
  QVERIFY(light.pixelColor(light.width() / 2, light.height() - 4).lightness() > 200);
}

void WindowTest::ranges_and_live_by_mouse_and_key() {
  Script script;
  script.add_queue("orders", 0);
  Person person(script);
  QTRY_VERIFY(person.ready());
  for (const auto* name : {"range_1h", "range_24h", "range_30d", "range_5m"}) {
    person.click(name);
    QVERIFY(person.find<QAbstractButton>(name)->isChecked());
    QTRY_VERIFY(person.find<KpiTile>("tile_success")->figure().value.endsWith(u'%'));
  }
  QTest::keyClick(&person.window, Qt::Key_BracketRight);
  QVERIFY(person.find<QAbstractButton>("range_1h")->isChecked());
  QTest::keyClick(&person.window, Qt::Key_L);
  QVERIFY(!person.find<QAbstractButton>("live")->isChecked());
  person.click("live");
  QVERIFY(person.find<QAbstractButton>("live")->isChecked());
}

void WindowTest::every_control_has_a_name() {
  Script script;
  script.add_queue("orders", 4);
  Person person(script);
  QTRY_VERIFY(person.ready());
  for (const auto page : {MainWindow::overview, MainWindow::dead_letters}) {
    person.window.show_page(page);
    for (auto* widget : person.window.findChildren<QWidget*>()) {
      if (!widget->isVisible() || !(widget->focusPolicy() & Qt::TabFocus) || widget->parentWidget() == nullptr) continue;
      const auto* face = QAccessible::queryAccessibleInterface(widget);
      QVERIFY2(face && !face->text(QAccessible::Name).isEmpty(),
               qPrintable(QStringLiteral("%1 %2 in %3 %4")
                              .arg(QLatin1String(widget->metaObject()->className()), widget->objectName(),
                                   QLatin1String(widget->parent()->metaObject()->className()), widget->parent()->objectName())));
    }
  }
}

void WindowTest::everything_fits_a_small_screen() {
  Script script;
  script.add_queue(std::string(100, 'q'), 4);
  Person person(script);
  QTRY_VERIFY(person.ready());
  person.window.resize(1024, 700);
  for (const auto page : {MainWindow::overview, MainWindow::dead_letters}) {
    person.window.show_page(page);
    QCoreApplication::processEvents();
    QCOMPARE(person.window.size(), QSize(1024, 700));
    for (auto* button : person.window.findChildren<QAbstractButton*>()) {
      if (!button->isVisible()) continue;
      const QRect where(button->mapTo(&person.window, QPoint(0, 0)), button->size());
      QVERIFY2(person.window.rect().contains(where), qPrintable(button->objectName()));
    }
  }
}

namespace {

constexpr qint64 work_max_ms = 100;
constexpr int slow_call_ms = 1'000;               ///< of a broker that hardly answers
constexpr qint64 wait_max_ms = slow_call_ms / 2;  ///< far above what a busy machine adds, far below one blocked call

}  // namespace

void WindowTest::a_million_dead_letters_never_stall_the_window() {
  Script script;
  script.add_queue("orders", 1'000'000);
  Person person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_VERIFY(person.first_letter_read());
  auto* table = person.find<QTableView>("dead_table");
  test::StallProbe probe;
  QTest::keyClick(table, Qt::Key_End, Qt::ControlModifier);
  QTRY_COMPARE(table->model()->index(999'999, 0).data().toString(), QString::number(Script::sequence_of(999'999)));
  for (int page = 0; page < 40; ++page) {
    QTest::keyClick(table, Qt::Key_PageUp);
    QTest::qWait(5);
  }
  QTest::keyClick(table, Qt::Key_Home, Qt::ControlModifier);
  QTRY_VERIFY(person.find<QLabel>("inspector_title")->text().startsWith(QStringLiteral("Dead letter 7:")));
  QVERIFY2(probe.worst_work_ms() < work_max_ms, qPrintable(QString::number(probe.worst_work_ms())));
}

void WindowTest::a_slow_broker_never_stalls_the_window() {
  Script script;
  script.add_queue("orders", 50'000);
  Person person(script);
  QTRY_VERIFY(person.ready());
  script.set_delay(Duration{slow_call_ms});
  test::StallProbe probe;
  person.open_dead_letters();
  auto* table = person.find<QTableView>("dead_table");
  for (int page = 0; page < 20; ++page) {
    QTest::keyClick(table, Qt::Key_PageDown);
    QTest::qWait(20);
  }
  person.click("range_24h");
  QTest::qWait(2 * slow_call_ms);
  QVERIFY2(probe.worst_wait_ms() < wait_max_ms, qPrintable(QString::number(probe.worst_wait_ms())));
  QVERIFY2(probe.worst_work_ms() < work_max_ms, qPrintable(QString::number(probe.worst_work_ms())));
}

QTEST_MAIN(WindowTest)
#include "window_test.moc"

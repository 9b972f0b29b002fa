// SPDX-License-Identifier: GPL-3.0-only
// The window as a person uses it: mouse and keys on widgets found by name, over a scripted broker.
#include <QAccessible>
#include <QAction>
#include <QApplication>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QTableWidget>
#include <QWindow>
#include <map>

#include "models/dead_letter_model.hpp"
#include "models/queue_table_model.hpp"
#include "pages/notice_page.hpp"
#include "scripted_person.hpp"
#include "stall_probe.hpp"
#include "widgets/banner.hpp"
#include "widgets/kpi_tile.hpp"

using namespace ackwire;
using namespace ackwire::dashboard;
using test::Script;
using test::ScriptedPerson;

class WindowTest : public QObject {
  Q_OBJECT

 private slots:
  void figures_and_queues_appear();
  void a_selected_queue_has_the_charts_alone();
  void selection_and_scroll_survive_refreshes();
  void pausing_and_resuming_by_mouse_and_key();
  void a_missing_queue_is_told_until_it_is_made();
  void losing_the_broker_keeps_the_figures();
  void another_protocol_version_is_told();
  void no_queues_is_an_invitation();
  void no_broker_is_told_and_another_can_be_chosen();
  void a_long_endpoint_is_cut_in_its_middle();
  void another_broker_never_shows_rows_of_the_first();
  void nothing_moves_when_figures_change();
  void rows_stay_under_the_pointer();
  void a_pause_names_the_queue_and_not_the_row();
  void themes_switch_and_are_followed();
  void ranges_and_live_by_mouse_and_key();
  void every_control_has_a_name();
  void everything_fits_a_small_screen();
  void the_title_of_a_narrow_tile_leaves_its_state_free();
  void a_slow_broker_never_stalls_the_window();
};

void WindowTest::figures_and_queues_appear() {
  Script script;
  script.add_queue("orders", 12);
  script.add_queue("payments", 0);
  ScriptedPerson person(script);
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
  ScriptedPerson person(script);
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
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  auto* table = person.find<QTableView>("queue_table");
  QTRY_COMPARE(table->model()->rowCount(), 100);
  table->scrollTo(table->model()->index(70, 0));
  person.click_row(table, 70);
  const auto chosen = table->currentIndex().data().toString();
  QTRY_VERIFY(person.find<QLabel>("subject")->text().contains(chosen.section(QStringLiteral(" / "), 0, 0)));
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
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  QVERIFY(!person.find<QPushButton>("pause")->isEnabled());
  QVERIFY(person.find<QPushButton>("pause")->toolTip().contains(QStringLiteral("Select a queue")));
  person.click_row(person.find<QTableView>("queue_table"), 0);
  QTRY_VERIFY(person.find<QPushButton>("pause")->isEnabled());
  person.click("pause");
  QTRY_VERIFY(person.dialog());
  QCOMPARE(person.dialog()->findChild<QLabel*>(QStringLiteral("confirm_question"))->text(), QStringLiteral("Pause queue orders?"));
  QVERIFY(person.in_dialog("confirm_cancel")->isDefault());
  QTest::keyClick(person.dialog(), Qt::Key_Return);  // Cancel
  QTRY_VERIFY(!person.dialog());
  QVERIFY(!script.paused("orders"));
  person.click("pause");
  QTRY_VERIFY(person.dialog());
  QCOMPARE(person.in_dialog("confirm_go")->text(), QStringLiteral("Pause queue orders"));
  person.confirm();
  QTRY_VERIFY(script.paused("orders"));
  QTRY_VERIFY(person.find<QPushButton>("pause")->text().contains(QStringLiteral("Resume")));
  QTRY_COMPARE(person.find<QLabel>("outcome")->text(), QStringLiteral("Done: Queue orders is paused."));
  person.window.activateWindow();
  QTRY_VERIFY(person.window.isActiveWindow());
  person.open_dead_letters();
  QTest::keyClick(&person.window, Qt::Key_P);  // the queue is not in sight here
  QTest::keyClick(&person.window, Qt::Key_1);
  QVERIFY(!person.dialog());
  QTest::keyClick(&person.window, Qt::Key_P);
  QTRY_VERIFY(person.dialog());
  QCOMPARE(person.in_dialog("confirm_go")->text(), QStringLiteral("Resume queue orders"));
  person.confirm();
  QTRY_VERIFY(!script.paused("orders"));
}

void WindowTest::a_missing_queue_is_told_until_it_is_made() {
  Script script;
  script.add_queue("orders", 12);
  ScriptedPerson person(script);
  person.window.show_queue(QStringLiteral("later"));
  auto* banner = person.find<Banner>("connection_banner");
  QTRY_VERIFY(banner->text().contains(QStringLiteral("no queue \"later\"")));
  QCOMPARE(person.window.missing_queue(), QStringLiteral("later"));
  script.add_queue("later", 3);
  QTRY_COMPARE(banner->level(), Level::none);
  QVERIFY(person.find<QLabel>("subject")->text().contains(QStringLiteral("later")));
  person.window.show_queue(QStringLiteral("never"));
  QTRY_VERIFY(banner->text().contains(QStringLiteral("no queue \"never\"")));
  QTest::mouseClick(banner->findChild<QPushButton*>(QStringLiteral("banner_action")), Qt::LeftButton);
  QCOMPARE(banner->level(), Level::none);
}

void WindowTest::losing_the_broker_keeps_the_figures() {
  Script script;
  script.add_queue("orders", 12);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  const auto before = person.find<KpiTile>("tile_dead")->figure().value;
  script.set_connected(false, "the broker closed the connection");
  auto* banner = person.find<Banner>("connection_banner");
  QTRY_COMPARE(banner->level(), Level::critical);
  QVERIFY(banner->text().endsWith(QStringLiteral("Reason: the broker closed the connection.")));
  QCOMPARE(person.find<KpiTile>("tile_dead")->figure().value, before);
  person.open_dead_letters();
  QTRY_VERIFY(!person.find<QPushButton>("redrive_all")->isEnabled());
  QVERIFY(person.find<QPushButton>("redrive_all")->toolTip().contains(QStringLiteral("Not connected")));
  script.set_connected(true);
  QTRY_COMPARE(banner->level(), Level::none);
  QTRY_VERIFY(person.find<QPushButton>("redrive_all")->isEnabled());
}

void WindowTest::another_protocol_version_is_told() {
  Script script;
  script.set_refused(true);
  ScriptedPerson person(script);
  QTRY_COMPARE(person.find<NoticePage>("notice_page")->title(), QStringLiteral("This cannot work as asked"));
  QVERIFY(person.find<QLabel>("notice_text")->text().contains(QStringLiteral("protocol 2")));
}

void WindowTest::no_queues_is_an_invitation() {
  Script script;
  ScriptedPerson person(script);
  QTRY_VERIFY(person.find<NoticePage>("notice_page")->title().contains(QStringLiteral("no queues yet")));
  QVERIFY(person.find<QPlainTextEdit>("notice_commands")->toPlainText().contains(QStringLiteral("queue create orders")));
  script.add_queue("orders", 0);
  QTRY_VERIFY(person.find<QWidget>("overview_page")->isVisible());
}

void WindowTest::no_broker_is_told_and_another_can_be_chosen() {
  Script script;
  script.add_queue("orders", 0);
  script.set_connected(false);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.find<NoticePage>("notice_page")->title().startsWith(QStringLiteral("Connecting to tcp://127.0.0.1:7733")));
  script.set_connected(true);
  auto* endpoint = person.find<QLineEdit>("notice_endpoint");
  endpoint->selectAll();
  QTest::keyClicks(endpoint, QStringLiteral("tcp://127.0.0.1:9999"));
  person.click("notice_connect");
  QTRY_VERIFY(person.ready());
  QVERIFY(person.window.windowTitle().contains(QStringLiteral("9999")));
}

void WindowTest::a_long_endpoint_is_cut_in_its_middle() {
  Script script;
  script.set_connected(false);
  const auto endpoint = QStringLiteral("ipc:///%1/ackwire.sock").arg(QString(90, u'd'));
  test::Person person(endpoint, [&](const QString&) { return script.factory(); });
  person.window.resize(MainWindow::smallest);
  auto* title = person.find<QLabel>("notice_title");
  QTRY_VERIFY(title->text().startsWith(QStringLiteral("Connecting to ipc:///")));
  QVERIFY(title->text().endsWith(QStringLiteral("/ackwire.sock …")));
  QVERIFY(title->fontMetrics().horizontalAdvance(title->text()) <= title->width());
  QVERIFY(title->toolTip().contains(endpoint));
  const auto* tabs = person.find<QTabBar>("page_tabs");
  QTRY_VERIFY(tabs->width() >= tabs->sizeHint().width());
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

namespace {

/// Where everything is that can be clicked.
std::map<QString, QRect> places(const MainWindow& window) {
  std::map<QString, QRect> found;
  for (const auto* widget : window.findChildren<QWidget*>()) {
    const bool clickable = qobject_cast<const QAbstractButton*>(widget) || qobject_cast<const QAbstractItemView*>(widget) ||
                           qobject_cast<const QComboBox*>(widget);
    if (!clickable || !widget->isVisible() || widget->objectName().isEmpty() ||
        widget->objectName() == QLatin1String("banner_action"))
      continue;
    found[widget->objectName()] = QRect(widget->mapTo(&window, QPoint(0, 0)), widget->size());
  }
  return found;
}

QStringList moved(const std::map<QString, QRect>& before, const std::map<QString, QRect>& now) {
  QStringList names;
  for (const auto& [name, where] : before) {
    if (now.contains(name) && now.at(name) != where) names << name;
  }
  return names;
}

}  // namespace

void WindowTest::nothing_moves_when_figures_change() {
  Script script;
  script.add_queue("orders", 9);
  script.add_queue("payments", 2);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  person.click_row(person.find<QTableView>("queue_table"), 0);
  const auto* refresh = person.find<QPushButton>("dead_refresh");
  const auto* banner = person.find<Banner>("connection_banner");
  for (const auto page : {MainWindow::overview, MainWindow::dead_letters}) {
    person.window.show_page(page);
    if (page == MainWindow::dead_letters)
      QTRY_VERIFY(person.find<QLabel>("inspector_title")->text().startsWith(QStringLiteral("Dead letter 7")));
    person.window.activateWindow();
    QTRY_VERIFY(person.window.isActiveWindow());
    QTest::keyClick(&person.window, Qt::Key_F5);
    QTRY_COMPARE(refresh->text(), QStringLiteral("Re&fresh"));
    QCoreApplication::processEvents();
    const auto before = places(person.window);
    QVERIFY(before.size() > 8);
    const auto still = [&] {
      QCoreApplication::processEvents();
      QCOMPARE(moved(before, places(person.window)), QStringList());
    };
    script.kill_more("orders", 123'456);
    QTRY_COMPARE(refresh->text(), QStringLiteral("+123,456: re&fresh"));
    still();
    script.set_connected(false, std::string(300, 'w'));
    QTRY_COMPARE(banner->level(), Level::critical);
    still();
    script.set_connected(true);
    QTRY_VERIFY(banner->level() != Level::critical);
    still();
    person.click("live");
    still();
    person.click("live");
    script.set_action_fault(Error{Errc::timeout, std::string(600, 'w'), {}, {}});
    if (page == MainWindow::overview) {
      person.click("pause");
      QTRY_VERIFY(person.dialog());
      person.confirm();
      QTRY_VERIFY(person.find<QLabel>("outcome")->text().startsWith(QStringLiteral("Outcome not known")));
      QTRY_VERIFY(person.find<QPushButton>("pause")->text().contains(QStringLiteral("Resume")));
      still();
    }
    script.set_action_fault({});
  }
}

void WindowTest::rows_stay_under_the_pointer() {
  Script script;
  for (const auto* name : {"a", "b", "c"}) script.add_queue(name, 1);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  auto* table = person.find<QTableView>("queue_table");
  QTRY_COMPARE(table->model()->rowCount(), 3);
  const auto point = [&](const QWidget* widget, QPoint where) {
    QTest::mouseMove(person.window.windowHandle(), widget->mapTo(&person.window, where));
  };
  point(table->viewport(), {40, 30});
  QTRY_VERIFY(table->underMouse());
  const auto first_row = [&] { return table->model()->index(0, 0).data().toString(); };
  QCOMPARE(first_row(), QStringLiteral("a / default"));
  script.remove_queue("a");
  script.add_queue("0", 1);  // sorts before the others
  QTRY_COMPARE(person.group_cell("a / default", QueueTableModel::state), QStringLiteral("– removed"));
  QTRY_COMPARE(table->model()->rowCount(), 4);
  QCOMPARE(first_row(), QStringLiteral("a / default"));
  QCOMPARE(table->model()->index(1, 0).data().toString(), QStringLiteral("b / default"));
  point(person.find<QWidget>("tile_depth"), {10, 10});
  QTRY_VERIFY(!table->underMouse());
  QTRY_COMPARE(first_row(), QStringLiteral("0 / default"));
  QCOMPARE(table->model()->rowCount(), 3);
}

void WindowTest::a_pause_names_the_queue_and_not_the_row() {
  Script script;
  for (const auto* name : {"b", "c"}) script.add_queue(name, 1);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  auto* table = person.find<QTableView>("queue_table");
  QTRY_COMPARE(table->model()->rowCount(), 2);
  person.click_row(table, 0);
  script.add_queue("a", 1);  // now the first row
  QTRY_COMPARE(table->model()->index(0, 0).data().toString(), QStringLiteral("a / default"));
  QTest::keyClick(&person.window, Qt::Key_P);
  QTRY_VERIFY(person.dialog());
  QCOMPARE(person.in_dialog("confirm_go")->text(), QStringLiteral("Pause queue b"));
  script.remove_queue("b");
  QTRY_VERIFY(!person.in_dialog("confirm_go")->isEnabled());
  QCOMPARE(person.dialog()->findChild<QLabel*>(QStringLiteral("confirm_why_not"))->text(),
           QStringLiteral("Queue b was removed. Cancel, and look again."));
}

void WindowTest::themes_switch_and_are_followed() {
  Script script;
  script.add_queue("orders", 0);
  ScriptedPerson person(script);
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
  ScriptedPerson person(script);
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
  ScriptedPerson person(script);
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
  script.add_queue(std::string(100, 'q'), 1'234'567);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  person.window.resize(MainWindow::smallest);
  for (const auto page : {MainWindow::overview, MainWindow::dead_letters}) {
    person.window.show_page(page);
    QCoreApplication::processEvents();
    QCOMPARE(person.window.size(), MainWindow::smallest);
    for (auto* tabs : person.window.findChildren<QTabBar*>()) {
      if (tabs->isVisible()) QVERIFY2(tabs->width() >= tabs->tabRect(tabs->count() - 1).right(), qPrintable(tabs->objectName()));
    }
    for (auto* button : person.window.findChildren<QAbstractButton*>()) {
      if (!button->isVisible()) continue;
      const QRect where(button->mapTo(&person.window, QPoint(0, 0)), button->size());
      QVERIFY2(person.window.rect().contains(where), qPrintable(button->objectName()));
    }
  }
}

void WindowTest::the_title_of_a_narrow_tile_leaves_its_state_free() {
  const auto state = [](const QString& title) {
    KpiTile tile(title, QStringLiteral("formula"));
    tile.set_figure({.value = QStringLiteral("1"), .level = Level::warn});
    tile.resize(tile.minimumSizeHint());
    return tile.grab().toImage().copy(tile.width() - 55, 0, 55, tile.height() / 2);  // its sign and its word
  };
  const auto free = state(QStringLiteral("x"));
  QCOMPARE(state(QStringLiteral("Duplicates: redelivered")), free);
  QCOMPARE(state(QString(100, u'x')), free);
}

namespace {

constexpr int slow_call_ms = 1'000;               ///< of a broker that hardly answers
constexpr qint64 wait_max_ms = slow_call_ms / 2;  ///< far above what a busy machine adds, far below one blocked call

}  // namespace

void WindowTest::a_slow_broker_never_stalls_the_window() {
  Script script;
  script.add_queue("orders", 50'000);
  ScriptedPerson person(script);
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
  QVERIFY2(probe.worst_work_ms() < test::work_max_ms, qPrintable(QString::number(probe.worst_work_ms())));
}

QTEST_MAIN(WindowTest)
#include "window_test.moc"

// SPDX-License-Identifier: GPL-3.0-only
// The dead letters' page as a person uses it: inspector, redrive and discard, over a scripted broker.
#include <QAction>
#include <QApplication>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QTableWidget>

#include "models/dead_letter_model.hpp"
#include "scripted_person.hpp"
#include "stall_probe.hpp"
#include "widgets/banner.hpp"

using namespace ackwire;
using namespace ackwire::dashboard;
using test::Script;
using test::ScriptedPerson;

class DeadLettersTest : public QObject {
  Q_OBJECT

 private slots:
  void a_dead_letter_opens_in_the_inspector();
  void hostile_payloads_stay_text();
  void redrive_of_the_selected_asks_and_cancel_is_the_default();
  void redrive_of_the_selected_moves_exactly_those();
  void redrive_of_all_says_the_count();
  void discard_of_all_wants_the_name();
  void actions_are_disabled_with_a_reason();
  void losing_the_broker_blocks_an_open_dialog();
  void what_is_deleted_is_what_is_shown();
  void what_is_shown_stays_selected();
  void the_question_lists_each_letter();
  void a_row_that_holds_another_letter_is_not_selected();
  void a_queue_made_again_under_its_name_is_another_one();
  void an_outcome_that_is_not_known_is_not_a_failure();
  void a_letter_that_was_never_started_says_so();
  void a_million_dead_letters_never_stall_the_window();
};

void DeadLettersTest::a_dead_letter_opens_in_the_inspector() {
  Script script;
  script.add_queue("orders", 500);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_VERIFY(person.first_letter_read());
  QTRY_COMPARE(person.find<QLabel>("inspector_title")->text(), QStringLiteral("Dead letter 7: rejected, 1 attempt"));
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

void DeadLettersTest::hostile_payloads_stay_text() {
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
    ScriptedPerson person(script);
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

void DeadLettersTest::redrive_of_the_selected_asks_and_cancel_is_the_default() {
  Script script;
  script.add_queue("orders", 20);
  ScriptedPerson person(script);
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

void DeadLettersTest::redrive_of_the_selected_moves_exactly_those() {
  Script script;
  script.add_queue("orders", 20);
  ScriptedPerson person(script);
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

void DeadLettersTest::redrive_of_all_says_the_count() {
  Script script;
  script.add_queue("orders", 8'412);
  ScriptedPerson person(script);
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

void DeadLettersTest::discard_of_all_wants_the_name() {
  Script script;
  script.add_queue("orders", 40);
  ScriptedPerson person(script);
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

void DeadLettersTest::actions_are_disabled_with_a_reason() {
  Script script;
  script.add_queue("orders", 0);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  for (const auto* name : {"redrive_selected", "redrive_all", "discard_selected", "discard_all"}) {
    QVERIFY(!person.find<QPushButton>(name)->isEnabled());
    QVERIFY(!person.find<QPushButton>(name)->toolTip().isEmpty());
  }
  QVERIFY(person.find<QPushButton>("redrive_all")->toolTip().contains(QStringLiteral("no dead letters")));
}

void DeadLettersTest::losing_the_broker_blocks_an_open_dialog() {
  Script script;
  script.add_queue("orders", 12);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  person.click("redrive_all");
  QTRY_VERIFY(person.dialog());
  script.set_connected(false);
  QTRY_VERIFY(!person.in_dialog("confirm_go")->isEnabled());
  script.set_connected(true);
  QTRY_VERIFY(person.in_dialog("confirm_go")->isEnabled());
}

void DeadLettersTest::what_is_deleted_is_what_is_shown() {
  Script script;
  script.add_queue("orders", 100'000);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_VERIFY(person.first_letter_read());
  auto* table = person.find<QTableView>("dead_table");
  person.click_row(table, 5);
  const auto last = QString::number(Script::sequence_of(99'999));
  QTest::keyClick(table, Qt::Key_End, Qt::ControlModifier);
  QTRY_VERIFY(person.find<QLabel>("inspector_title")->text().startsWith(QStringLiteral("Dead letter %1:").arg(last)));
  QTest::keyClick(table, Qt::Key_Delete);
  QTRY_VERIFY(person.dialog());
  QCOMPARE(person.confirm_cell(0, 0), last);
  person.confirm();
  QTRY_COMPARE(script.moved().size(), 1u);
  QCOMPARE(script.moved().front().sequences, (std::vector<std::uint64_t>{Script::sequence_of(99'999)}));
}

void DeadLettersTest::what_is_shown_stays_selected() {
  Script script;
  script.add_queue("orders", 40);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_VERIFY(person.first_letter_read());
  auto* table = person.find<QTableView>("dead_table");
  const auto* title = person.find<QLabel>("inspector_title");
  person.click_row(table, 1);
  person.click_row(table, 3, Qt::ControlModifier);
  QTRY_VERIFY(title->text().startsWith(QStringLiteral("Dead letter 16:")));
  QVERIFY(title->text().endsWith(QStringLiteral("One of 2 selected")));
  person.click_row(table, 3, Qt::ControlModifier);  // not selected any more, but still the current row
  QTRY_VERIFY(title->text().startsWith(QStringLiteral("Dead letter 10:")));
  QTest::keyClick(table, Qt::Key_Down, Qt::ControlModifier);  // moves the current row alone
  QTest::keyClick(table, Qt::Key_Delete);
  QTRY_VERIFY(person.dialog());
  QCOMPARE(person.confirm_cell(0, 0), QStringLiteral("10"));
  QVERIFY(title->text().startsWith(QStringLiteral("Dead letter 10:")));
  QTest::keyClick(person.dialog(), Qt::Key_Escape);
  QTRY_VERIFY(!person.dialog());
  person.click_row(table, 1, Qt::ControlModifier);
  QTRY_COMPARE(title->text(), QStringLiteral("Select a dead letter to see it."));
  QVERIFY(!person.find<QPushButton>("discard_selected")->isEnabled());
}

void DeadLettersTest::the_question_lists_each_letter() {
  Script script;
  script.add_queue("orders", 40);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_VERIFY(person.first_letter_read());
  auto* table = person.find<QTableView>("dead_table");
  person.click_row(table, 4);
  person.click_row(table, 5, Qt::ShiftModifier);
  person.click("discard_selected");
  QTRY_VERIFY(person.dialog());
  QCOMPARE(person.confirm_cell(1, 0), QStringLiteral("22"));
  QCOMPARE(person.confirm_cell(1, 1), QStringLiteral("ord-5"));
  QCOMPARE(person.confirm_cell(1, 2), QStringLiteral("ValueError: amount is negative"));
  QVERIFY(person.confirm_cell(1, 3).endsWith(QStringLiteral(" ago")));
  const auto* letters = person.dialog()->findChild<QTableWidget*>(QStringLiteral("confirm_letters"));
  QCOMPARE(letters->rowCount(), 2);
  QTest::keyClick(person.dialog(), Qt::Key_Escape);
  QTRY_VERIFY(!person.dialog());
  person.click("redrive_all");
  QTRY_VERIFY(person.dialog());
  QCOMPARE(person.confirm_cell(0, 0), QStringLiteral("7"));  // the first of them
}

void DeadLettersTest::a_row_that_holds_another_letter_is_not_selected() {
  Script script;
  script.add_queue("orders", 40);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_VERIFY(person.first_letter_read());
  auto* table = person.find<QTableView>("dead_table");
  const auto* refresh = person.find<QPushButton>("dead_refresh");
  person.click_row(table, 2);
  QTRY_VERIFY(person.find<QLabel>("inspector_title")->text().startsWith(QStringLiteral("Dead letter 13:")));
  script.kill_more("orders", 3);
  QTRY_COMPARE(refresh->text(), QStringLiteral("+3: re&fresh"));
  QTest::keyClick(&person.window, Qt::Key_F5);
  QTRY_COMPARE(person.dead_cell(42), QString::number(Script::sequence_of(42)));
  QCOMPARE(table->selectionModel()->selectedRows().size(), 1);  // the same letter still
  script.take_away("orders", 10);
  QTRY_COMPARE(refresh->text(), QStringLiteral("-1: re&fresh"));
  QCOMPARE(person.dead_cell(2), QStringLiteral("13"));
  person.click("dead_refresh");
  QTRY_COMPARE(person.dead_cell(2), QStringLiteral("16"));
  QVERIFY(table->selectionModel()->selectedRows().isEmpty());
  QCOMPARE(person.find<QLabel>("inspector_title")->text(), QStringLiteral("Select a dead letter to see it."));
  QTest::keyClick(table, Qt::Key_Delete);
  QVERIFY(!person.dialog());
}

void DeadLettersTest::a_queue_made_again_under_its_name_is_another_one() {
  Script script;
  script.add_queue("orders", 40);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_VERIFY(person.first_letter_read());
  person.click_row(person.find<QTableView>("dead_table"), 2);
  person.click("discard_selected");
  QTRY_VERIFY(person.dialog());
  script.add_queue("orders", 40);  // replaces it: the same sequences name other messages
  QTRY_VERIFY(!person.in_dialog("confirm_go")->isEnabled());
  QVERIFY(person.dialog()
              ->findChild<QLabel*>(QStringLiteral("confirm_why_not"))
              ->text()
              .startsWith(QStringLiteral("Queue orders was removed and made again")));
  QTest::keyClick(person.dialog(), Qt::Key_Escape);
  QTRY_VERIFY(!person.dialog());
  QCOMPARE(person.find<QTableView>("dead_table")->currentIndex().row(), 0);  // read anew
  QVERIFY(script.moved().empty());
}

void DeadLettersTest::an_outcome_that_is_not_known_is_not_a_failure() {
  Script script;
  script.add_queue("orders", 40);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_VERIFY(person.first_letter_read());
  script.set_action_fault(Error{Errc::disconnected, "The connection was lost.", {}, {}});
  person.click("redrive_selected");
  QTRY_VERIFY(person.dialog());
  person.confirm();
  const auto* outcome = person.find<QLabel>("outcome");
  QTRY_VERIFY(
      outcome->text().startsWith(QStringLiteral("Outcome not known: the broker may have redriven 1 dead letter of orders")));
  QVERIFY(outcome->toolTip().contains(QStringLiteral("before you repeat it")));
  QTRY_COMPARE(person.dead_cell(0), QStringLiteral("10"));  // it is read again at once
}

void DeadLettersTest::a_letter_that_was_never_started_says_so() {
  Script script;
  script.add_queue("orders", 3);
  DeadLetter letter;
  letter.body = "{}";
  letter.body_bytes = 2;
  script.set_letter(letter, 0);
  ScriptedPerson person(script);
  QTRY_VERIFY(person.ready());
  person.open_dead_letters();
  QTRY_VERIFY(person.first_letter_read());
  QTRY_COMPARE(person.find<QLabel>("inspector_title")->text(), QStringLiteral("Dead letter 7: rejected, never started"));
  const auto* table = person.find<QTableView>("dead_table");
  QCOMPARE(table->model()->index(0, DeadLetterModel::attempts).data().toString(), QStringLiteral("never started"));
}

void DeadLettersTest::a_million_dead_letters_never_stall_the_window() {
  Script script;
  script.add_queue("orders", 1'000'000);
  ScriptedPerson person(script);
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
  QVERIFY2(probe.worst_work_ms() < test::work_max_ms, qPrintable(QString::number(probe.worst_work_ms())));
}

QTEST_MAIN(DeadLettersTest)
#include "dead_letters_test.moc"

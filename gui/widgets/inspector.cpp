// SPDX-License-Identifier: GPL-3.0-only
#include "widgets/inspector.hpp"

#include <QButtonGroup>
#include <QFontDatabase>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPlainTextEdit>
#include <QRadioButton>
#include <QTabWidget>
#include <QTableWidget>
#include <QVBoxLayout>

#include "text/payload.hpp"

namespace ackwire::dashboard {
namespace {

constexpr std::size_t line_characters = 4096;

QTableWidget* make_table(const QString& object_name, const QStringList& titles, QWidget* parent) {
  auto* table = new QTableWidget(0, static_cast<int>(titles.size()), parent);
  table->setObjectName(object_name);
  table->setHorizontalHeaderLabels(titles);
  table->verticalHeader()->hide();
  table->horizontalHeader()->setStretchLastSection(true);
  table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  table->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table->setSelectionBehavior(QAbstractItemView::SelectRows);
  table->setSelectionMode(QAbstractItemView::SingleSelection);
  table->setAlternatingRowColors(true);
  table->setShowGrid(false);
  table->setWordWrap(true);
  table->setTabKeyNavigation(false);
  return table;
}

void add_row(QTableWidget* table, const QStringList& cells) {
  const int row = table->rowCount();
  table->insertRow(row);
  for (int column = 0; column < cells.size(); ++column) {
    auto* item = new QTableWidgetItem(cells[column]);
    item->setTextAlignment(Qt::AlignLeft | Qt::AlignTop);
    table->setItem(row, column, item);
  }
}

QString line(std::string_view bytes) { return escaped_line(bytes, line_characters); }

}  // namespace

Inspector::Inspector(QWidget* parent)
    : QWidget(parent),
      title_(new QLabel(this)),
      tabs_(new QTabWidget(this)),
      views_(new QButtonGroup(this)),
      payload_(new QPlainTextEdit(this)),
      note_(new QLabel(this)),
      headers_(make_table(QStringLiteral("inspector_headers"), {tr("Header"), tr("Value")}, this)),
      errors_(make_table(QStringLiteral("inspector_errors"), {tr("#"), tr("Time"), tr("Error")}, this)),
      identity_(make_table(QStringLiteral("inspector_identity"), {tr("What"), tr("Value")}, this)) {
  setObjectName(QStringLiteral("inspector"));
  title_->setTextFormat(Qt::PlainText);
  title_->setObjectName(QStringLiteral("inspector_title"));
  title_->setWordWrap(true);
  title_->setAlignment(Qt::AlignLeft | Qt::AlignTop);
  QFont bold = title_->font();
  bold.setWeight(QFont::DemiBold);
  title_->setFont(bold);
  title_->setFixedHeight(2 * QFontMetrics(bold).lineSpacing());  // what is below it never moves
  headers_->setAccessibleName(tr("Headers of the dead letter"));
  errors_->setAccessibleName(tr("Error history of the dead letter"));
  identity_->setAccessibleName(tr("Identity and times of the dead letter"));
  tabs_->setObjectName(QStringLiteral("inspector_tabs"));
  tabs_->setAccessibleName(tr("Views of the dead letter"));
  tabs_->setDocumentMode(true);
  tabs_->setUsesScrollButtons(false);  // the tabs are never cut: they are the least width of the inspector
  tabs_->addTab(make_payload_tab(), tr("Payload"));
  tabs_->addTab(headers_, tr("Headers"));
  tabs_->addTab(errors_, tr("Errors"));
  tabs_->addTab(identity_, tr("Identity"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(6);
  column->addWidget(title_);
  column->addWidget(tabs_, 1);
  show_nothing(tr("Select a dead letter to see it."));
}

QWidget* Inspector::make_payload_tab() {
  auto* tab = new QWidget;
  payload_->setObjectName(QStringLiteral("inspector_payload"));
  payload_->setAccessibleName(tr("Payload, escaped text"));
  payload_->setReadOnly(true);
  payload_->setTabChangesFocus(true);
  payload_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  payload_->setWordWrapMode(QTextOption::WrapAnywhere);
  payload_->setUndoRedoEnabled(false);
  payload_->setFrameShape(QFrame::NoFrame);
  note_->setTextFormat(Qt::PlainText);
  note_->setWordWrap(true);
  note_->setObjectName(QStringLiteral("inspector_note"));
  auto* choices = new QHBoxLayout;
  choices->setContentsMargins(6, 6, 6, 0);
  int id = 0;
  for (const auto& [label, object_name] : {std::pair{tr("JSON"), QStringLiteral("view_json")},
                                           {tr("Text"), QStringLiteral("view_text")},
                                           {tr("Hex"), QStringLiteral("view_hex")}}) {
    auto* button = new QRadioButton(label, tab);
    button->setObjectName(object_name);
    views_->addButton(button, id++);
    choices->addWidget(button);
  }
  choices->addStretch(1);
  connect(views_, &QButtonGroup::idClicked, this, [this](int view) {
    view_ = static_cast<View>(view);
    view_chosen_ = true;
    fill_payload();
  });
  auto* column = new QVBoxLayout(tab);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  column->addLayout(choices);
  column->addWidget(note_);
  column->addWidget(payload_, 1);
  return tab;
}

void Inspector::show_letter(const DeadLetter& letter) {
  letter_ = letter;
  tabs_->setEnabled(true);
  fill();
}

void Inspector::show_nothing(const QString& why) {
  letter_.reset();
  title_->setText(why);
  payload_->clear();
  note_->hide();
  for (auto* table : {headers_, errors_, identity_}) table->setRowCount(0);
  tabs_->setTabText(1, tr("Headers"));
  tabs_->setTabText(2, tr("Errors"));
  tabs_->setEnabled(false);
}

void Inspector::set_zone(Zone zone) {
  zone_ = zone;
  if (letter_) fill();
}

std::optional<std::uint64_t> Inspector::sequence() const {
  if (!letter_) return std::nullopt;
  return letter_->sequence;
}

void Inspector::set_selected(std::size_t count) {
  selected_ = count;
  if (letter_) fill_title();
}

void Inspector::fill_title() {
  auto text =
      tr("Dead letter %1: %2, %3").arg(letter_->sequence).arg(reason_name(letter_->reason), attempts_made(letter_->attempts));
  if (selected_ > 1) text += tr(". One of %1 selected").arg(exact(selected_));
  title_->setText(text);
}

void Inspector::fill() {
  fill_title();
  headers_->setRowCount(0);
  for (const auto& [header, value] : letter_->headers) add_row(headers_, {line(header), line(value)});
  tabs_->setTabText(1, tr("Headers %1").arg(letter_->headers.size()));
  headers_->resizeRowsToContents();
  fill_errors();
  fill_identity();
  if (!view_chosen_) view_ = looks_like_json(letter_->body, letter_->body_bytes) ? View::json : View::text;
  views_->button(static_cast<int>(view_))->setChecked(true);
  fill_payload();
}

void Inspector::fill_payload() {
  if (!letter_) return;
  const auto shown = view_ == View::json   ? show_json(letter_->body, letter_->body_bytes)
                     : view_ == View::text ? show_text(letter_->body, letter_->body_bytes)
                                           : show_hex(letter_->body, letter_->body_bytes);
  payload_->setPlainText(letter_->body_bytes == 0 ? tr("(empty body)") : shown.text);
  note_->setText(shown.note);
  note_->setVisible(!shown.note.isEmpty());
}

void Inspector::fill_errors() {
  errors_->setRowCount(0);
  for (const auto& error : letter_->errors)
    add_row(errors_, {QString::number(error.delivery), moment(error.time, zone_), line(error.text)});
  tabs_->setTabText(2, tr("Errors %1").arg(letter_->errors.size()));
  errors_->resizeColumnToContents(0);
  errors_->resizeColumnToContents(1);
  errors_->resizeRowsToContents();
}

void Inspector::fill_identity() {
  const auto or_none = [](const std::string& text) { return text.empty() ? tr("none") : line(text); };
  identity_->setRowCount(0);
  add_row(identity_, {tr("Sequence"), QString::number(letter_->sequence)});
  add_row(identity_, {tr("Idempotency key"), or_none(letter_->idempotency_key)});
  add_row(identity_, {tr("Ordering key"), or_none(letter_->ordering_key)});
  add_row(identity_, {tr("Reason"), reason_name(letter_->reason)});
  add_row(identity_, {tr("Detail"), or_none(letter_->detail)});
  add_row(identity_, {tr("Published"), moment(letter_->publish_time, zone_)});
  add_row(identity_, {tr("Died"), moment(letter_->dead_time, zone_)});
  add_row(identity_, {tr("Lived"), duration(letter_->dead_time - letter_->publish_time)});
  add_row(identity_, {tr("Handed out"), counted(letter_->deliveries, tr("time"), tr("times"))});
  add_row(identity_, {tr("Attempts"), letter_->attempts == 0 ? attempts_made(0) : QString::number(letter_->attempts)});
  add_row(identity_, {tr("Redriven before"), counted(letter_->redrives, tr("time"), tr("times"))});
  add_row(identity_, {tr("Body"), tr("%1 (%2 bytes)").arg(bytes(letter_->body_bytes), exact(letter_->body_bytes))});
  identity_->resizeColumnToContents(0);
  identity_->resizeRowsToContents();
}

}  // namespace ackwire::dashboard

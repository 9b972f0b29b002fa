// SPDX-License-Identifier: GPL-3.0-only
// Menus and keys of the main window: everything the mouse can do, the keyboard can.
#include <ackwire/version.hpp>

#include <QActionGroup>
#include <QApplication>
#include <QClipboard>
#include <QInputDialog>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMenuBar>
#include <QMessageBox>
#include <QTableView>

#include "main_window.hpp"
#include "pages/dead_letters_page.hpp"
#include "pages/overview_page.hpp"
#include "theme.hpp"

namespace ackwire::dashboard {
namespace {

void show_plain(QWidget* parent, const char* object_name, const QString& title, const QString& text) {
  auto* box = new QMessageBox(QMessageBox::NoIcon, title, text, QMessageBox::Close, parent);
  box->setObjectName(QLatin1String(object_name));
  box->setTextFormat(Qt::PlainText);
  box->setAttribute(Qt::WA_DeleteOnClose);
  box->open();
}

}  // namespace

QAction* MainWindow::add(QMenu* menu, const QString& text, const QKeySequence& key, std::function<void()> run) {
  auto* action = menu->addAction(text);
  action->setShortcut(key);
  connect(action, &QAction::triggered, this, [run = std::move(run)] { run(); });
  return action;
}

void MainWindow::make_menus() {
  auto* file = menuBar()->addMenu(tr("&File"));
  add(file, tr("&Connect to…"), QKeySequence(Qt::CTRL | Qt::Key_O), [this] {
    auto* ask = new QInputDialog(this);
    ask->setObjectName(QStringLiteral("connect_dialog"));
    ask->setAttribute(Qt::WA_DeleteOnClose);
    ask->setWindowTitle(tr("Connect"));
    ask->setLabelText(tr("Endpoint of a broker, e.g. tcp://127.0.0.1:7733 or ipc:///run/ackwire.sock"));
    ask->setTextValue(endpoint_);
    connect(ask, &QInputDialog::textValueSelected, this, [this](const QString& text) {
      if (!text.trimmed().isEmpty()) connect_to(text.trimmed());
    });
    ask->open();
  });
  file->addSeparator();
  add(file, tr("&Quit"), QKeySequence::Quit, [this] { close(); });
  make_view_menu();
  auto* queue = menuBar()->addMenu(tr("&Queue"));
  // Only what is in sight is acted on.
  const auto on_overview = [this](std::function<void()> run) {
    return [this, run = std::move(run)] {
      if (overview_->isVisible()) run();
    };
  };
  add(queue, tr("&Pause or resume…"), QKeySequence(Qt::Key_P), on_overview([this] { overview_->toggle_pause(); }));
  add(queue, tr("Open &dead letters"), {}, on_overview([this] { overview_->open_dead_letters(); }));
  add(queue, tr("Show &all queues"), QKeySequence(Qt::Key_Escape), on_overview([this] { overview_->focus_queue({}); }));
  make_dead_letter_menu();
  auto* help = menuBar()->addMenu(tr("&Help"));
  add(help, tr("&Keys"), QKeySequence(Qt::Key_Question), [this] { show_keys(); });
  add(help, tr("&About"), {}, [this] { show_about(); });
}

void MainWindow::make_view_menu() {
  auto* view = menuBar()->addMenu(tr("&View"));
  add(view, tr("&Overview"), QKeySequence(Qt::Key_1), [this] { show_page(overview); });
  add(view, tr("&Dead letters"), QKeySequence(Qt::Key_2), [this] { show_page(dead_letters); });
  view->addSeparator();
  live_action_ = add(view, tr("&Live"), QKeySequence(Qt::Key_L), [this] { set_live(live_action_->isChecked()); });
  live_action_->setCheckable(true);
  live_action_->setChecked(true);
  add(view, tr("&Shorter range"), QKeySequence(Qt::Key_BracketLeft), [this] { step_range(-1); });
  add(view, tr("Lon&ger range"), QKeySequence(Qt::Key_BracketRight), [this] { step_range(1); });
  add(view, tr("&Refresh"), QKeySequence(Qt::Key_F5), [this] { refresh(); });
  view->addSeparator();
  auto* zones = new QActionGroup(this);
  for (const auto zone : {Zone::utc, Zone::local}) {
    auto* action =
        add(view, zone == Zone::utc ? tr("Times in &UTC") : tr("Times in local &zone"), {}, [this, zone] { set_zone(zone); });
    action->setCheckable(true);
    action->setChecked(zone == Zone::utc);
    zones->addAction(action);
  }
  auto* themes = view->addMenu(tr("&Theme"));
  auto* group = new QActionGroup(this);
  for (const auto& [mode, label, name] : {std::tuple{ThemeMode::system, tr("&System"), QStringLiteral("theme_system")},
                                          {ThemeMode::light, tr("&Light"), QStringLiteral("theme_light")},
                                          {ThemeMode::dark, tr("&Dark"), QStringLiteral("theme_dark")}}) {
    auto* action = add(themes, label, {}, [this, m = mode] { themes_->set_mode(m); });
    action->setObjectName(name);
    action->setCheckable(true);
    action->setChecked(themes_->mode() == mode);
    group->addAction(action);
  }
  view->addSeparator();
  add(view, tr("&Copy cell"), QKeySequence::Copy, [this] { copy_current(false); });
  add(view, tr("Copy ro&w as JSON"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_C), [this] { copy_current(true); });
}

void MainWindow::make_dead_letter_menu() {
  auto* menu = menuBar()->addMenu(tr("&Dead letters"));
  const auto on_page = [this](void (DeadLettersPage::*ask)()) {
    return [this, ask] {
      if (dead_letters_->isVisible()) (dead_letters_->*ask)();
    };
  };
  add(menu, tr("&Redrive selected…"), QKeySequence(Qt::Key_R), on_page(&DeadLettersPage::redrive_selected));
  add(menu, tr("Redrive &all…"), {}, on_page(&DeadLettersPage::redrive_all));
  menu->addSeparator();
  add(menu, tr("&Discard selected…"), QKeySequence::Delete, on_page(&DeadLettersPage::discard_selected));
  add(menu, tr("Discard a&ll…"), {}, on_page(&DeadLettersPage::discard_all));
}

/// Of the table that has the focus. Cells are escaped already: what is pasted is what was seen.
void MainWindow::copy_current(bool row) {
  const auto* table = qobject_cast<QAbstractItemView*>(QApplication::focusWidget());
  if (!table || !table->currentIndex().isValid()) return;
  auto current = table->currentIndex();
  const auto* selection = table->selectionModel();
  // What is copied is what is selected, also when the current row is another one.
  if (selection->hasSelection() && !selection->isSelected(current))
    current = selection->selectedIndexes().front().siblingAtColumn(current.column());
  if (!row) return QApplication::clipboard()->setText(current.data().toString());
  QJsonObject object;
  for (int column = 0; column < current.model()->columnCount(); ++column) {
    const auto title = current.model()->headerData(column, Qt::Horizontal).toString();
    const auto text = current.siblingAtColumn(column).data().toString();
    if (!text.isEmpty()) object.insert(title, text);
  }
  QApplication::clipboard()->setText(QString::fromUtf8(QJsonDocument(object).toJson(QJsonDocument::Compact)));
}

void MainWindow::show_keys() {
  show_plain(this, "keys_dialog", tr("Keys"),
             tr("1, 2\tOverview, dead letters\n"
                "L\tLive on or off\n"
                "[  ]\tShorter, longer time range\n"
                "F5\tRefresh\n"
                "Enter\tDead letters of the selected group\n"
                "Esc\tShow all queues\n"
                "P\tPause or resume the selected queue (asks first)\n"
                "R\tRedrive the selected dead letters (asks first)\n"
                "Del\tDiscard the selected dead letters (asks first)\n"
                "Ctrl+C\tCopy cell or figure\n"
                "Ctrl+Shift+C\tCopy row as JSON\n"
                "Ctrl+O\tConnect to another broker\n"
                "F1\tWhat is this figure (on a tile)\n"
                "?\tThis list"));
}

void MainWindow::show_about() {
  const auto number = version();
  show_plain(this, "about_dialog", tr("About"),
             tr("Ackwire dashboard %1\n\nA window on an Ackwire broker. It is free software under the GNU General Public License, "
                "version 3, "
                "and comes with no warranty. The Ackwire library it talks through is under the Apache License 2.0.")
                 .arg(QString::fromUtf8(number.data(), static_cast<qsizetype>(number.size()))));
}

}  // namespace ackwire::dashboard

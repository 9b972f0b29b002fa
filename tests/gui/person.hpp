// SPDX-License-Identifier: GPL-3.0-only
// A window and the hands of a person: widgets are found by name, and touched by mouse and keys only.
#pragma once

#include <QAbstractButton>
#include <QComboBox>
#include <QDialog>
#include <QPushButton>
#include <QTabBar>
#include <QTableView>
#include <QTableWidget>
#include <QtTest>

#include "main_window.hpp"
#include "theme.hpp"

namespace ackwire::dashboard::test {

inline constexpr int poll_ms = 50;

struct Person {
  Person(const QString& endpoint, MainWindow::FactoryMaker maker) : window(endpoint, std::move(maker), &themes, poll_ms) {
    window.show();
    window.start();
  }

  template <class Widget>
  Widget* find(const char* name) const {
    auto* widget = window.findChild<Widget*>(QLatin1String(name));
    if (!widget) qFatal("no widget named %s", name);
    return widget;
  }
  QDialog* dialog() const { return window.findChild<QDialog*>(QStringLiteral("confirm_dialog")); }
  QPushButton* in_dialog(const char* name) const { return dialog()->findChild<QPushButton*>(QLatin1String(name)); }
  void confirm() const { QTest::mouseClick(in_dialog("confirm_go"), Qt::LeftButton); }
  QString confirm_cell(int row, int column) const {
    return dialog()->findChild<QTableWidget*>(QStringLiteral("confirm_letters"))->item(row, column)->text();
  }
  void click(const char* name) const { QTest::mouseClick(find<QAbstractButton>(name), Qt::LeftButton); }
  void click_row(QTableView* table, int row, Qt::KeyboardModifiers keys = {}) const {
    QTest::mouseClick(table->viewport(), Qt::LeftButton, keys, table->visualRect(table->model()->index(row, 0)).center());
  }
  bool ready() const { return window.link().stats() != nullptr && window.settled(); }
  void open_dead_letters() const {
    auto* tabs = find<QTabBar>("page_tabs");
    QTest::mouseClick(tabs, Qt::LeftButton, {}, tabs->tabRect(1).center());
  }
  /// A cell of the row of this queue and group in the overview.
  QString group_cell(const char* label, int column) const {
    const auto* model = find<QTableView>("queue_table")->model();
    for (int row = 0; row < model->rowCount(); ++row) {
      if (model->index(row, 0).data().toString() == QLatin1String(label)) return model->index(row, column).data().toString();
    }
    return {};
  }
  QString dead_cell(int row) const { return find<QTableView>("dead_table")->model()->index(row, 0).data().toString(); }

  ThemeSwitch themes;
  MainWindow window;
};

}  // namespace ackwire::dashboard::test

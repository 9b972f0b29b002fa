// SPDX-License-Identifier: GPL-3.0-only
// Everything about one dead letter. Payloads are shown as plain text with escapes; nothing in them is ever rendered or fetched.
#pragma once

#include <QWidget>
#include <optional>

#include "bridge/snapshot.hpp"
#include "text/format.hpp"

class QButtonGroup;
class QLabel;
class QPlainTextEdit;
class QTabWidget;
class QTableWidget;

namespace ackwire::dashboard {

class Inspector : public QWidget {
  Q_OBJECT

 public:
  enum class View : std::uint8_t { json, text, hex };

  explicit Inspector(QWidget* parent = nullptr);
  void show_letter(const DeadLetter& letter);
  /// How many letters are selected with the one that is shown.
  void set_selected(std::size_t count);
  /// No letter: why, e.g. "Select a dead letter to see it".
  void show_nothing(const QString& why);
  void set_zone(Zone zone);
  std::optional<std::uint64_t> sequence() const;

 private:
  QWidget* make_payload_tab();
  void fill();
  void fill_title();
  void fill_payload();
  void fill_errors();
  void fill_identity();

  QLabel* title_;
  QTabWidget* tabs_;
  QButtonGroup* views_;
  QPlainTextEdit* payload_;
  QLabel* note_;
  QTableWidget* headers_;
  QTableWidget* errors_;
  QTableWidget* identity_;
  std::optional<DeadLetter> letter_;
  View view_ = View::json;
  bool view_chosen_ = false;  ///< by the person; until then JSON is shown as JSON and the rest as text
  std::size_t selected_ = 1;
  Zone zone_ = Zone::utc;
};

}  // namespace ackwire::dashboard

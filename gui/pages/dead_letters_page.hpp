// SPDX-License-Identifier: GPL-3.0-only
// What failed for good, why, and what to do about it. Knows no broker: data comes in, wishes go out as signals.
#pragma once

#include <QTimer>
#include <QWidget>
#include <functional>

#include "bridge/snapshot.hpp"
#include "text/format.hpp"

class QComboBox;
class QLabel;
class QPushButton;
class QStackedWidget;
class QTableView;

namespace ackwire::dashboard {

class ConfirmDialog;
class DeadLetterModel;
class DeadSelection;
class Inspector;
struct DeadTally;

class DeadLettersPage : public QWidget {
  Q_OBJECT

 public:
  explicit DeadLettersPage(QWidget* parent = nullptr);

  void set_stats(const StatsPtr& stats);
  /// Forgets everything: another broker.
  void forget();
  void set_letter(const DeadLetterReply& reply);
  void set_zone(Zone zone);
  /// The figures are old.
  void set_stale(bool stale);
  /// Why actions are not possible now; empty: they are.
  void set_blocked(const QString& why);
  /// `group` empty: the one with the most dead letters.
  void show_queue(const QString& queue, const QString& group = {});
  QString queue() const;
  QString group() const;
  DeadLetterModel* model() const { return model_; }
  void focus_table();

 public slots:
  void refresh();
  void redrive_selected();
  void redrive_all();
  void discard_selected();
  void discard_all();

 signals:
  void letter_wanted(const QString& queue, const QString& group, quint64 sequence);
  /// Confirmed by the person.
  void action_wanted(const ackwire::dashboard::ActionRequest& request);

 private:
  QWidget* make_selectors();
  QWidget* make_body();
  QWidget* make_actions();
  void fill_queues();
  /// `choose`: the one with the most dead letters becomes the chosen one.
  void fill_groups(bool choose);
  void turn_to_letters();
  void retarget();
  DeadTally tally() const;
  void open_first();
  void show_selected();
  void ask_letter();
  void update_state();
  void update_buttons();
  QString elsewhere() const;
  void ask(Verb verb, bool all);

  QComboBox *queues_, *groups_;
  QLabel *count_, *empty_, *progress_;
  QStackedWidget* body_;
  QTableView* table_;
  DeadSelection* selection_;
  Inspector* inspector_;
  QPushButton *refresh_, *redrive_selected_, *redrive_all_, *discard_selected_, *discard_all_;
  DeadLetterModel* model_;
  ConfirmDialog* dialog_ = nullptr;
  StatsPtr stats_;
  Identity identity_;  ///< of the queue in the table
  QString blocked_;
  bool stale_ = false;
  bool chosen_ = false;  ///< queue and group, by the person
  QTimer letter_delay_;
  bool letter_under_way_ = false, letter_again_ = false;
};

}  // namespace ackwire::dashboard

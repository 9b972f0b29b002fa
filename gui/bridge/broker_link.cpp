// SPDX-License-Identifier: GPL-3.0-only
#include "bridge/broker_link.hpp"

#include "bridge/actor.hpp"
#include "bridge/reader.hpp"

namespace ackwire::dashboard {

BrokerLink::BrokerLink(SourceFactory factory, int poll_ms, QObject* parent) : QObject(parent) {
  reader_ = new Reader(factory, poll_ms);
  reader_->moveToThread(&reader_thread_);
  reader_thread_.setObjectName(QStringLiteral("reader"));
  connect(&reader_thread_, &QThread::started, reader_, &Reader::start);
  connect(&reader_thread_, &QThread::finished, reader_, &QObject::deleteLater);
  connect(reader_, &Reader::state_changed, this, [this](const LinkState& state) {
    state_ = state;
    emit state_changed(state_);
  });
  connect(reader_, &Reader::stats_ready, this, [this](const StatsPtr& stats) {
    stats_ = stats;
    age_.start();
    emit stats_changed(stats_);
    reader_->consumed();
  });
  connect(reader_, &Reader::history_ready, this, [this](const HistoryPtr& update) {
    if (update->ticket == ticket_) emit history_changed(update);
  });
  connect(reader_, &Reader::page_ready, this, &BrokerLink::page_arrived);
  connect(reader_, &Reader::letter_ready, this, &BrokerLink::letter_arrived);

  actor_ = new Actor(std::move(factory));
  actor_->moveToThread(&actor_thread_);
  actor_thread_.setObjectName(QStringLiteral("actor"));
  connect(&actor_thread_, &QThread::finished, actor_, &QObject::deleteLater);
  connect(actor_, &Actor::done, this, [this](const ActionOutcome& outcome) {
    busy_ = false;
    emit action_done(outcome);
    refresh();
  });
}

BrokerLink::~BrokerLink() {
  reader_->disconnect(this);
  actor_->disconnect(this);
  // A thread that was never started never deletes its worker.
  const bool started = reader_thread_.isRunning();
  if (started) {
    reader_->shut();
    actor_->shut();
    reader_thread_.quit();
    actor_thread_.quit();
    reader_thread_.wait();
    actor_thread_.wait();
  } else {
    delete reader_;
    delete actor_;
  }
}

void BrokerLink::start() {
  reader_thread_.start();
  actor_thread_.start();
}

quint64 BrokerLink::watch(const QString& queue, Resolution resolution) {
  Focus focus{queue.toStdString(), resolution, ++ticket_};
  QMetaObject::invokeMethod(
      reader_, [reader = reader_, focus] { reader->watch(focus); }, Qt::QueuedConnection);
  return ticket_;
}

void BrokerLink::refresh() { QMetaObject::invokeMethod(reader_, &Reader::poll, Qt::QueuedConnection); }

void BrokerLink::fetch_page(const DeadPageRequest& request) {
  QMetaObject::invokeMethod(
      reader_, [reader = reader_, request] { reader->fetch_page(request); }, Qt::QueuedConnection);
}

void BrokerLink::fetch_letter(const QString& queue, const QString& group, quint64 sequence) {
  QMetaObject::invokeMethod(
      reader_, [=, reader = reader_] { reader->fetch_letter(queue, group, sequence); }, Qt::QueuedConnection);
}

void BrokerLink::act(const ActionRequest& request) {
  Q_ASSERT(!busy_);
  busy_ = true;
  emit action_started(request);
  QMetaObject::invokeMethod(
      actor_, [actor = actor_, request] { actor->run(request); }, Qt::QueuedConnection);
}

}  // namespace ackwire::dashboard

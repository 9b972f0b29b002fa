// SPDX-License-Identifier: GPL-3.0-only
#include "bridge/reader.hpp"

#include <ackwire/limits.hpp>

#include <algorithm>
#include <utility>

namespace ackwire::dashboard {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t pages_wanted_max = 8;
constexpr int coarse_history_polls = 5;  ///< slots of ten seconds and more change slowly
constexpr int history_reads_max = 16;
constexpr Duration reader_reach_wait{200};

Duration kept(Resolution resolution) {
  switch (resolution) {
    case Resolution::second: return 1h;
    case Resolution::ten_seconds: return 24h;
    case Resolution::five_minutes: return 24h * 30;
  }
  return 1h;
}

QString text(const Error& error) {
  return QString::fromStdString(error.message.empty() ? std::string(name(error.code)) : error.message);
}

}  // namespace

Reader::Reader(SourceFactory factory, int poll_ms) : factory_(std::move(factory)), poll_ms_(poll_ms), timer_(this) {
  connect(&timer_, &QTimer::timeout, this, &Reader::poll);
}

Reader::~Reader() {
  if (auto source = source_.load()) source->on_state_change(nullptr);
}

void Reader::shut() {
  ending_ = true;
  if (auto source = source_.load()) source->shut();
}

void Reader::start() {
  enter(LinkPhase::connecting);
  timer_.start(poll_ms_);
  poll();
}

bool Reader::open() {
  auto source = factory_(Purpose::watch);
  if (!source) {
    const auto code = source.error().code;
    const bool hopeless = code == Errc::invalid_argument || code == Errc::insecure_bind || code == Errc::unsupported_version;
    enter(hopeless ? LinkPhase::refused : LinkPhase::connecting, text(source.error()));
    if (hopeless) timer_.stop();
    return false;
  }
  (*source)->on_state_change([this](ConnectionState state, std::string_view why) {
    // On a thread of the library: only post. A loss is shown at once instead of at the next poll.
    QString reason = QString::fromUtf8(why.data(), static_cast<qsizetype>(why.size()));
    if (state == ConnectionState::connected) {
      QMetaObject::invokeMethod(this, &Reader::poll, Qt::QueuedConnection);
    } else if (state == ConnectionState::disconnected) {
      QMetaObject::invokeMethod(
          this,
          [this, reason] {
            lost({Errc::disconnected, reason.toStdString(), {}, {}});
          },
          Qt::QueuedConnection);
    }
  });
  source_.store(std::move(*source));
  return true;
}

void Reader::enter(LinkPhase phase, QString reason) {
  if (announced_ && state_.phase == phase && state_.reason == reason) return;
  announced_ = true;
  state_ = {phase, std::move(reason)};
  emit state_changed(state_);
}

void Reader::lost(const Error& error) {
  if (error.code == Errc::unsupported_version) return enter(LinkPhase::refused, text(error));
  enter(reached_once_ ? LinkPhase::disconnected : LinkPhase::connecting, text(error));
}

void Reader::poll() {
  if (ending_ || in_flight_.load(std::memory_order_acquire)) return;
  if (!source_.load() && !open()) return;
  auto source = source_.load();
  if (auto reached = source->wait_connected(reader_reach_wait); !reached) {
    // A wait that merely ran out says less than the loss before it did.
    const bool ran_out = reached.error().code == Errc::timeout;
    const bool told = !state_.reason.isEmpty() && state_.phase != LinkPhase::connected;
    if (ran_out && !told) lost({Errc::timeout, "nothing answers at this endpoint", {}, {}});
    if (!ran_out) lost(reached.error());
    return;
  }
  auto stats = source->stats();
  if (!stats) return lost(stats.error());
  if (state_.phase != LinkPhase::connected || stats->store_id != store_id_) history_loaded_ = false;
  store_id_ = stats->store_id;
  reached_once_ = true;
  enter(LinkPhase::connected);
  const auto now = stats->now;
  in_flight_.store(true, std::memory_order_release);
  emit stats_ready(std::make_shared<const BrokerStats>(std::move(*stats)));
  pump_history(now);
}

void Reader::watch(Focus focus) {
  focus_ = std::move(focus);
  history_loaded_ = false;
  if (state_.phase != LinkPhase::connected) return;
  if (auto source = source_.load()) {
    if (auto stats = source->stats()) pump_history(stats->now);
  }
}

void Reader::pump_history(Timestamp now) {
  if (focus_.ticket == 0) return;
  const bool due = focus_.resolution == Resolution::second || ++polls_since_history_ >= coarse_history_polls;
  if (history_loaded_ && !due) return;
  polls_since_history_ = 0;
  auto update = std::make_shared<HistoryUpdate>();
  update->ticket = focus_.ticket;
  update->initial = !history_loaded_;
  auto from = update->initial ? now - kept(focus_.resolution) : history_from_;
  for (int reads = 0; reads < history_reads_max; ++reads) {
    auto part = source_.load()->history({focus_.queue, focus_.resolution, from});
    if (!part) {
      if (part.error().code != Errc::no_queue) lost(part.error());
      return;
    }
    if (part->empty()) break;
    from = part->back().time + Duration{1};
    const bool full = part->size() >= limits::page_messages;
    std::move(part->begin(), part->end(), std::back_inserter(update->samples));
    if (!full) break;
  }
  // The newest slot may still grow: the next read asks for it again.
  history_from_ = update->samples.empty() ? from : update->samples.back().time;
  history_loaded_ = true;
  emit history_ready(std::move(update));
}

void Reader::fetch_page(DeadPageRequest request) {
  std::erase_if(pages_, [&](const auto& p) { return p.generation != request.generation || p.page == request.page; });
  pages_.push_front(std::move(request));
  if (pages_.size() > pages_wanted_max) {
    // Scrolled past before it was read: say so, so that it can be asked for again.
    auto dropped = std::make_shared<DeadPageReply>();
    dropped->generation = pages_.back().generation;
    dropped->page = pages_.back().page;
    dropped->total = pages_.back().total;
    dropped->error = QStringLiteral("dropped");
    pages_.pop_back();
    emit page_ready(std::move(dropped));
  }
  if (!std::exchange(page_step_posted_, true))
    QMetaObject::invokeMethod(
        this, [this] { continue_pages(); }, Qt::QueuedConnection);
}

void Reader::continue_pages() {
  page_step_posted_ = false;
  auto source = source_.load();
  if (pages_.empty() || ending_) return;
  const auto request = pages_.front();
  DeadPageReply reply;
  if (source && state_.phase == LinkPhase::connected) {
    reply = pager_.step(*source, request);
  } else {
    reply.generation = request.generation;
    reply.page = request.page;
    reply.total = request.total;
    reply.error = QStringLiteral("Not connected to the broker.");
  }
  if (reply.complete || !reply.error.isEmpty()) {
    std::erase_if(pages_, [&](const auto& p) { return p.generation == request.generation && p.page == request.page; });
  }
  emit page_ready(std::make_shared<const DeadPageReply>(std::move(reply)));
  if (!pages_.empty() && !std::exchange(page_step_posted_, true)) {
    QMetaObject::invokeMethod(
        this, [this] { continue_pages(); }, Qt::QueuedConnection);
  }
}

void Reader::fetch_letter(QString queue, QString group, quint64 sequence) {
  auto reply = std::make_shared<DeadLetterReply>();
  reply->queue = queue.toStdString();
  reply->group = group.toStdString();
  reply->sequence = sequence;
  auto source = source_.load();
  if (!source || state_.phase != LinkPhase::connected) {
    reply->error = QStringLiteral("Not connected to the broker.");
  } else if (auto page = source->dead_letters(reply->queue, reply->group, sequence, 1, payload_preview_bytes); !page) {
    reply->error = text(page.error());
  } else if (!page->letters.empty() && page->letters.front().sequence == sequence) {
    reply->found = true;
    reply->letter = std::move(page->letters.front());
  }
  emit letter_ready(std::move(reply));
}

}  // namespace ackwire::dashboard

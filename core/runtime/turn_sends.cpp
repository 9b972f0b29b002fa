// What leaves the broker: answers to frames, then what the engine decided, and signs of life.
#include <algorithm>

#include "runtime/turn.hpp"
#include "wire/consume.hpp"
#include "wire/json.hpp"
#include "wire/publish.hpp"
#include "wire/session.hpp"

namespace ackwire::runtime {
namespace {

constexpr Duration probe_pause{500};
constexpr Duration pace_slack{5};  // of broker time against the steady clock, before peers in this process are told
constexpr std::size_t reply_kept_bytes = 256 * 1024;

}  // namespace

void Turn::send_replies(const Send& send) {
  for (const Reply& reply : replies_) send(reply.peer, reply.frame, {});
  replies_.clear();
}

// A pong that nobody asked for: a sign of life, and broker time. Peers in this process only need to know when that changes its
// pace.
void Turn::probe(const Send& send) {
  next_probe_ = now_.mono + probe_pause;
  const Duration pace = now_.wall.time_since_epoch() - now_.mono;
  const bool tell_local = pace > told_pace_ + pace_slack || pace < told_pace_ - pace_slack;
  if (tell_local) told_pace_ = pace;
  head_.clear();
  wire::encode_pong(head_, static_cast<std::uint64_t>(now_.wall.time_since_epoch().count()));
  for (const model::SessionId id : sessions_.all()) {
    const Peer& peer = sessions_.find(id)->peer;
    if (peer.local && !tell_local) continue;
    if (!send(peer, head_, {}) && !peer.local && std::find(gone_.begin(), gone_.end(), id) == gone_.end()) gone_.push_back(id);
  }
}

void Turn::complete(BrokerStats& stats) {
  stats.clock_offset_ms = clock_offset().count();
  stats.sessions = static_cast<std::uint32_t>(sessions_.size());
  stats.commits = commits_;
  engine::Latency latency = last_commit_us_;
  latency.merge(commit_us_);
  stats.commit_p50_ms = latency.quantile(0.5) / 1'000;
  stats.commit_p99_ms = latency.quantile(0.99) / 1'000;
}

void Turn::send_effects(const Send& send) {
  std::vector<model::Effect> effects = engine_->take_effects();
  for (model::Effect& effect : effects) {
    const Session* session = sessions_.find(effect.session);
    if (session && send_effect(effect, *session, send)) continue;
    // A delivery that did not leave is taken back first, so that it costs no attempt; then the session ends.
    if (auto* deliver = std::get_if<model::Deliver>(&effect.what); deliver && session) {
      lost_.push_back({effect.session, std::move(*deliver)});
    }
    if (session && std::find(gone_.begin(), gone_.end(), effect.session) == gone_.end()) gone_.push_back(effect.session);
  }
}

bool Turn::send_effect(model::Effect& effect, const Session& session, const Send& send) {
  head_.clear();
  std::string_view payload;
  if (auto* confirm = std::get_if<model::Confirm>(&effect.what)) {
    wire::encode_confirm_head(head_, confirm->producer_sequence, confirm->queue);
    payload = confirm->entries;
  } else if (auto* deliver = std::get_if<model::Deliver>(&effect.what)) {
    wire::encode_deliver_head(head_, deliver->subscription);
    payload = deliver->runs;
  } else if (auto* subscribed = std::get_if<model::Subscribed>(&effect.what)) {
    wire::encode(head_, *subscribed);
  } else if (auto* settled = std::get_if<model::SettleResult>(&effect.what)) {
    wire::encode(head_, *settled);
  } else if (auto* recall = std::get_if<model::Recall>(&effect.what)) {
    wire::encode(head_, *recall);
  } else if (auto* ended = std::get_if<model::SubscriptionEnded>(&effect.what)) {
    wire::encode(head_, *ended);
  } else {
    auto& answer = std::get<model::Answer>(effect.what);
    if (auto* page = std::get_if<model::StatsPage>(&answer.reply)) complete(page->stats);
    wire::FrameWriter(head_, wire::Operation::reply, answer.request);
    if (reply_.capacity() > reply_kept_bytes) std::string().swap(reply_);
    reply_.clear();
    wire::append_json(reply_, answer.reply);
    payload = reply_;
  }
  return send(session.peer, head_, payload);
}

}  // namespace ackwire::runtime

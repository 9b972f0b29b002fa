// Requests that read: answered in turn, a bounded part in each turn of the broker, so that a publisher never waits long for them,
// and nothing is made for a peer that does not take it.
#include <algorithm>
#include <chrono>

#include "runtime/turn.hpp"
#include "wire/json.hpp"

namespace ackwire::runtime {
namespace {

constexpr std::size_t session_reads = 32;           // of one session, waiting
constexpr std::uint32_t turn_reads = 4;             // answered in one turn
constexpr std::size_t turn_read_bytes = 64 * 1024;  // and the bytes of their answers, about; one is always answered
constexpr Duration reads_retry_after{200};
constexpr std::chrono::microseconds turn_reads_time{300};  // and the time they take, about
constexpr Duration reads_patience{20};                     // so long they wait for turns in which nobody waits for a commit

}  // namespace

void Turn::request(Session& session, const wire::Frame& frame) {
  auto request = wire::request_from_json(frame.payload);
  if (!request) return refuse(session.peer, frame.request, request.error());
  if (model::verb_of(*request).access != model::Access::reads_much) {
    await_commit(session);
    engine_->request(session.id, frame.request, *request);
    return;
  }
  if (session.reads.size() >= session_reads) {
    return refuse(session.peer, frame.request,
                  {Errc::overloaded,
                   "The session has " + std::to_string(session_reads) +
                       " requests that read and are not answered yet, which is the limit. Nothing was read. Read the answers, then "
                       "ask again.",
                   reads_retry_after,
                   {}});
  }
  if (readers_.empty()) reads_due_ = now_.mono + reads_patience;
  if (session.reads.empty()) readers_.push_back(session.id);
  session.reads.push_back({frame.request, *std::move(request)});
}

// One read of each session in turn. Those of a session that does not take its answers wait, so that no answer is made for nobody.
// They have turns of their own, between those with something to confirm, until they have waited too long for one.
void Turn::run_reads() {
  using std::chrono::steady_clock;
  reads_left_ = !readers_.empty();
  if (!reads_left_ || (to_confirm_ && now_.mono < reads_due_)) return;
  reads_due_ = now_.mono + reads_patience;
  const auto until = steady_clock::now() + turn_reads_time;
  std::size_t bytes = 0;
  std::uint32_t answered = 0;
  std::deque<model::SessionId> waiting;
  while (!readers_.empty() && answered < turn_reads && bytes < turn_read_bytes) {
    if (answered > 0 && steady_clock::now() >= until) break;
    const model::SessionId id = readers_.front();
    readers_.pop_front();
    Session* session = sessions_.find(id);
    if (!session || session->reads.empty()) continue;
    if (std::find(slow_.begin(), slow_.end(), session->peer) != slow_.end()) {
      waiting.push_back(id);
      continue;
    }
    const Session::Read read = std::move(session->reads.front());
    session->reads.pop_front();
    ++answered;
    bytes += engine_->request(id, read.number, read.request);
    if (!session->reads.empty()) readers_.push_back(id);
  }
  reads_left_ = !readers_.empty();
  readers_.insert(readers_.end(), waiting.begin(), waiting.end());
}

void Turn::hold(const Peer& peer, bool held) {
  if (const Session* session = sessions_.of(peer)) engine_->hold(session->id, held);
}

void Turn::set_slow(const std::vector<Peer>& slow) {
  if (slow == slow_) return;
  for (const Peer& peer : slow_) {
    if (std::find(slow.begin(), slow.end(), peer) != slow.end()) continue;
    hold(peer, false);
    released_ = true;
  }
  slow_ = slow;
  for (const Peer& peer : slow_) hold(peer, true);
}

}  // namespace ackwire::runtime

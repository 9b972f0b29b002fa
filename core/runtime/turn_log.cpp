// What a turn tells in the log: who came and went, what was refused, what an operator did, what died, what was slow.
#include "runtime/turn.hpp"

namespace ackwire::runtime {
namespace {

using model::NoteKind;

struct Word {
  std::string_view event;
  std::string_view did;  // "NAME did QUEUE"
};

Word word(NoteKind kind) {
  switch (kind) {
    case NoteKind::queue_created: return {"queue_created", "made queue"};
    case NoteKind::queue_changed: return {"queue_changed", "changed queue"};
    case NoteKind::queue_removed: return {"queue_removed", "removed queue"};
    case NoteKind::queue_purged: return {"queue_purged", "purged queue"};
    case NoteKind::group_created: return {"group_created", "made a group of queue"};
    case NoteKind::group_removed: return {"group_removed", "removed a group of queue"};
    case NoteKind::redriven: return {"dead_letters_redriven", "redrove dead letters of queue"};
    case NoteKind::discarded: return {"dead_letters_discarded", "discarded dead letters of queue"};
    case NoteKind::dead_lettered: return {"dead_lettered", "became dead letters in queue"};
    case NoteKind::publish_refused: return {"publish_refused", "was refused a publish to queue"};
    case NoteKind::request_refused: return {"request_refused", "was refused a request"};
    case NoteKind::administered: return {"administered", "administered queue"};
  }
  return {"note", ""};
}

bool refused(NoteKind kind) { return kind == NoteKind::publish_refused || kind == NoteKind::request_refused; }

}  // namespace

std::string Turn::who(const Session* session) const {
  if (session == nullptr) return "a client that has gone";
  return session->name.empty() ? "a client without a name" : session->name;
}

void Turn::tell_notes() {
  for (model::Note& note : engine_->take_notes()) {
    const Session* session = sessions_.find(note.session);
    const Word words = word(note.kind);
    const std::string name = who(session);
    std::vector<LogField> fields;
    const auto add = [&fields](std::string_view field, std::string value) {
      if (!value.empty()) fields.push_back({field, std::move(value)});
    };
    std::string text = note.kind == NoteKind::dead_lettered ? std::to_string(note.count) + " messages " + std::string(words.did)
                                                            : name + " " + std::string(words.did);
    if (!note.queue.empty()) text += " " + note.queue;
    if (note.kind != NoteKind::dead_lettered) add("client", name);
    if (session != nullptr) fields.push_back({"session", static_cast<std::uint64_t>(note.session)});
    add("queue", note.queue);
    add("group", note.group);
    if (note.kind == NoteKind::dead_lettered) {
      text += ": " + note.detail + (note.text.empty() ? "" : ", " + note.text);
      add("reason", note.detail);
      fields.push_back({"first_sequence", note.sequence});
    } else if (refused(note.kind)) {
      text += ": " + note.text;
      add("code", note.detail);
    } else if (!note.detail.empty()) {
      text += ": " + note.detail;
      add("change", note.detail);
    }
    fields.push_back({"count", note.count});
    if (refused(note.kind) || note.kind == NoteKind::dead_lettered) {
      log_.tell_at_times(now_.mono, note.queue + '\n' + note.group + '\n' + note.detail, LogLevel::warn, words.event,
                         std::move(text), std::move(fields));
    } else {
      log_.tell(LogLevel::info, words.event, std::move(text), std::move(fields));
    }
  }
}

void Turn::tell_opened() {
  log_.tell(LogLevel::info, "broker_opened", "the store is open, boot epoch " + std::to_string(engine_->boot_epoch()),
            {{"boot_epoch", engine_->boot_epoch()}});
}

// A line for each row that was found damaged and how it was dealt with.
void Turn::tell_damage() {
  for (std::string& line : engine_->take_damage()) log_.tell(LogLevel::error, "damage_found", std::move(line), {});
}

void Turn::tell_session(const Session& session) {
  log_.tell(LogLevel::debug, "session_opened", who(&session) + " connected",
            {{"client", session.name}, {"session", static_cast<std::uint64_t>(session.id)}});
}

// Who leaves with messages in its hands did not leave in order: they are handed out again.
void Turn::tell_session_end(const Session& session, std::string_view why, bool in_order) {
  if (!log_.on()) return;
  const std::uint64_t leases = engine_->leases_of(session.id);
  std::string text = who(&session) + ": " + std::string(why);
  if (leases > 0) text += "; the " + std::to_string(leases) + " messages that it held go back to their groups";
  const LogLevel level = leases > 0 ? LogLevel::warn : in_order ? LogLevel::debug : LogLevel::info;
  log_.tell(level, "session_ended", std::move(text),
            {{"client", session.name},
             {"session", static_cast<std::uint64_t>(session.id)},
             {"why", std::string(why)},
             {"leases", leases}});
}

void Turn::tell_refusal(const Peer& peer, const Error& error) {
  if (!log_.on()) return;
  const Session* session = sessions_.of(peer);
  const std::string code(name(error.code));
  // A client of a broker that was restarted says its old frames once more: that is no fault of anybody's.
  const LogLevel level = error.code == Errc::no_session ? LogLevel::debug : LogLevel::warn;
  std::vector<LogField> fields{{"code", code}};
  if (session != nullptr) fields.push_back({"client", session->name});
  log_.tell_at_times(now_.mono, code, level, "frame_refused", who(session) + " was refused: " + error.message, std::move(fields));
}

void Turn::tell_commit(std::uint64_t micros, std::size_t frames) {
  if (!log_.on() || micros < static_cast<std::uint64_t>(options_.slow_commit.count()) * 1'000) return;
  log_.tell_at_times(now_.mono, "", LogLevel::warn, "commit_slow",
                     "a commit took " + std::to_string(micros / 1'000) + " ms: the disk is slow, and everybody waits for it",
                     {{"ms", static_cast<double>(micros) / 1'000}, {"frames", static_cast<std::uint64_t>(frames)}});
}

void Turn::tell_failure(const Error& error, bool goes_on) {
  const std::string code(name(error.code));
  if (goes_on) {
    log_.tell_at_times(
        now_.mono, code, LogLevel::error, "commit_failed",
        error.message +
            " Sessions and leases are as they were before it; who was refused may repeat it. Publishes rest for a while.",
        {{"code", code}});
  } else {
    log_.tell(LogLevel::critical, "broker_failed", error.message + " Nothing is confirmed any more.", {{"code", code}});
  }
}

}  // namespace ackwire::runtime

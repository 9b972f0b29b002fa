// The offline check and the offline repair, each in a child process.
#include "engine/verify.hpp"

#include <string.h>

#include <array>
#include <chrono>
#include <cstring>

#include "api/child.hpp"
#include "engine/repair/repair.hpp"
#include "store/lmdb_store.hpp"

namespace ackwire {
namespace {

using api::Tell;

// What a child says.
constexpr char error_line = 'e', problem_line = 'p', done_line = 'd', counts_line = 'c', warning_line = 'w';

using Counts = std::array<std::uint64_t, 8>;

Counts counts_of(const VerifyReport& r) {
  return {r.queues, r.groups, r.blocks, r.messages, r.delayed, r.dead, r.dedupe_keys, r.bytes};
}

void tell_error(const Tell& tell, const Error& error) {
  tell.line(error_line, std::string(1, static_cast<char>(error.code)) + error.message);
}

/// What a child has said so far.
struct Heard {
  VerifyReport report;
  std::vector<std::string> done;
  std::optional<Error> error;
  bool whole = false;  // it came to the end

  void line(char kind, std::string_view text) {
    if (kind == error_line && !text.empty()) {
      error = Error{static_cast<Errc>(static_cast<unsigned char>(text[0])), std::string(text.substr(1)), {}, {}};
    } else if (kind == problem_line) {
      report.problems.emplace_back(text);
    } else if (kind == done_line) {
      done.emplace_back(text);
    } else if (kind == warning_line) {
      std::fprintf(stderr, "ackwire: warning: %.*s\n", static_cast<int>(text.size()), text.data());
    } else if (kind == counts_line && text.size() == sizeof(Counts)) {
      Counts c;
      std::memcpy(c.data(), text.data(), sizeof c);
      report.queues = c[0], report.groups = c[1], report.blocks = c[2], report.messages = c[3];
      report.delayed = c[4], report.dead = c[5], report.dedupe_keys = c[6], report.bytes = c[7];
      whole = true;
    }
  }
};

std::unique_ptr<store::Store> open(const std::filesystem::path& directory, bool read_only, const Tell& tell) {
  store::LmdbOptions options;
  options.create = false;
  options.read_only = read_only;
  options.on_warning = [&tell](std::string_view text) { tell.line(warning_line, text); };
  tell.place("the head of the file", {});
  auto store = store::open_lmdb(directory, options);
  if (store) return *std::move(store);
  tell_error(tell, store.error());
  return nullptr;
}

void check(store::Store& store, const Tell& tell) {
  const auto report = engine::verify(store, [&tell](bool problem, std::string_view text, std::string_view key) {
    if (problem) {
      tell.line(problem_line, text);
    } else {
      tell.place(text, key);
    }
  });
  if (!report) return tell_error(tell, report.error());
  const Counts counts = counts_of(*report);
  tell.line(counts_line, {reinterpret_cast<const char*>(counts.data()), sizeof counts});
}

std::string ended(const api::ChildEnd& end) {
  if (end.stuck) {
    const auto limit = std::chrono::duration_cast<std::chrono::seconds>(api::child_progress_limit);
    return end.place + ": reading on from here came to nothing in " + std::to_string(limit.count()) +
           " s: a page of the data file points to itself, or the disk does not answer";
  }
  const std::string how = end.signal != 0
                              ? std::string("signal ") + std::to_string(end.signal) + " (" + ::strsignal(end.signal) + ")"
                              : std::string("an end without a word");
  return end.place + ": reading on from here met " + how + ": a page of the data file is damaged, or the disk cannot read it";
}

}  // namespace

Result<VerifyReport> verify(const std::filesystem::path& directory) {
  Heard heard;
  const auto end = api::run_in_child(
      [&directory](const Tell& tell) {
        if (const auto store = open(directory, true, tell)) check(*store, tell);
      },
      [&heard](char kind, std::string_view text) { heard.line(kind, text); });
  if (!end) return end.error();
  if (heard.error) return *heard.error;
  if (!heard.whole) heard.report.problems.push_back(ended(*end) + "; what lies behind it was not looked at");
  return heard.report;
}

Result<RepairReport> repair(const std::filesystem::path& directory) {
  Heard heard;
  const auto end = api::run_in_child(
      [&directory](const Tell& tell) {
        const auto store = open(directory, false, tell);
        if (!store) return;
        tell.place("data.mdb", {});
        const auto wall = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
        const auto done = engine::repair(*store, Timestamp{wall});
        if (!done) return tell_error(tell, done.error());
        for (const std::string& line : *done) tell.line(done_line, line);
        check(*store, tell);
      },
      [&heard](char kind, std::string_view text) { heard.line(kind, text); });
  if (!end) return end.error();
  if (heard.error) return *heard.error;
  if (!heard.whole) {
    return Error{Errc::store_damaged,
                 ended(*end) + ". " + (heard.done.empty() ? "Nothing was changed. " : "The repair was stored. ") +
                     "No row can be mended there: put a backup in its place.",
                 {},
                 {}};
  }
  return RepairReport{std::move(heard.done), std::move(heard.report)};
}

}  // namespace ackwire

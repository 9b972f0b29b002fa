#include "transport/diagnosis.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>

#include "transport/plain_socket.hpp"

namespace ackwire::transport {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds listen_time{400};  // for the first words of a peer, to each of two questions
constexpr std::size_t words_max = 256;
constexpr std::size_t words_shown = 24;

/// How every ZeroMQ peer begins since version 3: its mechanism, and then, when that is NULL, a READY that says its kind.
constexpr std::string_view zmtp_greeting{
    "\xFF\0\0\0\0\0\0\0\x01\x7F\x03\0NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    64};
constexpr std::string_view kind_property{"\x0BSocket-Type\0\0\0", 15};  // then a length:u8, and the kind
constexpr std::size_t ready_bytes = 32;                                 // of a READY, at least up to the kind
constexpr std::size_t mechanism_at = 12, mechanism_bytes = 20;
constexpr std::string_view http_question = "HEAD / HTTP/1.0\r\n\r\n";

struct Heard {
  int failure = 0;  // errno of the connect
  bool ended = false;
  std::string words;
};

/// Connects, says `question`, and listens. Reads until `enough` bytes came.
Heard ask(const Endpoint& endpoint, std::string_view question, std::size_t enough, int stop_fd) {
  Heard heard;
  const PlainSocket socket = PlainSocket::connect(endpoint, heard.failure);
  if (heard.failure != 0) return heard;
  [[maybe_unused]] const auto sent = send(socket.fd(), question.data(), question.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  const auto deadline = Clock::now() + listen_time;
  while (heard.words.size() < enough) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) break;
    pollfd fds[] = {{socket.fd(), POLLIN, 0}, {stop_fd, POLLIN, 0}};
    if (poll(fds, 2, static_cast<int>(left.count())) < 0 && errno != EINTR) break;
    if (fds[1].revents != 0) break;
    if (fds[0].revents == 0) continue;
    char bytes[words_max];
    const ssize_t got = recv(socket.fd(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    heard.ended = got <= 0;
    if (heard.ended) break;
    heard.words.append(bytes, static_cast<std::size_t>(got));
  }
  return heard;
}

std::string shown(std::string_view words) {
  std::string out;
  for (const char c : words.substr(0, words_shown)) {
    if (c == '\r' || c == '\n') break;
    out += c >= 0x20 && c < 0x7F ? c : '?';
  }
  return out;
}

/// "REP", from what a ZeroMQ peer said; empty when it did not say.
std::string kind_in(std::string_view words) {
  const std::size_t at = words.find(kind_property);
  if (at == std::string_view::npos || words.size() <= at + kind_property.size()) return {};
  const auto size = static_cast<unsigned char>(words[at + kind_property.size()]);
  return shown(words.substr(at + kind_property.size() + 1, size));
}

std::string of_kind(const Endpoint& endpoint, const std::string& kind) {
  return "a ZeroMQ socket of " + (kind.empty() ? "another kind" : "the kind " + kind) + " answers at " + endpoint.address +
         ", not an Ackwire broker";
}

std::string refusal(const Endpoint& endpoint, int failure) {
  const bool ipc = !endpoint.ipc_path.empty();
  const std::string cause = " (" + std::string(std::strerror(failure)) + ")";
  if (failure == ECONNREFUSED && ipc)
    return "nobody listens at " + endpoint.address + " any more, its file was left behind" + cause;
  if (failure == ECONNREFUSED) return "nobody listens at " + endpoint.address + cause;
  if (failure == ENOENT) return "there is no socket at " + endpoint.address + cause;
  if (failure == EAGAIN || failure == ETIMEDOUT)
    return "whoever listens at " + endpoint.address + " takes no more connections" + cause;
  if (failure == EACCES) return "this user may not connect to " + endpoint.address + cause;
  return "the broker at " + endpoint.address + " cannot be reached" + cause;
}

}  // namespace

std::string diagnose(const Endpoint& endpoint, int stop_fd) {
  const Heard first = ask(endpoint, zmtp_greeting, zmtp_greeting.size() + ready_bytes, stop_fd);
  if (first.failure != 0) return refusal(endpoint, first.failure);
  if (first.words.starts_with("HTTP/")) return "an HTTP server answers at " + endpoint.address + ", not an Ackwire broker";
  if (first.words.starts_with(zmtp_greeting.front())) {
    std::string mechanism;
    if (first.words.size() >= mechanism_at + mechanism_bytes) mechanism = first.words.substr(mechanism_at, mechanism_bytes).c_str();
    if (!mechanism.empty() && mechanism != "NULL") {
      return "the ZeroMQ socket at " + endpoint.address + " wants " + shown(mechanism) +
             ", which no Ackwire broker of this version does";
    }
    return of_kind(endpoint, kind_in(first.words));
  }
  if (!first.words.empty())
    return "something else than a broker answers at " + endpoint.address + ": \"" + shown(first.words) + "\"";
  // Some servers only answer a whole question.
  const Heard second = ask(endpoint, http_question, std::string_view("HTTP/").size(), stop_fd);
  if (second.words.starts_with("HTTP/")) return "an HTTP server answers at " + endpoint.address + ", not an Ackwire broker";
  if (first.ended || second.ended) return "whoever listens at " + endpoint.address + " closes each connection at once";
  return endpoint.address + " takes connections but says nothing: its process is stopped, hangs, or is no broker";
}

std::string foreign_kind(const Endpoint& endpoint, int stop_fd) {
  const Heard heard = ask(endpoint, zmtp_greeting, zmtp_greeting.size() + ready_bytes, stop_fd);
  const std::string kind = kind_in(heard.words);
  return kind.empty() || kind == "ROUTER" ? std::string() : of_kind(endpoint, kind);
}

}  // namespace ackwire::transport

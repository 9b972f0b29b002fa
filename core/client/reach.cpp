#include "client/reach.hpp"

#include <ctime>

#include "ackwire/units.hpp"

namespace ackwire::client {
namespace {

constexpr std::chrono::seconds in_seconds_from{2};

std::string clock_time(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  char text[16];
  if (gmtime_r(&seconds, &parts) == nullptr || std::strftime(text, sizeof text, "%H:%M:%S", &parts) == 0) return "an unknown time";
  return std::string(text) + " UTC";
}

}  // namespace

std::string rough(std::chrono::milliseconds time) {
  if (time >= in_seconds_from) time = std::chrono::floor<std::chrono::seconds>(time);
  return format_duration(time);
}

void Reach::welcomed() {
  reason_.clear();
  certain_ = false;
  since_ = greeting_ = {};
}

bool Reach::lost(std::string_view reason, Steady::time_point now, bool certain) {
  greeting_ = {};
  if (since_ == Steady::time_point{}) {
    since_ = now;
    since_wall_ = std::chrono::system_clock::now();
  }
  if (certain_ && !certain) {
    certain_ = false;
    return false;
  }
  certain_ = certain;
  if (reason_ == reason) return false;
  reason_ = reason;
  return true;
}

std::string Reach::describe(Steady::time_point now) const {
  if (endpoint_.empty()) return {};
  const auto ago = [now](Steady::time_point then) {
    return rough(std::chrono::duration_cast<std::chrono::milliseconds>(now - then));
  };
  if (greeting_ != Steady::time_point{}) {
    return "Something that speaks ZeroMQ answers at " + endpoint_ + " but has not welcomed this client for " + ago(greeting_) +
           ": it is no Ackwire broker, or one that is stopped or very busy.";
  }
  if (since_ == Steady::time_point{}) return {};
  std::string text = reason_.empty() ? "the broker cannot be reached" : reason_;
  if (text.front() >= 'a' && text.front() <= 'z') text.front() = static_cast<char>(text.front() - 'a' + 'A');
  if (text.back() == '.') text.pop_back();
  if (text.find(endpoint_) == std::string::npos) text += " [endpoint " + endpoint_ + "]";
  return text + ". There is no connection since " + clock_time(since_wall_) + ", " + ago(since_) + " ago.";
}

}  // namespace ackwire::client

#include "engine/acts/numbers.hpp"

#include <algorithm>
#include <string>

#include "engine/state.hpp"
#include "format/confirm.hpp"
#include "rules/quote.hpp"

namespace ackwire::engine {
namespace {

std::string from_to(std::uint64_t first, std::uint64_t end) {
  if (end - first == 1) return "number " + std::to_string(first);
  return "numbers " + std::to_string(first) + " to " + std::to_string(end - 1);
}

/// An answered frame that shares a number with [first, end); none when there is none.
std::optional<Error> overlapping(const Producer& producer, std::uint64_t first, std::uint64_t end) {
  auto at = producer.answers.lower_bound(first);
  if (at == producer.answers.end() || at->first >= end) {
    if (at == producer.answers.begin()) return std::nullopt;
    --at;
  }
  const std::uint64_t known_end = at->first + std::max<std::size_t>(format::count_batches(at->second), 1);
  if (at->first >= end || known_end <= first) return std::nullopt;
  return Error{Errc::invalid_argument,
               "This frame has the " + from_to(first, end) + ", and a frame with the " + from_to(at->first, known_end) +
                   " was answered already. Nothing was stored twice, and no number was used up. Repeat a "
                   "frame with the batches it had; publish other messages under numbers that are not used."};
}

}  // namespace

std::optional<Error> refused_number(const Producer& producer, const model::Publish& publish) {
  const std::uint64_t first = publish.producer_sequence;
  if (auto shared = overlapping(producer, first, first + publish.batches.size())) return shared;
  if (first < producer.floor) {
    return Error{Errc::invalid_argument,
                 "Number " + std::to_string(first) + " is over: this producer released all below " +
                     std::to_string(producer.floor) +
                     " with first_unconfirmed. Nothing was stored by this frame; what was stored under it before is safe. Publish "
                     "new messages under a new number."};
  }
  if (producer.answers.size() >= answers_per_producer) {
    return Error{Errc::overloaded,
                 "The broker keeps " + std::to_string(producer.answers.size()) + " answers for this producer and queue " +
                     rules::quote(publish.queue) + ", which is the most, and first_unconfirmed (" +
                     std::to_string(publish.first_unconfirmed) +
                     ") releases none of them. Nothing of this frame was stored, and its number stays free. Read the confirms that "
                     "have come, and send it again with a higher first_unconfirmed."};
  }
  return std::nullopt;
}

}  // namespace ackwire::engine

// The numbers of a producer's frames: which of them may still be stored.
#pragma once

#include <cstddef>
#include <optional>

#include "ackwire/error.hpp"
#include "model/command.hpp"

namespace ackwire::engine {

struct Producer;

/// Answers that a producer may leave unreleased (first_unconfirmed), per queue.
inline constexpr std::size_t answers_per_producer = 256;

/// Why this frame may not be stored, although no answer to just this frame is remembered: its numbers belong to a frame of other
/// batches, were released, or there are too many answers already. The refusal uses no number up. Requires numbers from 1 on.
std::optional<Error> refused_number(const Producer& producer, const model::Publish& publish);

}  // namespace ackwire::engine

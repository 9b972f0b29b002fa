#include "client/gate.hpp"

namespace ackwire::client {
namespace {

thread_local int callback_depth = 0;

}  // namespace

bool inside_callback() noexcept { return callback_depth > 0; }

CallbackScope::CallbackScope() noexcept { ++callback_depth; }
CallbackScope::~CallbackScope() { --callback_depth; }

}  // namespace ackwire::client

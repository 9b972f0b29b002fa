// One request to a backend, whose reply must be of one kind.
#pragma once

#include <utility>
#include <variant>

#include "backend/backend.hpp"

namespace ackwire::backend {

inline Error wrong_reply() {
  return {Errc::internal,
          "The broker's reply is of another kind than the request. Use the same library version on both sides; what was asked may "
          "have been carried out."};
}

template <class T>
Result<T> ask(Backend& of, const model::Request& what, const Wait& wait) {
  Result<model::Reply> reply = of.request(what, wait);
  if (!reply) return std::move(reply).error();
  T* value = std::get_if<T>(&*reply);
  if (value == nullptr) return wrong_reply();
  return std::move(*value);
}

template <class T>
Result<T> ask(Backend& of, const model::Request& what) {
  return ask<T>(of, what, Wait{of.call_timeout()});
}

}  // namespace ackwire::backend

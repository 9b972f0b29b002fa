// Verbs by name, for whoever has only text.
#include "ackwire/connection.hpp"
#include "backend/backend.hpp"
#include "wire/json.hpp"

namespace ackwire {

Result<std::string> Connection::request(std::string_view verb, std::string_view members) {
  Result<model::Request> what = wire::request_of(verb, members);
  if (!what) return std::move(what).error();
  Result<model::Reply> reply = backend_->request(*what, Wait{backend_->call_timeout()});
  if (!reply) return std::move(reply).error();
  if (Error* refused = std::get_if<Error>(&*reply)) return std::move(*refused);
  return wire::to_json(*reply);
}

std::vector<std::string_view> Connection::verbs() {
  std::vector<std::string_view> names;
  model::each_verb([&names](const model::Verb& verb, auto) { names.push_back(verb.name); });
  return names;
}

}  // namespace ackwire

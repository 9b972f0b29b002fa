// What a verb of the administration says about itself. One struct each, in the file of its noun: its members with their fields, the
// type of its reply, and a Verb. From it follow the JSON of request and reply, who answers it, whether it is sent again after a
// lost connection, and the tables that say so.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "ackwire/error.hpp"
#include "ackwire/field.hpp"
#include "ackwire/queue.hpp"
#include "ackwire/stats.hpp"

namespace ackwire::model {

enum class Access : std::uint8_t {
  changes,
  reads,
  reads_much,  ///< pages, lists and figures: answered in turn, a bounded part at a time
};

/// Whether the library may send the same request again when the connection was lost before its reply came.
enum class Repeat : std::uint8_t { never, safe };

/// What somebody must be allowed to do.
enum class Permission : std::uint8_t { observe, peek, redrive, purge, administer };

struct Verb {
  std::string_view name;  ///< permanent: it is on the wire
  std::string_view meaning;
  Permission permission = Permission::administer;
  Access access = Access::changes;
  Repeat repeat = Repeat::never;
};

/// The reply of a verb that has nothing to tell.
struct Done {
  static constexpr auto fields = Fields<>{};
};

/// How a reply is called on the wire, and the member that holds it; without one its own fields are the members.
struct ReplyForm {
  std::string_view name;
  const char* member = nullptr;
};
template <class Reply>
inline constexpr ReplyForm reply_form{};
template <>
inline constexpr ReplyForm reply_form<Done>{"done"};

/// The verbs of one noun.
template <class... V>
struct Verbs {};

namespace detail {

template <class... Lists>
struct Join;
template <class... V>
struct Join<Verbs<V...>> {
  using type = Verbs<V...>;
};
template <class... A, class... B, class... More>
struct Join<Verbs<A...>, Verbs<B...>, More...> : Join<Verbs<A..., B...>, More...> {};

template <class Variant, class... More>
struct Unique {
  using type = Variant;
};
template <class... Known, class Next, class... More>
struct Unique<std::variant<Known...>, Next, More...>
    : Unique<std::conditional_t<(std::is_same_v<Known, Next> || ...), std::variant<Known...>, std::variant<Known..., Next>>,
             More...> {};

template <class List>
struct Kinds;
template <class... V>
struct Kinds<Verbs<V...>> {
  using Request = std::variant<V...>;
  using Reply = typename Unique<std::variant<Error>, typename V::Reply...>::type;
};

}  // namespace detail
}  // namespace ackwire::model

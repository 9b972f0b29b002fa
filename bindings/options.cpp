#include "options.hpp"

#include <string>
#include <type_traits>
#include <utility>

namespace ackwire::python {
namespace {

/// Takes members out of a dictionary one by one; what is left at the end was not known.
class Reader {
 public:
  explicit Reader(const py::dict& values) : left_(py::reinterpret_steal<py::dict>(PyDict_Copy(values.ptr()))) {}

  template <class T>
  void read(const std::string& name, T& member) {
    if (!left_.contains(name)) return;
    const py::object value = left_.attr("pop")(name);
    if (value.is_none()) return;
    using V = typename detail::Inside<T>::type;
    try {
      if constexpr (std::is_same_v<V, Duration>) {
        member = Duration{value.cast<std::int64_t>()};
      } else if constexpr (std::is_enum_v<V>) {
        member = choice<V>(name, value.cast<std::string>());
      } else {
        member = value.cast<V>();
      }
    } catch (const py::cast_error&) {
      // The Python side has checked the kind of value, so what does not fit here is a number out of its type's range.
      throw py::value_error(name + " does not take the value " + py::repr(value).cast<std::string>());
    }
  }

  void end() const {
    for (const auto& [name, value] : left_) throw py::type_error("unknown option '" + py::str(name).cast<std::string>() + "'");
  }

 private:
  template <class E>
  static E choice(const std::string& name, const std::string& word) {
    if (const auto known = value_of<E>(word)) return *known;
    throw py::value_error(name + " must be one of " + all_words<E>() + ", not '" + word + "'");
  }

  py::dict left_;
};

template <class T>
T read_all(const py::dict& values) {
  T made;
  Reader reader(values);
  each_field<T>([&](const auto& field) { reader.read(std::string(field.name), field.of(made)); });
  reader.end();
  return made;
}

}  // namespace

BrokerOptions broker_options(const py::dict& options) { return read_all<BrokerOptions>(options); }
ClientOptions client_options(const py::dict& options) { return read_all<ClientOptions>(options); }
QueueChange queue_change(const py::dict& settings) { return read_all<QueueChange>(settings); }

}  // namespace ackwire::python

#include "output/message_format.hpp"

#include <fmt/format.h>

#include "output/describe.hpp"
#include "output/text.hpp"
#include "settings/units.hpp"

namespace ackwire::cli {
namespace {

constexpr std::string_view directives = "ikoadthsb";

Error unknown(char first, std::string_view rest) {
  return Error{
      Errc::invalid_argument,
      fmt::format("format: \"{}{}\" is not known; there are %i %k %o %a %d %t %h %s %b %% \\n \\t \\\\", first, rest.substr(0, 1))};
}

}  // namespace

Result<MessageFormat> MessageFormat::parse(std::string_view text) {
  MessageFormat format;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) format.pieces_.push_back({0, std::exchange(literal, {})});
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '%' && c != '\\') {
      literal += c;
      continue;
    }
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == c)
      literal += c;
    else if (c == '\\' && next == 'n')
      literal += '\n';
    else if (c == '\\' && next == 't')
      literal += '\t';
    else if (c == '%' && next != '\0' && directives.find(next) != std::string_view::npos) {
      end_literal();
      format.pieces_.push_back({next, {}});
    } else {
      return unknown(c, text.substr(i + 1));
    }
    ++i;
  }
  end_literal();
  return format;
}

std::string MessageFormat::apply(const Delivery& delivery, bool escape) const {
  const auto shown = [escape](std::string_view bytes) { return escape ? printable(bytes) : std::string(bytes); };
  std::string out;
  for (const Piece& piece : pieces_) {
    switch (piece.directive) {
      case 0: out += piece.literal; break;
      case 'i': out += fmt::format("{}", delivery.sequence()); break;
      case 'k': out += shown(delivery.idempotency_key()); break;
      case 'o': out += shown(delivery.ordering_key()); break;
      case 'a': out += fmt::format("{}", delivery.attempts()); break;
      case 'd': out += fmt::format("{}", delivery.deliveries()); break;
      case 't': out += format_time(delivery.publish_time()); break;
      case 'h': out += dump(describe(delivery)["headers"]); break;
      case 's': out += fmt::format("{}", delivery.body().size()); break;
      default: out += shown(delivery.body()); break;
    }
  }
  return out;
}

}  // namespace ackwire::cli

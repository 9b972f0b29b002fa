// What `ackwire sub --format` prints for a message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ackwire/error.hpp"
#include "ackwire/message.hpp"

namespace ackwire::cli {

/// A parsed format: %i sequence, %k idempotency key, %o ordering key, %a attempts, %d deliveries, %t publish time,
/// %h headers as JSON, %s body length, %b body, %% a percent sign; \n \t \\ as usual.
class MessageFormat {
 public:
  /// Errors: invalid_argument naming what is not known.
  static Result<MessageFormat> parse(std::string_view text);

  /// `escape`: keys and bodies are made printable.
  std::string apply(const Delivery& delivery, bool escape) const;

 private:
  struct Piece {
    char directive = 0;  ///< 0: `literal` as it is
    std::string literal;
  };
  std::vector<Piece> pieces_;
};

}  // namespace ackwire::cli

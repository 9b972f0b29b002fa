#include "ackwire/message.hpp"
#include "format/record.hpp"

namespace ackwire {

std::vector<Header> Delivery::headers() const { return format::decode_headers(header_bytes_, header_count_); }

}  // namespace ackwire

#include <sodium/crypto_shorthash.h>
#include <xxhash.h>

#include <cstring>

#include "engine/dedupe.hpp"

namespace ackwire::engine {

KeyHash hash_key(std::string_view secret, std::string_view key) {
  static_assert(crypto_shorthash_siphashx24_BYTES == sizeof(KeyHash));
  unsigned char k[crypto_shorthash_siphashx24_KEYBYTES] = {};
  std::memcpy(k, secret.data(), std::min(secret.size(), sizeof k));
  KeyHash hash;
  crypto_shorthash_siphashx24(reinterpret_cast<unsigned char*>(&hash), reinterpret_cast<const unsigned char*>(key.data()),
                              key.size(), k);
  return hash;
}

std::uint64_t hash_body(std::string_view body) { return XXH3_64bits(body.data(), body.size()); }

}  // namespace ackwire::engine

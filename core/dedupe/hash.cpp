#include <sodium/crypto_shorthash.h>
#include <xxhash.h>

#include <cstring>

#include "dedupe/dedupe.hpp"

namespace ackwire::dedupe {
namespace {

constexpr unsigned body_bits = 48;
constexpr std::uint64_t body_mask = (1ull << body_bits) - 1;

}  // namespace

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

std::uint64_t fingerprint(const format::Record& record) {
  // A retry has its delay and ttl counted from another time, so only whether there is one can be compared.
  XXH64_hash_t extras = XXH3_64bits_withSeed(record.ordering_key.data(), record.ordering_key.size(), record.attributes);
  extras = XXH3_64bits_withSeed(record.headers.data(), record.headers.size(), extras);
  return (hash_body(record.body) & body_mask) | extras << body_bits;
}

Likeness compare(std::uint64_t known, std::uint64_t fingerprint, std::uint64_t body_only) {
  if (((known ^ fingerprint) & body_mask) != 0) return Likeness::other_body;
  return known == fingerprint || known == body_only ? Likeness::same : Likeness::other_extras;
}

}  // namespace ackwire::dedupe

/* HMAC-MD5 (RFC 1321, RFC 2104), for the C programs of the registration benchmark. */
#ifndef HMAC_H
#define HMAC_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAC_OCTETS = 16, BLOCK = 64 };

/* A key with both of its blocks absorbed: what a program does once, not for each message. */
struct hmac_key {
  uint32_t inner[4], outer[4];
};

static const uint32_t md5_sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static inline void md5_block(uint32_t state[4], const uint8_t *octets) {
  static const uint8_t shifts[4][4] = {
      {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  uint32_t words[16], a = state[0], b = state[1], c = state[2], d = state[3];
  memcpy(words, octets, sizeof words);
#pragma GCC unroll 64
  for (int i = 0; i < 64; i++) {
    uint32_t f;
    int word;
    if (i < 16) f = (b & c) | (~b & d), word = i;
    else if (i < 32) f = (d & b) | (~d & c), word = (5 * i + 1) & 15;
    else if (i < 48) f = b ^ c ^ d, word = (3 * i + 5) & 15;
    else f = c ^ (b | ~d), word = (7 * i) & 15;
    uint32_t sum = a + f + md5_sines[i] + words[word];
    int shift = shifts[i >> 4][i & 3];
    a = d, d = c, c = b;
    b += sum << shift | sum >> (32 - shift);
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
}

/* The end of a message of which `before` octets have been absorbed. Little-endian machines only. */
static inline void md5_finish(uint32_t state[4], size_t before, const uint8_t *octets,
                              size_t length) {
  uint8_t last[2 * BLOCK] = {0};
  uint64_t bits = (before + length) * 8;
  for (; length >= BLOCK; octets += BLOCK, length -= BLOCK) md5_block(state, octets);
  size_t end = length < BLOCK - 8 ? BLOCK : 2 * BLOCK;
  memcpy(last, octets, length);
  last[length] = 0x80;
  memcpy(last + end - 8, &bits, 8);
  for (size_t at = 0; at < end; at += BLOCK) md5_block(state, last + at);
}

static inline void md5_pad(uint32_t state[4], const uint8_t *key, size_t length, uint8_t with) {
  uint8_t pad[BLOCK] = {0};
  memcpy(state, (uint32_t[]){0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}, 16);
  memcpy(pad, key, length);
  for (int i = 0; i < BLOCK; i++) pad[i] ^= with;
  md5_block(state, pad);
}

static inline struct hmac_key hmac_key(const uint8_t *key, size_t length) {
  struct hmac_key absorbed;
  md5_pad(absorbed.inner, key, length, 0x36);
  md5_pad(absorbed.outer, key, length, 0x5c);
  return absorbed;
}

/* A key of 16 octets, in hex. */
static inline struct hmac_key read_key(const char *hex) {
  uint8_t key[MAC_OCTETS];
  for (int i = 0; i < MAC_OCTETS; i++) {
    if (sscanf(hex + 2 * i, "%2hhx", &key[i]) != 1) {
      fputs("no key\n", stderr);
      exit(1);
    }
  }
  return hmac_key(key, sizeof key);
}

static inline void hmac(const struct hmac_key *key, const uint8_t *octets, size_t length,
                        uint8_t *mac) {
  uint32_t inner[4], outer[4];
  memcpy(inner, key->inner, sizeof inner);
  memcpy(outer, key->outer, sizeof outer);
  md5_finish(inner, BLOCK, octets, length);
  md5_finish(outer, BLOCK, (uint8_t *)inner, MAC_OCTETS);
  memcpy(mac, outer, MAC_OCTETS);
}

/* Extensions 32, 33 and 34 (RFC 5944 §3.5): type, length, SPI, authenticator. */
enum { AUTH = 2 + 4 + MAC_OCTETS };

static inline size_t append_auth(uint8_t *message, size_t length, uint8_t type, uint32_t spi,
                                 const struct hmac_key *key) {
  const uint8_t head[] = {type, AUTH - 2, spi >> 24, spi >> 16, spi >> 8, spi};
  memcpy(message + length, head, sizeof head);
  hmac(key, message, length + sizeof head, message + length + sizeof head);
  return length + AUTH;
}

/* Does a message end with this extension, and does it hold? */
static inline int check_auth(const uint8_t *message, size_t length, uint8_t type,
                             const struct hmac_key *key) {
  uint8_t mac[MAC_OCTETS];
  if (length < 20 + AUTH || message[length - AUTH] != type) return 0;
  hmac(key, message, length - MAC_OCTETS, mac);
  return memcmp(mac, message + length - MAC_OCTETS, MAC_OCTETS) == 0;
}
#endif

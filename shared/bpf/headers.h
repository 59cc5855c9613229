// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Headers on the wire: RFC 791, 768, 793, 2784, 2890, 3519 §4.2. */
#ifndef MIP4_BPF_HEADERS_H
#define MIP4_BPF_HEADERS_H

#include "kernel.h"

enum { IPIP = 4, TCP = 6, UDP = 17, GRE_PROTOCOL = 47 };
enum { ETHERTYPE_IPV4 = 0x0800, ETHERNET_HEADER = 14 };
enum { DONT_FRAGMENT = 0x4000, MORE_FRAGMENTS = 0x2000, FRAGMENT_OFFSET = 0x1fff };
enum { TCP_SYN = 2, GRE_KEY = 0x2000, TUNNEL_PORT = 434, TUNNEL_DATA = 4 };
enum { ECT_1 = 1, CONGESTION_EXPERIENCED = 3 };
/* RFC 2003 §3.1: enough to reach the tunnel exit. */
enum { OUTER_TTL = 64 };

struct ip {
  u8 version_length, tos;
  u16 total_length, identification, fragment;
  u8 ttl, protocol;
  u16 checksum;
  u32 source, destination;
};
struct tcp { u32 ports, sequence, acknowledgement; u8 offset, flags; u16 window; };
struct udp { u16 source, destination, length, checksum; };
struct tunnel_data { struct udp udp; u8 type, next; u16 reserved; };
struct gre { u16 flags, protocol; u32 key; };

/* All that can be before an inner packet. */
struct outer {
  struct ip ip;
  union {
    struct tunnel_data udp;
    struct gre gre;
    struct { struct tunnel_data udp; struct gre gre; } keyed_udp;
  };
};

/* Octets from the outer header to the end of an inner TCP header without options, at most. */
enum { HEADERS = sizeof(struct outer) + sizeof(struct ip) + sizeof(struct tcp) };

/* Of a header without options; 0 where it has its checksum and that holds. */
INLINE u16 header_checksum(const struct ip *ip) {
  const u16 *word = (const void *)ip;
  u32 sum = 0;
#pragma unroll
  for (int i = 0; i < 10; i++) sum += word[i];
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (u16)~sum;
}

/* RFC 1624: one word of the header is another now, as octets in network order. */
INLINE void change_word(struct ip *ip, u16 before, u16 now) {
  u32 sum = (u32)(u16)~ip->checksum + (u16)~before + now;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  ip->checksum = (u16)~sum;
}

/*
 * `at` follows the link's header. An IP header changes no sum over the packet (its own sum is 0), so it takes no
 * helper's call; what follows it does, and its length is one of six, which the verifier wants to see.
 */
INLINE long write_outer(struct context *skb, u32 at, const struct outer *outer, u32 length) {
  struct ip *to = (void *)(long)skb->data + at;
  if ((const void *)(to + 1) > (const void *)(long)skb->data_end) return -1;
  *to = outer->ip;
  const void *shims = &outer->udp;
  at += sizeof *to;
  switch (length) {
    case 20: return 0;
    case 24: return store_bytes(skb, at, shims, 4, RECOMPUTE);
    case 28: return store_bytes(skb, at, shims, 8, RECOMPUTE);
    case 32: return store_bytes(skb, at, shims, 12, RECOMPUTE);
    case 36: return store_bytes(skb, at, shims, 16, RECOMPUTE);
    default: return store_bytes(skb, at, shims, 20, RECOMPUTE);
  }
}

#endif

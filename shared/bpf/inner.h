// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* The inner packet: what is told apart in it, and what is put before it. */
#ifndef MIP4_BPF_INNER_H
#define MIP4_BPF_INNER_H

#include "headers.h"
#include "maps.h"

/* `headers`: how long those are that each segment of a superpacket repeats. */
struct inner { u32 headers, is_refused; };

/*
 * Looks at the transport header of a whole packet: a SYN is the daemon's, which lowers its MSS; the
 * headers of a superpacket, which nothing else tells, are of TCP or UDP.
 */
INLINE struct inner look_into(struct context *skb, const struct ip *ip, const void *end) {
  u32 length = (u32)(ip->version_length & 15) * 4;
  struct inner inner = { length, 0 };
  const struct tcp *tcp = (const void *)ip + length;
  if (ip->protocol == TCP && (ip->fragment & NET16(FRAGMENT_OFFSET)) == 0) {
    if ((const void *)(tcp + 1) > end) inner.is_refused = 1;
    else if ((tcp->flags & TCP_SYN) != 0 && setting(CLAMPS_MSS)) inner.is_refused = 1;
    else inner.headers += (u32)(tcp->offset >> 4) * 4;
  } else if (ip->protocol == UDP) {
    inner.headers += sizeof(struct udp);
  } else if (skb->gso_size != 0) {
    inner.is_refused = 1;
  }
  return inner;
}

INLINE u32 packets_of(struct context *skb) {
  return skb->gso_segs > 1 ? skb->gso_segs : 1;
}

/* The octets of the inner packets that a superpacket stands for. */
INLINE u32 octets_of(u32 total, u32 packets, struct inner inner) {
  return total + (packets - 1) * inner.headers;
}

/* Of its segments if it is a superpacket. */
INLINE u32 largest_of(struct context *skb, u32 total, struct inner inner) {
  return skb->gso_size != 0 ? inner.headers + skb->gso_size : total;
}

/* Writes GRE header and, around it, those of a UDP tunnel (RFC 2890 §2, RFC 3519 §4.2). */
INLINE u32 write_shims(struct outer *outer, const struct tunnel *tunnel, u32 inner_total) {
  u8 next = IPIP;
  u32 length = 0;
  u32 gre = tunnel->form != GRE ? 0 : (tunnel->flags & KEY_OUT) != 0 ? 8 : 4;
  if (tunnel->port != 0) {
    outer->udp.udp.source = NET16(TUNNEL_PORT);
    outer->udp.udp.destination = tunnel->port;
    outer->udp.udp.length = NET16(sizeof(struct tunnel_data) + gre + inner_total);
    outer->udp.udp.checksum = 0;
    outer->udp.type = TUNNEL_DATA;
    outer->udp.next = gre == 0 ? IPIP : GRE_PROTOCOL;
    outer->udp.reserved = 0;
    outer->keyed_udp.gre.flags = gre == 8 ? NET16(GRE_KEY) : 0;
    outer->keyed_udp.gre.protocol = NET16(ETHERTYPE_IPV4);
    outer->keyed_udp.gre.key = tunnel->key_out;
    next = UDP;
    length = sizeof(struct tunnel_data);
  } else if (gre != 0) {
    outer->gre.flags = gre == 8 ? NET16(GRE_KEY) : 0;
    outer->gre.protocol = NET16(ETHERTYPE_IPV4);
    outer->gre.key = tunnel->key_out;
    next = GRE_PROTOCOL;
  }
  outer->ip.protocol = next;
  return sizeof(struct ip) + length + gre;
}

/* A packet that goes into a tunnel, in octets; `room` is what comes before it. */
struct parcel { struct inner inner; u32 total, largest, packets, room; };

/* Looks at the packet, and makes its outer headers. 0: it is the daemon's. */
INLINE u32 pack(struct context *skb, const struct ip *ip, const void *end,
                const struct tunnel *tunnel, struct outer *outer, struct parcel *parcel) {
  /* RFC 2003 §3.2 in short; the daemon knows the exceptions. */
  if (ip->source == tunnel->remote || ip->source == tunnel->local) return 0;
  parcel->inner = look_into(skb, ip, end);
  if (parcel->inner.is_refused) return 0;
  u32 total = NET16(ip->total_length), room = write_shims(outer, tunnel, total);
  parcel->total = total;
  parcel->room = room;
  parcel->packets = packets_of(skb);
  parcel->largest = largest_of(skb, total, parcel->inner);
  if (parcel->largest > tunnel->mtu || total + room > 0xffff || total > skb->len) return 0;

  u32 has_df = (tunnel->flags & DF_SET) != 0 ||
               ((tunnel->flags & DF_CLEAR) == 0 && (ip->fragment & NET16(DONT_FRAGMENT)) != 0);
  outer->ip.version_length = 0x45;
  outer->ip.tos = ip->tos;
  outer->ip.total_length = NET16(total + room);
  /* RFC 6864 §4.1: it means nothing where there can be no fragments. */
  outer->ip.identification = has_df ? 0 : (u16)random_number();
  outer->ip.fragment = has_df ? NET16(DONT_FRAGMENT) : 0;
  outer->ip.ttl = OUTER_TTL;
  outer->ip.checksum = 0;
  outer->ip.source = tunnel->local;
  outer->ip.destination = tunnel->remote;
  outer->ip.checksum = header_checksum(&outer->ip);
  return 1;
}

/* Makes room for the outer headers, behind the link's own. */
INLINE long widen(struct context *skb, const struct outer *outer, u32 room) {
  u8 protocol = outer->ip.protocol;
  u64 kind = protocol == UDP ? ENCAP_L4_UDP : protocol == GRE_PROTOCOL ? ENCAP_L4_GRE : 0;
  return adjust_room(skb, (int)room, AT_MAC, ENCAP_L3_IPV4 | kind | FIXED_GSO);
}

/* Where the kernel would send the outer packet; the answer of bpf_fib_lookup. */
INLINE long find_exit(struct context *skb, struct fib *fib, const struct outer *outer, u32 from, u32 length) {
  fib->family = FAMILY_INET;
  fib->protocol = outer->ip.protocol;
  fib->total_length = (u16)length;
  fib->ifindex = from;
  fib->source[0] = outer->ip.source;
  fib->destination[0] = outer->ip.destination;
  return fib_lookup(skb, fib, sizeof *fib, 0);
}

INLINE void count_out(const u32 *tunnel, const struct parcel *parcel) {
  struct traffic *count = map_lookup(&traffic, tunnel);
  if (count == 0) return;
  count->packets_out += parcel->packets;
  count->bytes_out += octets_of(parcel->total, parcel->packets, parcel->inner);
}

/*
 * RFC 6040 §4.2: carries a mark of the outer header inwards. 0: it cannot be, and the daemon drops
 * it. 1: nothing changes; 2: the inner header does.
 */
INLINE u32 carry_congestion(struct ip *inner, u8 outer_tos) {
  u8 mark = outer_tos & 3, own = inner->tos & 3;
  if (mark != CONGESTION_EXPERIENCED && mark != ECT_1) return 1;
  if (own == 0) return mark != CONGESTION_EXPERIENCED;
  if (own == CONGESTION_EXPERIENCED || own == mark) return 1;
  u8 tos = (inner->tos & ~3) | mark;
  change_word(inner, NET16((u16)(inner->version_length << 8 | inner->tos)),
              NET16((u16)(inner->version_length << 8 | tos)));
  inner->tos = tos;
  return 2;
}

#endif

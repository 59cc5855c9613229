// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Fast mode: from link to link without the kernel's own forwarding. The kernel is asked where a packet
 * would go (bpf_fib_lookup), and does all that is unusual itself: whoever says no here leaves the packet
 * to it.
 */
#ifndef MIP4_BPF_FAST_H
#define MIP4_BPF_FAST_H

#include "inner.h"
#include "ways.h"

/* A frame without its checksum: up to here it may be padded, so behind its packet there may be octets. */
enum { SHORTEST_FRAME = 60 };

/* What the kernel drops as a martian, whatever its routes are: 0/8, 127/8, groups and all beyond. */
INLINE u32 is_odd(u32 address) {
  u32 first = NET32(address) >> 24;
  return first == 0 || first == 127 || first >= 224;
}

/* Does the kernel forward what has this header without a word? `length`: the frame's up to it. */
INLINE u32 is_plain(struct context *skb, const struct ip *ip, u32 length) {
  u32 total = NET16(ip->total_length);
  if (ip->version_length != 0x45 || ip->ttl <= 1 || total < sizeof *ip) return 0;
  if (skb->len != length + total && (skb->len > SHORTEST_FRAME || skb->len < length + total)) return 0;
  return !is_odd(ip->source) && !is_odd(ip->destination) && header_checksum(ip) == 0;
}

/* RFC 1812 §5.3.1. */
INLINE void take_hop(struct ip *ip) {
  u16 before = NET16((u16)(ip->ttl << 8 | ip->protocol));
  ip->ttl--;
  change_word(ip, before, NET16((u16)(ip->ttl << 8 | ip->protocol)));
}

/* The queueing priority that forwarding takes from the TOS (ip_tos2prio). */
INLINE u32 priority_of(u8 tos) {
  u32 is_bulk = tos & 8;
  return (tos & 0x10) != 0 ? (is_bulk ? 4 : 6) : is_bulk ? 2 : 0;
}

/* Would a packet from there to there have a way on, and by which link? 0: none, or it is ours. */
INLINE u32 link_for(struct context *skb, const struct way *about, u32 from, u32 source, u32 destination,
                    u32 length) {
  struct fib fib = { .family = FAMILY_INET, .total_length = (u16)length, .ifindex = from, .tos = about->tos };
  fib.source[0] = source;
  fib.destination[0] = destination;
  long found = fib_lookup(skb, &fib, sizeof fib, 0);
  return found == FIB_SUCCESS || found == FIB_NO_NEIGHBOR ? fib.ifindex : 0;
}

/*
 * The way of a packet that came by a link, into the tunnel. What the kernel would have had to say: does
 * it forward from that link, would the packet go to the anchor, does it fit there; does its source have a
 * route back by the link, so that no reverse path filter could mind. A visitor is known by its link-layer
 * address, which is more; of its packets those for this machine are none for the tunnel.
 */
INLINE u32 find_way_in(struct context *skb, struct way *way, const struct settings *now,
                       const struct outer *outer, u32 length) {
  u32 anchor = now->anchor;
  if ((now->flags & INTERCEPTS) != 0) {
    if (link_for(skb, way, way->from, way->source, way->destination, way->largest) != anchor) return 0;
    if (link_for(skb, way, anchor, way->destination, way->source, 1) != way->from) return 0;
  } else if (!link_for(skb, way, way->from, way->source, way->destination, 1)) {
    return 0;
  }
  struct fib fib = {};
  long found = find_exit(skb, &fib, outer, anchor, length);
  if (found != FIB_SUCCESS && found != FIB_NO_NEIGHBOR) return 0;
  if (!note_exit(way, &fib)) return 0;
  if (found == FIB_SUCCESS || way->is_bare) return 1;
  way->tick = 0; /* It is the neighbour table's, until that knows the neighbour. */
  return 1;
}

/* Whose tunnel a packet goes into that comes by a link. */
INLINE u32 *tunnel_from(struct context *skb, u32 link, const struct ip *ip, const struct settings *now) {
  if ((now->flags & INTERCEPTS) != 0) {
    struct out_key key = { ip->destination, now->anchor * 2 };
    return map_lookup(&outgoing, &key);
  }
  if (link != ETHERNET_HEADER || (now->flags & HAS_VISITORS) == 0) return 0;
  struct visitor visitor = { .address = ip->source, .link = skb->ifindex };
  __builtin_memcpy(visitor.mac, (void *)(long)skb->data + 6, 6);
  return map_lookup(&visitors, &visitor);
}

INLINE int enter(struct context *skb, u32 link) {
  const struct settings *now = settings_now();
  const void *end = (void *)(long)skb->data_end;
  const struct ip *ip = (void *)(long)skb->data + link;
  if (now == 0 || (const void *)(ip + 1) > end) return ACT_NEXT;
  u32 *number = tunnel_from(skb, link, ip, now);
  if (number == 0) return ACT_NEXT;
  struct tunnel *tunnel = map_lookup(&tunnels, number);
  if (tunnel == 0 || !is_plain(skb, ip, link)) return ACT_NEXT;

  struct outer outer = {};
  struct parcel parcel;
  if (!pack(skb, ip, end, tunnel, &outer, &parcel) || parcel.largest > now->mtu) return ACT_NEXT;
  struct way way = { .tick = jiffies(), .source = ip->source, .destination = ip->destination,
                     .from = skb->ifindex, .tunnel = *number, .largest = (u16)parcel.largest,
                     .tos = ip->tos };
  struct way *known = way_of(way.source, way.destination);
  if (known == 0) return ACT_NEXT;
  u32 is_known = is_alike(known, &way);
  struct ip inner = *ip;
  if (is_known) way = *known;
  else if (!find_way_in(skb, &way, now, &outer, parcel.largest + parcel.room)) return ACT_NEXT;
  else *known = way;

  take_hop(&inner);
  skb->priority = priority_of(inner.tos);
  if (widen(skb, &outer, parcel.room)) return ACT_NEXT;
  if (write_outer(skb, link, &outer, parcel.room)) return ACT_SHOT;
  if (store_bytes(skb, link + parcel.room + 8, &inner.ttl, 4, 0)) return ACT_SHOT;
  count_out(number, &parcel);
  return leave(skb, link, &way, is_known);
}

/*
 * The way of a packet that came out of a tunnel. 0: it goes on by the anchor. A source that the tunnel
 * does not vouch for must have a route, as the anchor's loose filter wants it, and not be our own.
 */
INLINE u32 find_way_out(struct context *skb, struct way *way, u32 is_bound) {
  struct fib fib = { .family = FAMILY_INET, .total_length = way->largest, .ifindex = way->from, .tos = way->tos };
  fib.source[0] = way->source;
  fib.destination[0] = way->destination;
  long found = fib_lookup(skb, &fib, sizeof fib, 0);
  if (found != FIB_SUCCESS && found != FIB_NO_NEIGHBOR) return 0;
  if (!note_exit(way, &fib)) return 0;
  if (found == FIB_NO_NEIGHBOR && !way->is_bare) return 0;
  return is_bound || link_for(skb, way, way->from, way->destination, way->source, 1) != 0;
}

#endif

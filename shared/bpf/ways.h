// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Where packets go on. The kernel is asked (bpf_fib_lookup) once in a tick of its clock (1 to 10 ms), for
 * packets that are alike.
 */
#ifndef MIP4_BPF_WAYS_H
#define MIP4_BPF_WAYS_H

#include "headers.h"
#include "maps.h"

/* What the kernel has answered, as far as sending takes it. 0: not by a link that we know. */
INLINE u32 note_exit(struct way *way, const struct fib *fib) {
  u32 *kind = map_lookup(&links, &fib->ifindex);
  if (kind == 0) return 0;
  way->link = fib->ifindex;
  way->hop = fib->destination[0];
  way->is_bare = *kind != ETHERNET;
  __builtin_memcpy(way->destination_mac, fib->destination_mac, 6);
  __builtin_memcpy(way->source_mac, fib->source_mac, 6);
  return 1;
}

INLINE struct way *way_of(u32 source, u32 destination) {
  u32 slot = ((source ^ (destination << 16 | destination >> 16)) * 0x9e3779b1u) >> (32 - WAY_BITS);
  return map_lookup(&ways, &slot);
}

/* Does the kernel's answer of before hold for this one, too? */
INLINE u32 is_alike(const struct way *known, const struct way *asked) {
  return known->tick == asked->tick && known->source == asked->source &&
         known->destination == asked->destination && known->from == asked->from &&
         known->tunnel == asked->tunnel && known->tos == asked->tos && known->largest >= asked->largest;
}

/*
 * Sends the frame. What is newly known goes by way of the kernel's neighbour table, which so learns
 * that the neighbour is used, and asks for it where it must.
 */
INLINE int leave(struct context *skb, u32 link, const struct way *way, u32 is_known) {
  if (way->is_bare) return redirect(way->link, 0);
  if (link == 0 && change_head(skb, ETHERNET_HEADER, 0)) return ACT_SHOT;
  if (!is_known) {
    struct next_hop hop = { .family = FAMILY_INET };
    hop.address[0] = way->hop;
    return redirect_neighbor(way->link, &hop, sizeof hop, 0);
  }
  struct { u8 destination[6], source[6]; u16 type; } *frame = (void *)(long)skb->data;
  if ((const void *)(frame + 1) > (const void *)(long)skb->data_end) return ACT_SHOT;
  __builtin_memcpy(frame, way->destination_mac, 12);
  frame->type = NET16(ETHERTYPE_IPV4);
  return redirect(way->link, 0);
}

#endif

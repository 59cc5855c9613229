// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Programs that do for the packets of well known tunnels what the daemon does for all others:
 * `encapsulate` at the egress of an anchor, `decapsulate` at the ingress of a link; in fast mode
 * `forward` there, which does both without the anchor (fast.h). Whatever they have no entry for, and
 * whatever is odd about a packet, goes on as if they were not there, to the daemon, which also counts
 * and answers it.
 */
#include "fast.h"

/* GPL-compatible: some of the helpers are for such programs only. */
char licence[] SECTION("license") = "GPL";

/* Finds the only tunnel of a packet from the anchor: by destination first, then by source. */
INLINE u32 *tunnel_out(struct context *skb, const struct ip *ip) {
  struct out_key key = { ip->destination, skb->ifindex * 2 };
  u32 *number = map_lookup(&outgoing, &key);
  if (number != 0) return number;
  /* The destination may be in a network, for which there is no entry here. */
  if (setting(HAS_NETWORKS)) return 0;
  key.address = ip->source;
  key.anchor |= BY_SOURCE;
  return map_lookup(&outgoing, &key);
}

SECTION("tc/encapsulate") int encapsulate(struct context *skb) {
  const void *end = (void *)(long)skb->data_end;
  const struct ip *ip = (void *)(long)skb->data;
  struct outer outer = {};
  if (skb->protocol != NET16(ETHERTYPE_IPV4) || (const void *)(ip + 1) > end) return ACT_NEXT;
  if ((ip->version_length & 0xf0) != 0x40 || ip->ttl == 0) return ACT_NEXT;

  u32 *number = tunnel_out(skb, ip);
  if (number == 0) return ACT_NEXT;
  struct tunnel *tunnel = map_lookup(&tunnels, number);
  if (tunnel == 0) return ACT_NEXT;
  struct parcel parcel;
  if (!pack(skb, ip, end, tunnel, &outer, &parcel)) return ACT_NEXT;

  struct way way = { .tick = jiffies(), .source = outer.ip.source, .destination = outer.ip.destination,
                     .from = skb->ifindex, .tunnel = *number, .largest = (u16)(parcel.largest + parcel.room) };
  struct way *known = way_of(way.source, way.destination);
  if (known == 0) return ACT_NEXT;
  long found = FIB_SUCCESS;
  u32 is_known = is_alike(known, &way);
  if (is_known) {
    way = *known;
  } else {
    struct fib fib = {};
    found = find_exit(skb, &fib, &outer, way.from, way.largest);
    if ((found != FIB_SUCCESS && found != FIB_NO_NEIGHBOR) || !note_exit(&way, &fib)) return ACT_NEXT;
    if (found == FIB_SUCCESS || way.is_bare) *known = way;
  }
  if (widen(skb, &outer, parcel.room)) return ACT_NEXT;
  /* From here on nobody else could make sense of it. */
  if (write_outer(skb, 0, &outer, parcel.room)) return ACT_SHOT;
  count_out(number, &parcel);
  if (found == FIB_SUCCESS || way.is_bare) return leave(skb, 0, &way, is_known);
  if (change_head(skb, ETHERNET_HEADER, 0)) return ACT_SHOT;
  /* Asking for a neighbor takes a route of the packet's own: that of the inner packet is another. */
  return redirect_neighbor(way.link, 0, 0, 0);
}

/* What the headers around the inner packet said. */
struct arrival { u32 length, key, has_key, is_gre; u16 port; };

/* Reads what follows the outer IP header; 0: it is not for us, or has something unusual. */
INLINE u32 read_shims(const struct ip *ip, const void *end, struct arrival *arrival) {
  const void *at = ip + 1;
  u8 protocol = ip->protocol;
  if (protocol == UDP) {
    const struct tunnel_data *udp = at;
    if ((const void *)(udp + 1) > end || udp->udp.destination != NET16(TUNNEL_PORT)) return 0;
    if (udp->type != TUNNEL_DATA || udp->udp.checksum != 0) return 0;
    if (udp->udp.length != NET16(NET16(ip->total_length) - sizeof(struct ip))) return 0;
    arrival->port = udp->udp.source;
    protocol = udp->next;
    at = udp + 1;
    arrival->length = sizeof *udp;
  }
  arrival->length += sizeof *ip;
  if (protocol == IPIP) return 1;
  const struct gre *gre = at;
  if (protocol != GRE_PROTOCOL || (const void *)(gre + 1) > end) return 0;
  arrival->is_gre = 1;
  if (gre->protocol != NET16(ETHERTYPE_IPV4)) return 0;
  /* Bits 6 to 12 are ignored (RFC 2784 §2.3); every other but the key is the daemon's. */
  u16 flags = gre->flags & NET16(0xfc07);
  if (flags == NET16(GRE_KEY)) {
    arrival->has_key = 1;
    arrival->key = gre->key;
    arrival->length += 8;
    return 1;
  }
  arrival->length += 4;
  return flags == 0;
}

INLINE u32 is_from(const struct tunnel *tunnel, const struct ip *ip, const struct arrival *arrival) {
  return tunnel->local == ip->destination && tunnel->remote == ip->source &&
         tunnel->port == arrival->port && (tunnel->form == GRE) == arrival->is_gre &&
         ((tunnel->flags & KEY_IN) != 0) == arrival->has_key && tunnel->key_in == arrival->key;
}

/* In fast mode straight to a link, if there is nothing unusual about it. */
INLINE int decapsulate(struct context *skb, u32 link, u32 is_fast) {
  const void *end = (void *)(long)skb->data_end;
  const struct ip *ip = (void *)(long)skb->data + link;
  if (skb->protocol != NET16(ETHERTYPE_IPV4) || skb->pkt_type != PACKET_HOST) return ACT_NEXT;
  if ((const void *)(ip + 1) > end) {
    /* A driver may leave all of a packet in pages. */
    if (skb->len < link + sizeof *ip || pull_data(skb, link + sizeof *ip)) return ACT_NEXT;
    end = (void *)(long)skb->data_end;
    ip = (void *)(long)skb->data + link;
    if ((const void *)(ip + 1) > end) return ACT_NEXT;
  }
  if (ip->protocol != IPIP && ip->protocol != GRE_PROTOCOL && ip->protocol != UDP) return ACT_NEXT;
  /* Options and fragments are the stack's. */
  if (ip->version_length != 0x45 || (ip->fragment & NET16(MORE_FRAGMENTS | FRAGMENT_OFFSET)) != 0) return ACT_NEXT;
  if (skb->vlan_present) return ACT_NEXT;

  const struct udp *udp = (const void *)(ip + 1);
  if (ip->protocol == UDP && (const void *)(udp + 1) <= end && udp->destination != NET16(TUNNEL_PORT)) return ACT_NEXT;

  /* Perhaps its headers are not all in the first piece. */
  if ((const void *)ip + HEADERS > end) {
    u32 wanted = link + HEADERS;
    if (pull_data(skb, skb->len < wanted ? skb->len : wanted)) return ACT_NEXT;
    end = (void *)(long)skb->data_end;
    ip = (void *)(long)skb->data + link;
    if ((const void *)(ip + 1) > end) return ACT_NEXT;
  }

  struct arrival arrival = {};
  if (!read_shims(ip, end, &arrival)) return ACT_NEXT;
  const struct ip *inner = (const void *)ip + arrival.length;
  if ((const void *)(inner + 1) > end) return ACT_NEXT;
  u32 total = NET16(inner->total_length);
  u32 header = (u32)(inner->version_length & 15) * 4;
  if ((inner->version_length & 0xf0) != 0x40 || header < sizeof *inner) return ACT_NEXT;
  if (inner->ttl == 0 || total < header) return ACT_NEXT;
  if (total + arrival.length > NET16(ip->total_length) || NET16(ip->total_length) + link > skb->len) return ACT_NEXT;
  /* To one of the ends, from the other one: keepalives, tunnels in it, answers, loops. To many. */
  if (inner->destination == ip->destination || inner->destination == ip->source) return ACT_NEXT;
  if (inner->source == ip->source) return ACT_NEXT;
  if ((inner->destination & NET32(0xe0000000)) == NET32(0xe0000000)) return ACT_NEXT;

  struct in_key key = { inner->destination, ip->source, 0 };
  struct in_value *entry = map_lookup(&incoming, &key);
  struct tunnel *tunnel = entry != 0 ? map_lookup(&tunnels, &entry->tunnel) : 0;
  if (tunnel == 0 || !is_from(tunnel, ip, &arrival)) {
    key.address = inner->source;
    key.match = BY_SOURCE;
    entry = map_lookup(&incoming, &key);
    if (entry == 0) return ACT_NEXT;
    tunnel = map_lookup(&tunnels, &entry->tunnel);
    if (tunnel == 0 || !is_from(tunnel, ip, &arrival)) return ACT_NEXT;
  }
  if (inner->destination == entry->broadcast) return ACT_NEXT;
  struct inner seen = look_into(skb, inner, end);
  if (seen.is_refused || header_checksum(ip) != 0) return ACT_NEXT;

  struct ip now = *inner;
  u32 change = carry_congestion(&now, ip->tos);
  if (change == 0) return ACT_NEXT;
  struct way way = { .source = now.source, .destination = now.destination, .from = entry->anchor,
                     .largest = (u16)largest_of(skb, total, seen), .tos = now.tos };
  u32 is_known = 0, is_straight = 0;
  if (is_fast && is_plain(skb, inner, link + arrival.length)) {
    struct way *known = way_of(way.source, way.destination);
    if (known == 0) return ACT_NEXT;
    way.tick = jiffies();
    is_known = is_alike(known, &way);
    is_straight = is_known || find_way_out(skb, &way, key.match);
    if (is_known) way = *known;
    else if (is_straight) *known = way;
    if (is_straight) take_hop(&now);
  }

  u32 packets = packets_of(skb);
  struct traffic *count = map_lookup(&traffic, &entry->tunnel);
  if (adjust_room(skb, -(int)arrival.length, AT_MAC, FIXED_GSO)) return ACT_NEXT;
  if (count != 0) {
    count->packets_in += packets;
    count->bytes_in += octets_of(total, packets, seen);
  }
  /* What of the header may be another: up to its checksum. */
  if ((is_straight || change == 2) && store_bytes(skb, link, &now, 12, 0)) return ACT_SHOT;
  if (!is_straight) return redirect(way.from, TO_INGRESS);
  skb->priority = priority_of(now.tos);
  return leave(skb, link, &way, is_known);
}

SECTION("tc/decapsulate") int decapsulate_frame(struct context *skb) {
  return decapsulate(skb, ETHERNET_HEADER, 0);
}

/* On a link without a link layer: PPP, another tunnel. */
SECTION("tc/decapsulate_bare") int decapsulate_bare(struct context *skb) {
  return decapsulate(skb, 0, 0);
}

INLINE int forward(struct context *skb, u32 link) {
  int verdict = decapsulate(skb, link, 1);
  if (verdict != ACT_NEXT) return verdict;
  if (skb->protocol != NET16(ETHERTYPE_IPV4) || skb->pkt_type != PACKET_HOST || skb->vlan_present) return ACT_NEXT;
  return enter(skb, link);
}

SECTION("tc/forward") int forward_frame(struct context *skb) {
  return forward(skb, ETHERNET_HEADER);
}

SECTION("tc/forward_bare") int forward_bare(struct context *skb) {
  return forward(skb, 0);
}

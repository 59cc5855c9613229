// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Two programs that do for the packets of well known tunnels what the daemon does for all others:
 * `encapsulate` at the egress of an anchor, `decapsulate` at the ingress of a link. Whatever they
 * have no entry for, and whatever is odd about a packet, goes on as if they were not there, to the
 * daemon, which also counts and answers it. shared/forwarding/ebpf fills the maps (layout.ts there
 * has the same structures). All addresses, keys and ports are in network order.
 */
#include "kernel.h"
#include "headers.h"

/* GPL-compatible: some of the helpers are for such programs only. */
char licence[] SECTION("license") = "GPL";

enum { GRE = 1 };                                          /* tunnel.form */
enum { KEY_IN = 1, KEY_OUT = 2, DF_SET = 4, DF_CLEAR = 8 }; /* tunnel.flags */
enum { HAS_NETWORKS = 1, CLAMPS_MSS = 2 };                 /* settings */
enum { BY_SOURCE = 1 };                                    /* in the keys below */
enum { ETHERNET = 1 };                                     /* links */

struct tunnel {
  u32 local, remote, key_in, key_out;
  u16 port; /* of the other end; 0 without UDP */
  u16 mtu;  /* host order: what is longer is the daemon's; so everything is where it is 0 */
  u8 form, flags, unused[2];
};
struct traffic { u64 packets_out, bytes_out, packets_in, bytes_in; };
struct out_key { u32 address, anchor; /* interface * 2 + BY_SOURCE */ };
struct in_key { u32 address, remote, match; };
struct in_value { u32 tunnel, anchor, broadcast; /* of the node's home link; 0: not to be told apart */ };

#define MAP(name, type, key, value) \
  struct map name SECTION("maps") = { type, sizeof(key), sizeof(value), type == MAP_ARRAY ? 0 : NO_PREALLOCATION }
MAP(tunnels, MAP_HASH, u32, struct tunnel);
MAP(traffic, MAP_PERCPU_HASH, u32, struct traffic);
MAP(outgoing, MAP_HASH, struct out_key, u32);
MAP(incoming, MAP_HASH, struct in_key, struct in_value);
MAP(links, MAP_HASH, u32, u32);
MAP(settings, MAP_ARRAY, u32, u32);

INLINE u32 setting(u32 bit) {
  u32 zero = 0, *value = map_lookup(&settings, &zero);
  return value != 0 ? *value & bit : 0;
}

/* What is told apart in an inner packet, and how long the headers are that each segment repeats. */
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
  /* RFC 2003 §3.2 in short; the daemon knows the exceptions. */
  if (ip->source == tunnel->remote || ip->source == tunnel->local) return ACT_NEXT;

  struct inner inner = look_into(skb, ip, end);
  if (inner.is_refused) return ACT_NEXT;
  u32 total = NET16(ip->total_length), packets = packets_of(skb);
  u32 largest = skb->gso_size != 0 ? inner.headers + skb->gso_size : total;
  u32 room = write_shims(&outer, tunnel, total);
  if (largest > tunnel->mtu || total + room > 0xffff || total > skb->len) return ACT_NEXT;

  struct fib fib = { .family = FAMILY_INET, .protocol = outer.ip.protocol,
                     .total_length = (u16)(largest + room), .ifindex = skb->ifindex };
  fib.source[0] = tunnel->local;
  fib.destination[0] = tunnel->remote;
  long found = fib_lookup(skb, &fib, sizeof fib, 0);
  if (found != FIB_SUCCESS && found != FIB_NO_NEIGHBOR) return ACT_NEXT;
  u32 *link = map_lookup(&links, &fib.ifindex);
  if (link == 0) return ACT_NEXT;

  u32 has_df = (tunnel->flags & DF_SET) != 0 ||
               ((tunnel->flags & DF_CLEAR) == 0 && (ip->fragment & NET16(DONT_FRAGMENT)) != 0);
  outer.ip.version_length = 0x45;
  outer.ip.tos = ip->tos;
  outer.ip.total_length = NET16(total + room);
  /* RFC 6864 §4.1: it means nothing where there can be no fragments. */
  outer.ip.identification = has_df ? 0 : (u16)random_number();
  outer.ip.fragment = has_df ? NET16(DONT_FRAGMENT) : 0;
  outer.ip.ttl = OUTER_TTL;
  outer.ip.source = tunnel->local;
  outer.ip.destination = tunnel->remote;
  outer.ip.checksum = header_checksum(&outer.ip);

  u64 kind = outer.ip.protocol == UDP ? ENCAP_L4_UDP : outer.ip.protocol == GRE_PROTOCOL ? ENCAP_L4_GRE : 0;
  u32 is_ethernet = *link == ETHERNET;
  struct traffic *count = map_lookup(&traffic, number);
  if (adjust_room(skb, (int)room, AT_MAC, ENCAP_L3_IPV4 | kind | FIXED_GSO)) return ACT_NEXT;
  /* From here on nobody else could make sense of it. */
  if (write_outer(skb, &outer, room)) return ACT_SHOT;
  if (count != 0) {
    count->packets_out += packets;
    count->bytes_out += octets_of(total, packets, inner);
  }
  if (!is_ethernet) return redirect(fib.ifindex, 0);
  if (change_head(skb, ETHERNET_HEADER, 0)) return ACT_SHOT;
  /* Asking for a neighbor takes a route of the packet's own: that of the inner packet is another. */
  if (found == FIB_NO_NEIGHBOR) return redirect_neighbor(fib.ifindex, 0, 0, 0);
  struct next_hop hop = { .family = FAMILY_INET };
  hop.address[0] = fib.destination[0];
  return redirect_neighbor(fib.ifindex, &hop, sizeof hop, 0);
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

/*
 * RFC 6040 §4.2: carries a mark of the outer header inwards. 0: it cannot be, and the daemon drops
 * it. One's complement: what the header changes by, its checksum makes up for.
 */
INLINE u32 carry_congestion(struct context *skb, u8 outer_tos, u8 inner_tos, u16 first, u32 at) {
  u8 mark = outer_tos & 3, own = inner_tos & 3;
  if (mark != CONGESTION_EXPERIENCED && mark != ECT_1) return 1;
  if (own == 0) return mark != CONGESTION_EXPERIENCED;
  if (own == CONGESTION_EXPERIENCED || own == mark) return 1;
  u8 tos = (inner_tos & ~3) | mark;
  u16 now = NET16((NET16(first) & 0xff00) | tos);
  return replace_l3_checksum(skb, at + 10, first, now, 2) == 0 && store_bytes(skb, at + 1, &tos, 1, 0) == 0;
}

INLINE int decapsulate(struct context *skb, u32 link) {
  const void *end = (void *)(long)skb->data_end;
  const struct ip *ip = (void *)(long)skb->data + link;
  if (skb->protocol != NET16(ETHERTYPE_IPV4) || skb->pkt_type != PACKET_HOST) return ACT_NEXT;
  if ((const void *)(ip + 1) > end) return ACT_NEXT;
  if (ip->protocol != IPIP && ip->protocol != GRE_PROTOCOL && ip->protocol != UDP) return ACT_NEXT;
  /* Options and fragments are the stack's. */
  if (ip->version_length != 0x45 || (ip->fragment & NET16(MORE_FRAGMENTS | FRAGMENT_OFFSET)) != 0) return ACT_NEXT;
  if (skb->vlan_present) return ACT_NEXT;

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

  u32 packets = packets_of(skb), anchor = entry->anchor;
  struct traffic *count = map_lookup(&traffic, &entry->tunnel);
  u16 first = *(const u16 *)inner;
  if (!carry_congestion(skb, ip->tos, inner->tos, first, link + arrival.length)) return ACT_NEXT;
  if (adjust_room(skb, -(int)arrival.length, AT_MAC, FIXED_GSO)) return ACT_NEXT;
  if (count != 0) {
    count->packets_in += packets;
    count->bytes_in += octets_of(total, packets, seen);
  }
  return redirect(anchor, TO_INGRESS);
}

SECTION("tc/decapsulate") int decapsulate_frame(struct context *skb) {
  return decapsulate(skb, ETHERNET_HEADER);
}

/* On a link without a link layer: PPP, another tunnel. */
SECTION("tc/decapsulate_bare") int decapsulate_bare(struct context *skb) {
  return decapsulate(skb, 0);
}

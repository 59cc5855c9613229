// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The maps, which shared/forwarding/ebpf fills (layout.ts there has the same structures), all but
 * `ways`. All addresses, keys and ports are in network order.
 */
#ifndef MIP4_BPF_MAPS_H
#define MIP4_BPF_MAPS_H

#include "kernel.h"

enum { GRE = 1 };                                          /* tunnel.form */
enum { KEY_IN = 1, KEY_OUT = 2, DF_SET = 4, DF_CLEAR = 8 }; /* tunnel.flags */
enum { HAS_NETWORKS = 1, CLAMPS_MSS = 2, INTERCEPTS = 4, HAS_VISITORS = 8 }; /* settings.flags */
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
/* Fast mode: whose packets go into a tunnel as they come by a link; the value is the tunnel. */
struct visitor { u32 address, link; u8 mac[6], unused[2]; };
/* The last two are for fast mode: the anchor's interface, and what fits there. */
struct settings { u32 flags, anchor, mtu; };

/* What the kernel has said of packets alike, in this tick of its clock. */
struct way {
  u64 tick;
  u32 source, destination, from, tunnel; /* from: the link that they come by, or the anchor */
  u32 link, hop;                         /* by which they leave; who is next there */
  u16 largest;
  u8 tos, is_bare;
  u8 destination_mac[6], source_mac[6];
};
enum { WAY_BITS = 8 };

#define MAP(name, type, key, value) \
  struct map name SECTION("maps") = { type, sizeof(key), sizeof(value), \
    type == MAP_ARRAY || type == MAP_PERCPU_ARRAY ? 0 : NO_PREALLOCATION }
MAP(tunnels, MAP_HASH, u32, struct tunnel);
MAP(traffic, MAP_PERCPU_HASH, u32, struct traffic);
MAP(outgoing, MAP_HASH, struct out_key, u32);
MAP(incoming, MAP_HASH, struct in_key, struct in_value);
MAP(visitors, MAP_HASH, struct visitor, u32);
MAP(links, MAP_HASH, u32, u32);
MAP(ways, MAP_PERCPU_ARRAY, u32, struct way);
MAP(settings, MAP_ARRAY, u32, struct settings);

INLINE const struct settings *settings_now(void) {
  u32 zero = 0;
  return map_lookup(&settings, &zero);
}

INLINE u32 setting(u32 flag) {
  const struct settings *now = settings_now();
  return now != 0 ? now->flags & flag : 0;
}

#endif

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * What the programs need of the kernel's interface (include/uapi/linux/bpf.h, all of it stable):
 * no header of a library or of a kernel is needed to compile them.
 */
#ifndef MIP4_BPF_KERNEL_H
#define MIP4_BPF_KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NET16(x) ((u16)__builtin_bswap16((u16)(x)))
#define NET32(x) __builtin_bswap32(x)
#else
#define NET16(x) ((u16)(x))
#define NET32(x) (x)
#endif

#define SECTION(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* struct __sk_buff, as far as it is used; data and data_end are pointers in disguise. */
struct context {
  u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto;
  u32 priority, ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid, data, data_end;
  u32 napi_id, family, remote_ip4, local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port;
  u32 data_meta;
  u64 flow_keys, tstamp;
  u32 wire_len, gso_segs;
  u64 sk;
  u32 gso_size;
};

/* struct bpf_fib_lookup: what is asked, and in the same fields what is answered. */
struct fib {
  u8 family, protocol;
  u16 source_port, destination_port, total_length;
  u32 ifindex, tos, source[4], destination[4];
  u16 vlan[2];
  u8 source_mac[6], destination_mac[6];
};

/* struct bpf_redir_neigh */
struct next_hop { u32 family, address[4]; };

/* How the loader is told of a map; its number of entries is the loader's to choose. */
struct map { u32 type, key_size, value_size, flags; };

enum { MAP_HASH = 1, MAP_ARRAY = 2, MAP_PERCPU_HASH = 5, MAP_PERCPU_ARRAY = 6, NO_PREALLOCATION = 1 };
/* Return values: the packet goes on to other programs and then to the stack; or it ends here. */
enum { ACT_NEXT = -1, ACT_SHOT = 2 };
enum { FAMILY_INET = 2, TO_INGRESS = 1, PACKET_HOST = 0, RECOMPUTE = 1 };
enum { FIB_SUCCESS = 0, FIB_NO_NEIGHBOR = 7 };
enum { AT_MAC = 1, ENCAP_L3_IPV4 = 2, ENCAP_L4_GRE = 8, ENCAP_L4_UDP = 16, FIXED_GSO = 1 };

static void *(*const map_lookup)(const void *map, const void *key) = (void *)1;
static u32 (*const random_number)(void) = (void *)7;
static long (*const store_bytes)(struct context *, u32 offset, const void *, u32, u64) = (void *)9;
static long (*const replace_l3_checksum)(struct context *, u32, u64, u64, u64) = (void *)10;
static long (*const redirect)(u32 ifindex, u64 flags) = (void *)23;
static long (*const pull_data)(struct context *, u32 length) = (void *)39;
static long (*const change_head)(struct context *, u32 length, u64 flags) = (void *)43;
static long (*const adjust_room)(struct context *, int by, u32 mode, u64 flags) = (void *)50;
static long (*const fib_lookup)(struct context *, struct fib *, int size, u32 flags) = (void *)69;
static u64 (*const jiffies)(void) = (void *)118;
static long (*const redirect_neighbor)(u32 ifindex, struct next_hop *, int size, u64) = (void *)152;

#endif

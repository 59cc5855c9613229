/*
 * Superpackets: many segments of one flow as one packet with one header, as the kernel hands them
 * over a TUN device (struct virtio_net_hdr before each packet) and takes them back.
 */
#ifndef MIP4_SEGMENTS_H
#define MIP4_SEGMENTS_H

#include "kernel.h"

/* struct virtio_net_hdr: numbers in host order. */
struct offload { uint8_t flags, type; uint16_t header, size, start, offset; };
enum { OFFLOAD = 10, OFFLOAD_CHECKSUM = 1, OFFLOAD_NONE = 0, OFFLOAD_TCP4 = 1, OFFLOAD_UDP = 5,
       OFFLOAD_ECN = 0x80 };

enum { IP_HEADER = 20, UDP_HEADER = 8, PROTO_TCP = 6, PROTO_UDP = 17 };

/* Where segments are put. */
struct places { int32_t *offsets; int32_t *lengths; size_t room; };

static inline unsigned get16(const uint8_t *at) { return (unsigned)at[0] << 8 | at[1]; }
static inline uint32_t get32(const uint8_t *at) { return (uint32_t)get16(at) << 16 | get16(at + 2); }
static inline void put16(uint8_t *at, unsigned value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}
static inline void put32(uint8_t *at, uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value & 0xffff);
}

/* The checksum of a header without options, or with them, anew. */
void write_ip_checksum(uint8_t *packet);

/*
 * Cuts the packet of `length` octets at slab + at into its segments, in place: each stands behind
 * `headroom` free octets, the first where the packet was. `limit` is where the slab ends. Returns how
 * many there are; 0 when it is no superpacket of ours or there is no room for all.
 */
size_t cut(uint8_t *slab, size_t at, size_t length, const struct offload *about, size_t headroom,
           size_t limit, struct places to);

/* Octets from one of the segments to the next. */
size_t stride_of(size_t headers, size_t size, size_t headroom);

/* Headers of a superpacket, IP's and the other; 0: it is none that can be cut. */
size_t headers_of(const uint8_t *packet, size_t length, const struct offload *about);

/* A segment that may be put together with others: TCP with data, and nothing unusual about it. */
int is_candidate(const uint8_t *packet, size_t length);

/* Finishes a checksum that the kernel has left to the device. */
void complete_checksum(uint8_t *packet, size_t length, const struct offload *about);

/* Has the TCP checksum of this packet, `ip` octets into it, been left to somebody else to finish? */
int is_pending(const uint8_t *packet, size_t ip, size_t length);

enum { JOIN = 128 };  /* most packets that are looked at together */

/* What goes to the device as one packet: places in a list of packets, `next` 0 at the end. */
struct group {
  int first, last, count, closed;
  uint32_t sequence;  /* of what comes next */
  unsigned identification, length, size, header;
};

/*
 * Puts segments that follow each other together: `next[i]` is the packet that goes behind packet i,
 * or 0. Octets are not touched, except that the header of a group's first packet becomes that of the
 * whole. Returns the number of groups, in the order in which their first packets came.
 */
size_t join(uint8_t *slab, const int32_t *offsets, const int32_t *lengths, size_t count,
            struct group *groups, int *next);

/* What the device must be told of a group. */
struct offload group_offload(const uint8_t *packet, const struct group *group);

#endif

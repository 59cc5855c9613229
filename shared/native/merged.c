/*
 * Packets of a raw socket that a network card's driver has put together (GRO): IP-in-IP and GRE with TCP
 * inside come up as one packet of up to 64 KB, whose TCP checksum is the kernel's to finish. A raw socket
 * tells of neither, so both are found out here, and the packets cut apart again.
 *
 * The size of the segments is told by no one: it is the largest that came alone on this connection, which
 * is never too large; for one that is not known yet it is what every path carries (RFC 1122 §3.3.3).
 */
#include "helper.h"
#include "segments.h"

enum { PROTO_IPIP = 4, PROTO_GRE = 47, TCP_HEADER = 20, SAFE_PACKET = 576, KNOWN = 256, SLOTS = 16,
       GRE_KEY = 0x20 };

/* Sizes of segments, by connection; another connection with the same place takes it. */
static struct { uint8_t flow[12]; uint16_t size; } known[KNOWN];

static unsigned place_of(const uint8_t *flow) {
  uint32_t hash = 2166136261u;
  for (int i = 0; i < 12; i++) hash = (hash ^ flow[i]) * 16777619u;
  return (hash ^ hash >> 16) % KNOWN;
}

static void flow_of(uint8_t *flow, const uint8_t *packet, size_t ip) {
  memcpy(flow, packet + 12, 8);
  memcpy(flow + 8, packet + ip, 4);
}

/* Octets before the packet inside; 0: it is in no tunnel that the kernel puts together. */
static size_t prefix_of(const uint8_t *packet, size_t length) {
  if (length < IP_HEADER || packet[0] >> 4 != 4) return 0;
  size_t at = (size_t)(packet[0] & 15) * 4;
  if (packet[9] == PROTO_GRE && at + 4 <= length) {
    /* Without checksum and number: what has them is not put together. */
    if ((packet[at] & ~GRE_KEY) != 0 || get16(packet + at + 2) != 0x0800) return 0;
    at += (packet[at] & GRE_KEY) != 0 ? 8 : 4;
  } else if (packet[9] != PROTO_IPIP) {
    return 0;
  }
  return at + IP_HEADER + TCP_HEADER <= length ? at : 0;
}

/* Where the data of the TCP inside begins, behind the inner IP header; 0: there is none. */
static size_t data_of(const uint8_t *inner, size_t length) {
  size_t ip = (size_t)(inner[0] & 15) * 4;
  if (inner[0] >> 4 != 4 || ip < IP_HEADER || inner[9] != PROTO_TCP || get16(inner + 2) != length) return 0;
  if ((get16(inner + 6) & 0x3fff) != 0 || ip + TCP_HEADER > length) return 0;
  size_t data = ip + (size_t)(inner[ip + 12] >> 4) * 4;
  return data >= ip + TCP_HEADER && data <= length ? data : 0;
}

static size_t take_apart(uint8_t *slab, size_t at, size_t length, size_t headroom, size_t limit, struct places to) {
  uint8_t *packet = slab + at;
  size_t prefix = prefix_of(packet, length), inner_length = length - prefix;
  uint8_t *inner = packet + prefix, flow[12];
  size_t data = prefix == 0 ? 0 : data_of(inner, inner_length);
  to.offsets[0] = (int32_t)at;
  to.lengths[0] = (int32_t)length;
  if (data == 0 || data == inner_length) return 1;
  size_t ip = (size_t)(inner[0] & 15) * 4, octets = inner_length - data;
  flow_of(flow, inner, ip);
  unsigned place = place_of(flow);
  int is_known = memcmp(known[place].flow, flow, sizeof flow) == 0;
  if (!is_pending(inner, ip, inner_length)) {
    if (is_known && octets <= known[place].size) return 1;
    memcpy(known[place].flow, flow, sizeof flow);
    known[place].size = (uint16_t)octets;
    return 1;
  }
  size_t size = SAFE_PACKET - data;
  if (is_known && known[place].size > size) size = known[place].size;
  struct offload about = { OFFLOAD_CHECKSUM, OFFLOAD_TCP4, (uint16_t)data, (uint16_t)size, (uint16_t)ip, 16 };
  /* One segment, of another connection of this very machine, say: its checksum is all that lacks. */
  size_t count = cut(slab, at + prefix, inner_length, &about, headroom + prefix, limit, to);
  for (size_t i = count; i-- > 0;) {
    uint8_t *outer = slab + to.offsets[i] - prefix;
    if (i > 0) memcpy(outer, packet, prefix);
    to.offsets[i] -= (int32_t)prefix;
    to.lengths[i] += (int32_t)prefix;
    put16(outer + 2, (unsigned)to.lengths[i]);
    write_ip_checksum(outer);
  }
  return count;
}

/* rawReceive(fd, slab, offsets, lengths, slot, headroom): packets, or the error if there was none */
napi_value raw_receive(napi_env env, napi_callback_info info) {
  napi_value v[6];
  struct batch batch;
  struct k_mmsghdr messages[SLOTS];
  struct k_iovec iov[SLOTS];
  arguments(env, info, v, 6);
  int64_t slot = number_of(env, v[4]), headroom = number_of(env, v[5]);
  if (!take_batch(env, v, &batch) || headroom < 0 || slot <= headroom) return result(env, -ERR_INVAL);
  size_t count = 0, used = 0, slots = batch.slab.length / (size_t)slot, room = (size_t)headroom;
  while (count < BATCH && used < slots && count + SLOTS <= batch.capacity) {
    size_t wanted = slots - used < SLOTS ? slots - used : SLOTS;
    for (size_t i = 0; i < wanted; i++) {
      iov[i] = (struct k_iovec){ batch.slab.data + (used + i) * (size_t)slot + room, (size_t)slot - room };
      messages[i].header = (struct k_msghdr){ NULL, 0, &iov[i], 1, NULL, 0, 0 };
      messages[i].length = 0;
    }
    long got = SYSCALL5(NR_RECVMMSG, batch.fd, messages, wanted, FLAG_DONTWAIT, 0);
    if (got < 0 && count == 0) return result(env, got);
    for (long m = 0; m < got; m++) {
      size_t begin = (used + (size_t)m) * (size_t)slot;
      size_t left = (size_t)(got - m - 1);
      /* One place is kept for each of those that come after it. */
      struct places to = { batch.offsets + count, batch.lengths + count, batch.capacity - count - left };
      count += take_apart(batch.slab.data, begin + room, messages[m].length, room, begin + (size_t)slot, to);
    }
    if (got < (long)wanted) break;
    used += wanted;
  }
  return result(env, (long)count);
}

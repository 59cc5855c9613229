/*
 * Superpackets cut into segments, and segments put together. Pure: octets in, octets out.
 *
 * Both directions keep the octets: what is put together here and cut by the kernel is what it was,
 * except for the Identification of packets that must not be fragmented, which says nothing
 * (RFC 6864 §4.1). A segment is only put together with others after its checksum has been found
 * right, since the one of the whole is made anew.
 */
#include "segments.h"

enum { FLAG_FIN = 1, FLAG_SYN = 2, FLAG_RST = 4, FLAG_PSH = 8, FLAG_ACK = 16, FLAG_URG = 32,
       FLAG_CWR = 128 };
enum { TCP_HEADER = 20, DONT_FRAGMENT = 0x4000, MOST = 65535, OPEN_GROUPS = 8 };

/* Words of 16 bits in host order: the sum is the same, as long as it is stored in host order, too. */
static uint64_t add(uint64_t sum, const uint8_t *at, size_t length) {
  uint64_t other = 0;
  for (; length >= 16; length -= 16, at += 16) {
    uint32_t words[4];
    memcpy(words, at, 16);
    sum += (uint64_t)words[0] + words[1];
    other += (uint64_t)words[2] + words[3];
  }
  for (; length >= 2; length -= 2, at += 2) {
    uint16_t word;
    memcpy(&word, at, 2);
    sum += word;
  }
  if (length > 0) {
    uint16_t word = 0;
    memcpy(&word, at, 1);
    sum += word;
  }
  return sum + other;
}

static uint16_t fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static void store(uint8_t *at, uint16_t sum) { memcpy(at, &sum, 2); }

/* Addresses, protocol and length of what the IP header carries (RFC 793, RFC 768). */
static uint64_t pseudo(const uint8_t *packet, size_t length) {
  uint8_t rest[4] = { 0, packet[9], (uint8_t)(length >> 8), (uint8_t)length };
  return add(add(0, packet + 12, 8), rest, 4);
}

void write_ip_checksum(uint8_t *packet) {
  store(packet + 10, 0);
  store(packet + 10, (uint16_t)~fold(add(0, packet, (size_t)(packet[0] & 15) * 4)));
}

static size_t header_length(const uint8_t *packet) { return (size_t)(packet[0] & 15) * 4; }

size_t headers_of(const uint8_t *packet, size_t length, const struct offload *about) {
  if (length < IP_HEADER || packet[0] >> 4 != 4) return 0;
  size_t ip = header_length(packet), headers;
  int type = about->type & ~OFFLOAD_ECN;
  if (ip < IP_HEADER || ip + UDP_HEADER > length || about->size == 0) return 0;
  if (type == OFFLOAD_TCP4 && packet[9] == PROTO_TCP) {
    if (ip + TCP_HEADER > length) return 0;
    headers = ip + (size_t)(packet[ip + 12] >> 4) * 4;
    if (headers < ip + TCP_HEADER) return 0;
  } else if (type == OFFLOAD_UDP && packet[9] == PROTO_UDP) {
    headers = ip + UDP_HEADER;
  } else {
    return 0;
  }
  return headers < length ? headers : 0;
}

size_t stride_of(size_t headers, size_t size, size_t headroom) {
  return (headroom + headers + size + 7) & ~(size_t)7;
}

/* Length, Identification and checksums of segment `i`, whose octets stand already. */
static void finish_segment(uint8_t *packet, size_t ip, size_t length, unsigned identification) {
  uint8_t *inner = packet + ip;
  uint8_t *checksum = inner + (packet[9] == PROTO_TCP ? 16 : 6);
  put16(packet + 2, (unsigned)length);
  put16(packet + 4, identification & 0xffff);
  write_ip_checksum(packet);
  if (packet[9] == PROTO_UDP) put16(inner + 4, (unsigned)(length - ip));
  store(checksum, 0);
  uint16_t sum = (uint16_t)~fold(add(pseudo(packet, length - ip), inner, length - ip));
  store(checksum, packet[9] == PROTO_UDP && sum == 0 ? 0xffff : sum);
}

size_t cut(uint8_t *slab, size_t at, size_t length, const struct offload *about, size_t headroom,
           size_t limit, struct places to) {
  uint8_t *packet = slab + at;
  size_t headers = headers_of(packet, length, about), size = about->size;
  if (headers == 0 || length > MOST) return 0;
  size_t ip = header_length(packet), payload = length - headers;
  size_t count = (payload + size - 1) / size, stride = stride_of(headers, size, headroom);
  if (count > to.room || at + count * stride > limit) return 0;
  unsigned identification = get16(packet + 4);
  int is_tcp = packet[9] == PROTO_TCP;
  uint32_t sequence = is_tcp ? get32(packet + ip + 4) : 0;
  uint8_t flags = is_tcp ? packet[ip + 13] : 0;
  uint8_t first = (uint8_t)(flags & ~(FLAG_FIN | FLAG_PSH));
  /* From the last to the first, since each one moves up to where another one was. */
  for (size_t i = count; i-- > 0;) {
    uint8_t *segment = packet + i * stride;
    size_t left = payload - i * size, octets = left < size ? left : size;
    if (i > 0) {
      memmove(segment + headers, packet + headers + i * size, octets);
      memcpy(segment, packet, headers);
    }
    if (is_tcp) {
      put32(segment + ip + 4, sequence + (uint32_t)(i * size));
      /* RFC 3168 §6.1.2: CWR is said once. */
      segment[ip + 13] = i == count - 1 ? flags : first;
      if (i > 0) segment[ip + 13] &= (uint8_t)~FLAG_CWR;
    }
    finish_segment(segment, ip, headers + octets, identification + (unsigned)i);
    to.offsets[i] = (int32_t)(at + i * stride);
    to.lengths[i] = (int32_t)(headers + octets);
  }
  return count;
}

void complete_checksum(uint8_t *packet, size_t length, const struct offload *about) {
  size_t at = (size_t)about->start + about->offset;
  if ((about->flags & OFFLOAD_CHECKSUM) == 0 || at + 2 > length) return;
  uint16_t sum = (uint16_t)~fold(add(0, packet + about->start, length - about->start));
  store(packet + at, sum == 0 && packet[9] == PROTO_UDP ? 0xffff : sum);
}

int is_candidate(const uint8_t *packet, size_t length) {
  if (length < IP_HEADER + TCP_HEADER || packet[0] != 0x45 || packet[9] != PROTO_TCP) return 0;
  if (get16(packet + 2) != length || (get16(packet + 6) & ~DONT_FRAGMENT) != 0) return 0;
  const uint8_t *tcp = packet + IP_HEADER;
  size_t header = (size_t)(tcp[12] >> 4) * 4;
  int unusual = FLAG_SYN | FLAG_RST | FLAG_URG;
  return header >= TCP_HEADER && IP_HEADER + header < length && (tcp[13] & FLAG_ACK) != 0 &&
         (tcp[13] & unusual) == 0;
}

static int is_sound(const uint8_t *packet, size_t length) {
  size_t tcp = length - IP_HEADER;
  return fold(add(0, packet, IP_HEADER)) == 0xffff &&
         fold(add(pseudo(packet, tcp), packet + IP_HEADER, tcp)) == 0xffff;
}

int is_pending(const uint8_t *packet, size_t ip, size_t length) {
  uint16_t field, partial = fold(pseudo(packet, length - ip));
  memcpy(&field, packet + ip + 16, 2);
  /* It may be right, too, by chance. */
  return field == partial && fold(add(pseudo(packet, length - ip), packet + ip, length - ip)) != 0xffff;
}

static int is_same_flow(const uint8_t *a, const uint8_t *b) {
  return memcmp(a + 12, b + 12, 8) == 0 && memcmp(a + IP_HEADER, b + IP_HEADER, 4) == 0;
}

/* Everything that the header of the whole says once must be the same (RFC 6864, RFC 9293 §3.1). */
static int is_alike(const uint8_t *a, const uint8_t *b, size_t header) {
  const uint8_t *s = a + IP_HEADER, *t = b + IP_HEADER;
  int free = FLAG_FIN | FLAG_PSH | FLAG_CWR;
  return a[1] == b[1] && a[8] == b[8] && get16(a + 6) == get16(b + 6) && s[12] == t[12] &&
         ((s[13] ^ t[13]) & ~free) == 0 && (t[13] & FLAG_CWR) == 0 && memcmp(s + 8, t + 8, 4) == 0 &&
         memcmp(s + 14, t + 14, 2) == 0 &&
         memcmp(s + TCP_HEADER, t + TCP_HEADER, header - IP_HEADER - TCP_HEADER) == 0;
}

static int follows(const struct group *group, const uint8_t *head, const uint8_t *packet, size_t length) {
  size_t octets = length - group->header;
  int has_own = get16(packet + 4) == (group->identification & 0xffff);
  return !group->closed && is_alike(head, packet, group->header) && length > group->header &&
         octets <= group->size && group->length + octets <= MOST &&
         get32(packet + IP_HEADER + 4) == group->sequence &&
         (has_own || (get16(packet + 6) & DONT_FRAGMENT) != 0);
}

static void open_group(struct group *group, const uint8_t *packet, size_t length, int i, int candidate) {
  *group = (struct group){ .first = i, .last = i, .count = 1, .closed = 1 };
  group->length = (unsigned)length;
  if (!candidate) return;
  const uint8_t *tcp = packet + IP_HEADER;
  group->closed = (tcp[13] & (FLAG_FIN | FLAG_PSH)) != 0;
  group->header = IP_HEADER + (unsigned)(tcp[12] >> 4) * 4;
  group->size = (unsigned)length - group->header;
  group->sequence = get32(tcp + 4) + group->size;
  group->identification = get16(packet + 4) + 1;
}

static void append(struct group *group, const uint8_t *packet, size_t length, int i, int *next) {
  unsigned octets = (unsigned)length - group->header;
  uint8_t flags = packet[IP_HEADER + 13];
  next[group->last] = i;
  group->last = i;
  group->count++;
  group->length += octets;
  group->sequence += octets;
  group->identification++;
  group->closed = octets < group->size || (flags & (FLAG_FIN | FLAG_PSH)) != 0;
}

/* The header of the whole: its length, what its last segment says, the checksum of what is not data. */
static void finish_group(uint8_t *head, const uint8_t *last, const struct group *group) {
  put16(head + 2, group->length);
  write_ip_checksum(head);
  head[IP_HEADER + 13] |= last[IP_HEADER + 13] & (FLAG_FIN | FLAG_PSH);
  store(head + IP_HEADER + 16, fold(pseudo(head, group->length - IP_HEADER)));
}

/* What cannot be put together with its flow must not be overtaken by it either. */
static void close_flows(const uint8_t *packet, size_t length, uint8_t *slab, const int32_t *offsets,
                        struct group *groups, size_t made) {
  if (length < IP_HEADER || packet[9] != PROTO_TCP) return;
  for (size_t back = 1; back <= made && back <= OPEN_GROUPS; back++) {
    struct group *group = &groups[made - back];
    if (group->closed || memcmp(slab + offsets[group->first] + 12, packet + 12, 8) != 0) continue;
    group->closed = 1;
  }
}

size_t join(uint8_t *slab, const int32_t *offsets, const int32_t *lengths, size_t count,
            struct group *groups, int *next) {
  size_t made = 0;
  for (size_t i = 0; i < count; i++) {
    uint8_t *packet = slab + offsets[i];
    size_t length = (size_t)lengths[i];
    int candidate = is_candidate(packet, length), is_taken = 0;
    next[i] = 0;
    if (!candidate) close_flows(packet, length, slab, offsets, groups, made);
    /* The newest group of its flow is the one it may follow: nothing overtakes anything in a flow. */
    for (size_t back = 1; candidate && back <= made && back <= OPEN_GROUPS; back++) {
      struct group *group = &groups[made - back];
      uint8_t *head = slab + offsets[group->first];
      size_t head_length = (size_t)lengths[group->first];
      if (group->header == 0 || !is_same_flow(head, packet)) continue;
      if (follows(group, head, packet, length) && is_sound(packet, length) &&
          (group->count > 1 || is_sound(head, head_length))) {
        append(group, packet, length, (int)i, next);
        is_taken = 1;
      } else {
        group->closed = 1;
      }
      break;
    }
    if (!is_taken) open_group(&groups[made++], packet, length, (int)i, candidate);
  }
  for (size_t g = 0; g < made; g++) {
    if (groups[g].count == 1) continue;
    finish_group(slab + offsets[groups[g].first], slab + offsets[groups[g].last], &groups[g]);
  }
  return made;
}

struct offload group_offload(const uint8_t *packet, const struct group *group) {
  struct offload about = { 0 };
  if (group->count == 1) return about;
  about.flags = OFFLOAD_CHECKSUM;
  about.type = OFFLOAD_TCP4;
  if ((packet[IP_HEADER + 13] & FLAG_CWR) != 0) about.type |= OFFLOAD_ECN;
  about.header = (uint16_t)group->header;
  about.size = (uint16_t)group->size;
  about.start = IP_HEADER;
  about.offset = 16;
  return about;
}

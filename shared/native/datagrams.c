/*
 * Datagrams of one UDP port, many a message: UDP_GRO puts those of one sender together that have one
 * size, UDP_SEGMENT sends them so. JavaScript sees whole IPv4 packets in both directions; the headers
 * of received ones are written here from what the kernel tells.
 */
#include "helper.h"
#include "segments.h"

/* Beside the sender's port: what the first message may take; segments the kernel puts together. */
enum { HEADERS = IP_HEADER + UDP_HEADER, MESSAGES = 16, TOGETHER = 64, MOST_OCTETS = 65535 - HEADERS,
       DISCOVER_PROBE = 3, DISCOVER_OMIT = 5, STATE = 2 };

struct arrival { uint8_t type_of_service; size_t size; };

static struct arrival arrival_of(const struct k_msghdr *header, size_t length) {
  struct arrival arrival = { 0, length };
  const struct k_cmsghdr *cmsg;
  size_t at = 0;
  while ((cmsg = next_control(header, &at)) != NULL) {
    const uint8_t *data = (const uint8_t *)(cmsg + 1);
    size_t octets = cmsg->length - sizeof *cmsg;
    if (cmsg->level == LEVEL_IP && cmsg->type == CMSG_IP_TOS && octets >= 1) {
      arrival.type_of_service = data[0];
    } else if (cmsg->level == LEVEL_UDP && cmsg->type == CMSG_UDP_GRO && octets >= 4) {
      int32_t size;
      memcpy(&size, data, 4);
      if (size > 0 && (size_t)size < length) arrival.size = (size_t)size;
    }
  }
  return arrival;
}

/* The headers before a datagram of `length` octets. The kernel has checked its checksum: it has none. */
static void write_headers(uint8_t *packet, size_t length, uint8_t type_of_service, const uint8_t *meta,
                          const uint8_t *local) {
  uint8_t *udp = packet + IP_HEADER;
  int32_t ttl;
  memcpy(&ttl, meta + 16, 4);
  packet[0] = 0x45;
  packet[1] = type_of_service;
  put16(packet + 2, (unsigned)(length + HEADERS));
  put32(packet + 4, 0);
  packet[8] = (uint8_t)ttl;
  packet[9] = PROTO_UDP;
  memcpy(packet + 12, meta + 4, 4);
  memcpy(packet + 16, local, 4);
  write_ip_checksum(packet);
  memcpy(udp, meta + 2, 2);
  memcpy(udp + 2, local + 4, 2);
  put16(udp + 4, (unsigned)(length + UDP_HEADER));
  put16(udp + 6, 0);
}

/* Packet i of the batch: its headers, where it is, and what is told of it. */
static void put_packet(const struct batch *batch, size_t i, uint8_t *packet, size_t octets, struct arrival arrival,
                       uint8_t *meta, const uint8_t *about, const uint8_t *local) {
  if (about != meta + i * META) memcpy(meta + i * META, about, META);
  write_headers(packet, octets, arrival.type_of_service, about, local);
  batch->offsets[i] = (int32_t)(packet - batch->slab.data);
  batch->lengths[i] = (int32_t)(octets + HEADERS);
}

/*
 * udpReceive(fd, slab, offsets, lengths, slot, headroom, meta, local, runs, about): datagrams as IPv4
 * packets, or the error if there was none. `local` is our address and port, six octets. Without `runs` all
 * stand for themselves.
 */
napi_value udp_receive(napi_env env, napi_callback_info info) {
  napi_value v[10];
  struct batch batch;
  struct k_mmsghdr messages[MESSAGES];
  struct k_iovec iov[MESSAGES];
  uint8_t names[MESSAGES][32];
  _Alignas(8) uint8_t controls[MESSAGES][CONTROL];
  arguments(env, info, v, 10);
  struct bytes meta = bytes_of(env, v[6]), local = bytes_of(env, v[7]);
  int64_t slot = number_of(env, v[4]), headroom = number_of(env, v[5]);
  if (!take_batch(env, v, &batch) || meta.data == NULL || local.length < 6) return result(env, -ERR_INVAL);
  if (headroom < 0 || headroom > 4096 || slot <= headroom + HEADERS) return result(env, -ERR_INVAL);
  size_t room = (size_t)headroom + HEADERS, count = 0, used = 0, slots = batch.slab.length / (size_t)slot;
  struct runs runs = take_runs(env, v + 8, &batch);
  clear_runs(&runs);
  size_t capacity = meta.length / META < batch.capacity ? meta.length / META : batch.capacity;
  while (count < BATCH && used < slots && count + MESSAGES * TOGETHER <= capacity) {
    size_t wanted = slots - used < MESSAGES ? slots - used : MESSAGES;
    for (size_t i = 0; i < wanted; i++) {
      for (size_t j = 0; j < 8; j++) names[i][j] = 0;
      iov[i] = (struct k_iovec){ batch.slab.data + (used + i) * (size_t)slot + room, (size_t)slot - room };
      messages[i].header =
          (struct k_msghdr){ names[i], sizeof names[i], &iov[i], 1, controls[i], CONTROL, 0 };
      messages[i].length = 0;
    }
    long got = SYSCALL5(NR_RECVMMSG, batch.fd, messages, wanted, FLAG_DONTWAIT, 0);
    if (got < 0 && count == 0) return result(env, got);
    for (long m = 0; m < got; m++) {
      size_t length = messages[m].length, begin = (used + (size_t)m) * (size_t)slot;
      struct arrival arrival = arrival_of(&messages[m].header, length);
      size_t segments = length == 0 ? 1 : (length + arrival.size - 1) / arrival.size;
      size_t stride = segments == 1 ? 0 : (room + arrival.size + 7) & ~(size_t)7;
      if ((messages[m].header.flags & FLAG_TRUNCATED) != 0 || segments > TOGETHER) continue;
      if ((segments - 1) * stride + room + arrival.size > (size_t)slot) continue;
      uint8_t *about = meta.data + count * META;
      describe(about, &messages[m].header, names[m]);
      uint8_t *data = batch.slab.data + begin + room;
      size_t together = segments < 2 ? 1 : note_datagrams(&runs, &batch, count, (struct run){ 0, begin + room, length, arrival.size, 0, room });
      /* From the last to the first, since each one moves up to where another one was. */
      for (size_t s = segments; s-- > together;) {
        size_t left = length - s * arrival.size, octets = left < arrival.size ? left : arrival.size;
        size_t i = count + 1 + s - together;
        memmove(data + s * stride, data + s * arrival.size, octets);
        put_packet(&batch, i, data + s * stride - HEADERS, octets, arrival, meta.data, about, local.data);
        if (runs.of != NULL) runs.of[i] = 0;
      }
      put_packet(&batch, count, data - HEADERS, arrival.size, arrival, meta.data, about, local.data);
      if (runs.of != NULL && together == 1) runs.of[count] = 0;
      count += segments - together + 1;
    }
    if (got < (long)wanted) break;
    used += wanted;
  }
  return result(env, (long)count);
}

/* Datagrams that go as one message: to one address, with one header, all of one size but the last. */
struct message { size_t first, count, octets; };

static const uint8_t *packet_of(const struct batch *batch, size_t i) {
  return batch->slab.data + batch->offsets[i];
}

static int is_datagram(const struct batch *batch, size_t i) {
  return inside(batch, i) && batch->lengths[i] > HEADERS && packet_of(batch, i)[0] == 0x45;
}

static int goes_with(const struct batch *batch, const struct message *message, size_t i) {
  const uint8_t *a = packet_of(batch, message->first), *b = packet_of(batch, i);
  int32_t size = batch->lengths[message->first];
  return message->count < TOGETHER && batch->lengths[i] <= size &&
         batch->lengths[message->first + message->count - 1] == size &&
         message->octets + (size_t)batch->lengths[i] - HEADERS <= MOST_OCTETS && a[1] == b[1] &&
         ((a[6] ^ b[6]) & 0x40) == 0 && memcmp(a + 16, b + 16, 4) == 0 && memcmp(a + 22, b + 22, 2) == 0;
}

struct sending {
  struct k_mmsghdr messages[BATCH];
  struct k_iovec pieces[2 * BATCH];
  struct k_sockaddr_in names[BATCH];
  _Alignas(8) uint8_t controls[BATCH][CONTROL];
  struct message about[BATCH];
  size_t count, used;
};

static uint8_t *put_control(uint8_t *at, int32_t level, int32_t type, const void *value, size_t length) {
  struct k_cmsghdr header = { sizeof header + length, level, type };
  memcpy(at, &header, sizeof header);
  memcpy(at + sizeof header, value, length);
  return at + ((header.length + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1));
}

static void prepare(struct sending *sending, const struct batch *batch, struct message about) {
  size_t m = sending->count++;
  const uint8_t *packet = packet_of(batch, about.first);
  int32_t type_of_service = packet[1];
  uint16_t size = (uint16_t)(batch->lengths[about.first] - HEADERS);
  struct k_iovec *pieces = &sending->pieces[sending->used];
  for (size_t i = 0; i < about.count; i++) {
    pieces[i] = (struct k_iovec){ batch->slab.data + batch->offsets[about.first + i] + HEADERS,
                                  (size_t)batch->lengths[about.first + i] - HEADERS };
  }
  sending->used += about.count;
  sending->about[m] = about;
  sending->names[m] = (struct k_sockaddr_in){ .family = FAMILY_INET };
  memcpy(sending->names[m].address, packet + 16, 4);
  memcpy(sending->names[m].port, packet + 22, 2);
  uint8_t *control = sending->controls[m], *end;
  end = put_control(control, LEVEL_IP, CMSG_IP_TOS, &type_of_service, sizeof type_of_service);
  if (about.count > 1) end = put_control(end, LEVEL_UDP, CMSG_UDP_SEGMENT, &size, sizeof size);
  sending->messages[m].header =
      (struct k_msghdr){ &sending->names[m], sizeof sending->names[m], pieces, about.count,
                         control, (size_t)(end - control), 0 };
  sending->messages[m].length = 0;
}

/* The datagrams of one message, one by one: the device, or the path, does not take them together. */
static long send_singly(int fd, struct k_msghdr message, size_t count) {
  long taken = 0;
  struct k_iovec *pieces = message.iov;
  struct k_cmsghdr first;
  memcpy(&first, message.control, sizeof first);
  message.control_length = (first.length + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1);
  message.iov_count = 1;
  for (size_t i = 0; i < count; i++) {
    message.iov = &pieces[i];
    if (SYSCALL3(NR_SENDMSG, fd, &message, FLAG_DONTWAIT) >= 0) taken++;
  }
  return taken;
}

static long flush(int fd, struct sending *sending, int32_t *state) {
  long taken = 0;
  for (size_t at = 0; at < sending->count;) {
    long sent = SYSCALL5(NR_SENDMMSG, fd, sending->messages + at, sending->count - at, FLAG_DONTWAIT, 0);
    for (long i = 0; i < sent; i++) taken += (long)sending->about[at + (size_t)i].count;
    if (sent > 0) {
      at += (size_t)sent;
      continue;
    }
    if (sent == -ERR_AGAIN || sent == -ERR_NOBUFS) break;
    const struct message *about = &sending->about[at];
    if (about->count > 1) taken += send_singly(fd, sending->messages[at].header, about->count);
    /* Kernels before 6.11 answer so for good where the device cannot do checksums. */
    if (sent == -ERR_IO && about->count > 1) state[1] = 1;
    at++;
  }
  sending->count = 0;
  sending->used = 0;
  return taken;
}

/* Prepares messages of packets, and sends them when there is no place for more; how many were taken. */
static long put_all(struct sending *sending, const struct batch *batch, size_t count, int32_t *state) {
  long taken = 0;
  for (size_t i = 0; i < count;) {
    if (!is_datagram(batch, i)) {
      i++;
      continue;
    }
    struct message about = { i, 1, (size_t)batch->lengths[i] - HEADERS };
    int32_t discover = (packet_of(batch, i)[6] & 0x40) != 0 ? DISCOVER_PROBE : DISCOVER_OMIT;
    for (i++; i < count && state[1] == 0 && is_datagram(batch, i) && goes_with(batch, &about, i); i++) {
      about.octets += (size_t)batch->lengths[i] - HEADERS;
      about.count++;
    }
    int is_full = sending->count == BATCH || sending->used + about.count > 2 * BATCH;
    if (is_full || discover != state[0]) taken += flush(batch->fd, sending, state);
    if (discover != state[0]) {
      SYSCALL5(NR_SETSOCKOPT, batch->fd, LEVEL_IP, OPTION_MTU_DISCOVER, &discover, sizeof discover);
      state[0] = discover;
    }
    prepare(sending, batch, about);
  }
  return taken;
}

/*
 * udpSend(fd, slab, offsets, lengths, count, state, runs, about): IPv4 packets with UDP headers from the
 * socket's own port, each to its header's destination, with its TOS and its DF bit; how many were taken,
 * each of a run counted. `state` is kept for the socket: how DF is set now (IP_MTU_DISCOVER), and whether
 * messages have one datagram only.
 */
napi_value udp_send(napi_env env, napi_callback_info info) {
  napi_value v[8];
  struct batch batch;
  struct sending sending;
  int32_t offsets[MOST_SEGMENTS], lengths[MOST_SEGMENTS];
  long taken = 0;
  arguments(env, info, v, 8);
  size_t count = (size_t)number_of(env, v[4]);
  struct bytes bytes = bytes_of(env, v[5]);
  int32_t *state = (int32_t *)bytes.data;
  if (!take_batch(env, v, &batch) || count > batch.capacity || bytes.length < STATE * sizeof *state) {
    return result(env, -ERR_INVAL);
  }
  struct runs runs = take_runs(env, v + 6, &batch);
  sending.count = 0;
  sending.used = 0;
  for (size_t i = 0; i < count;) {
    struct run run;
    if (get_run(&batch, &runs, i, &run)) {
      struct places to = { offsets, lengths, MOST_SEGMENTS };
      struct batch list = { batch.fd, batch.slab, offsets, lengths, MOST_SEGMENTS };
      taken += put_all(&sending, &list, spread_run(&batch, i, &run, to), state);
      i++;
      continue;
    }
    struct batch list = { batch.fd, batch.slab, batch.offsets + i, batch.lengths + i, batch.capacity - i };
    size_t size = 1;
    while (i + size < count && (runs.of == NULL || runs.of[i + size] == 0)) size++;
    taken += put_all(&sending, &list, size, state);
    i += size;
  }
  taken += flush(batch.fd, &sending, state);
  return result(env, taken);
}

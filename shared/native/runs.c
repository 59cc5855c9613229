/*
 * Runs: segments of TCP connections that follow each other and differ in nothing that a router looks at:
 * addresses, TOS, TTL, DF, and no SYN among them. JavaScript sees the first one as the packet that it is;
 * what it decides about that one, and writes before it, is so for all. The others are made of it here, when
 * the packet leaves, or when JavaScript wants each by itself.
 *
 * There are two kinds: a superpacket that a TUN device gave, which is still in one piece, and datagrams of
 * one message, which stand one behind the other.
 */
#include "helper.h"

/* Places of a run in `about`: what struct run has, with the octets of all after the count. */
enum { RUN = 8, COUNT = 0, OCTETS, AT, LENGTH, STEP, HEADERS_LENGTH, ROOM };
enum { HEADERS = IP_HEADER + UDP_HEADER, MOST_ROOM = 4096 };
/* A tunnel message (RFC 3519 §3.3): its header, and what may be next in it. */
enum { MIP_HEADER = 4, NEXT_IP = 4, NEXT_GRE = 47, GRE_HEADER = 4, GRE_KEY = 0x20 };

struct runs take_runs(napi_env env, napi_value *v, const struct batch *batch) {
  struct bytes of = bytes_of(env, v[0]), about = bytes_of(env, v[1]);
  struct runs runs = { (int32_t *)of.data, (int32_t *)about.data, about.length / (RUN * sizeof(int32_t)) };
  if (of.length / sizeof(int32_t) < batch->capacity || runs.most < 2) runs.of = NULL;
  return runs;
}

/* The first place says how many there are, and how many packets they stand for beyond their own. */
void clear_runs(const struct runs *runs) {
  if (runs->of == NULL) return;
  runs->about[0] = 0;
  runs->about[1] = 0;
}

int32_t note_run(const struct runs *runs, const struct run *run, size_t octets) {
  int32_t number = runs->about[0] + 1;
  if (number < 1 || (size_t)number >= runs->most) return 0;
  int32_t *place = runs->about + RUN * number;
  place[COUNT] = (int32_t)run->count;
  place[OCTETS] = (int32_t)octets;
  place[AT] = (int32_t)run->at;
  place[LENGTH] = (int32_t)run->length;
  place[STEP] = (int32_t)run->step;
  place[HEADERS_LENGTH] = (int32_t)run->headers;
  place[ROOM] = (int32_t)run->room;
  runs->about[0] = number;
  runs->about[1] += (int32_t)run->count - 1;
  return number;
}

int get_run(const struct batch *batch, const struct runs *runs, size_t i, struct run *run) {
  if (runs->of == NULL || runs->of[i] <= 0 || (size_t)runs->of[i] >= runs->most) return 0;
  const int32_t *place = runs->about + RUN * runs->of[i];
  for (int field = 0; field <= ROOM; field++) if (place[field] < 0) return 0;
  *run = (struct run){ (size_t)place[COUNT], (size_t)place[AT], (size_t)place[LENGTH], (size_t)place[STEP],
                       (size_t)place[HEADERS_LENGTH], (size_t)place[ROOM] };
  if (run->count < 2 || run->count > MOST_SEGMENTS || run->step == 0 || run->step > 65535) return 0;
  if (run->room < HEADERS || run->room > MOST_ROOM || run->at < run->room) return 0;
  if (run->length > 65535 || run->at + run->length > batch->slab.length) return 0;
  return run->headers > 0 || (run->count - 1) * run->step < run->length;
}

/* Octets before the packet inside; 0: there is none, or one of those that have something of their own. */
static size_t prefix_of(const uint8_t *message, size_t length) {
  size_t at = MIP_HEADER;
  if (length < MIP_HEADER + GRE_HEADER) return 0;
  if (message[1] == NEXT_GRE) {
    /* Without checksum and number. */
    if ((message[at] & ~GRE_KEY) != 0 || message[at + 1] != 0 || get16(message + at + 2) != 0x0800) return 0;
    at += message[at] == 0 ? GRE_HEADER : 2 * GRE_HEADER;
  } else if (message[1] != NEXT_IP) {
    return 0;
  }
  return at < length ? at : 0;
}

/* May what holds for the one packet inside hold for the other? */
static int is_like(const uint8_t *a, const uint8_t *b, size_t length) {
  return is_candidate(b, length) && a[1] == b[1] && a[8] == b[8] && get16(a + 6) == get16(b + 6) &&
         memcmp(a + 12, b + 12, 8) == 0;
}

size_t note_datagrams(const struct runs *runs, const struct batch *batch, size_t i, struct run run) {
  const uint8_t *data = batch->slab.data + run.at;
  size_t prefix = prefix_of(data, run.step), length = run.length;
  if (runs->of == NULL || prefix == 0 || !is_candidate(data + prefix, run.step - prefix)) return 1;
  for (run.count = 1; run.count * run.step < length; run.count++) {
    const uint8_t *other = data + run.count * run.step;
    size_t left = length - run.count * run.step, octets = left < run.step ? left : run.step;
    if (octets <= prefix || memcmp(data, other, prefix) != 0) break;
    if (!is_like(data + prefix, other + prefix, octets - prefix)) break;
  }
  if (run.count * run.step < length) run.length = run.count * run.step;
  if (run.count > 1) runs->of[i] = note_run(runs, &run, run.length - run.count * prefix);
  return run.count > 1 && runs->of[i] > 0 ? run.count : 1;
}

/* Length, Identification and checksum of an outer header that was written for the first segment. */
static void fit_header(uint8_t *packet, size_t length, size_t i) {
  put16(packet + 2, (unsigned)length);
  put16(packet + 4, (get16(packet + 4) + (unsigned)i) & 0xffff);
  write_ip_checksum(packet);
  if (packet[9] == PROTO_UDP) put16(packet + IP_HEADER + 4, (unsigned)length - IP_HEADER);
}

/* A superpacket, cut where it is; what stands before it is before each then. */
static size_t cut_run(const struct batch *batch, size_t before, const struct run *run, struct places to) {
  uint8_t *slab = batch->slab.data;
  struct offload about = { OFFLOAD_CHECKSUM, OFFLOAD_TCP4, (uint16_t)run->headers, (uint16_t)run->step, 0, 0 };
  if (before > run->room || (before > 0 && before < IP_HEADER)) return 0;
  size_t count = cut(slab, run->at, run->length, &about, run->room, batch->slab.length, to);
  for (size_t i = count; before > 0 && i-- > 0;) {
    uint8_t *outer = slab + to.offsets[i] - before;
    if (i > 0) memcpy(outer, slab + run->at - before, before);
    to.offsets[i] -= (int32_t)before;
    to.lengths[i] += (int32_t)before;
    if ((outer[0] & 15) * 4 == IP_HEADER) fit_header(outer, (size_t)to.lengths[i], i);
  }
  return count;
}

/* Datagrams of one message: where they are, without what stands before them inside. */
static size_t list_run(size_t inside, const struct run *run, struct places to) {
  if (inside >= run->step || run->count > to.room) return 0;
  for (size_t i = 0; i < run->count; i++) {
    size_t left = run->length - i * run->step, octets = left < run->step ? left : run->step;
    if (octets <= inside) return 0;
    to.offsets[i] = (int32_t)(run->at + i * run->step + inside);
    to.lengths[i] = (int32_t)(octets - inside);
  }
  return run->count;
}

/* The same datagrams as packets: moved apart, each with the headers of the first. */
static size_t part_run(const struct batch *batch, const struct run *run, struct places to) {
  uint8_t *slab = batch->slab.data, *first = slab + run->at - HEADERS;
  size_t stride = (run->room + run->step + 7) & ~(size_t)7;
  if (run->count > to.room || run->at + (run->count - 1) * stride + run->step > batch->slab.length) return 0;
  for (size_t i = run->count; i-- > 0;) {
    size_t left = run->length - i * run->step, octets = left < run->step ? left : run->step;
    uint8_t *packet = first + i * stride;
    if (i > 0) {
      memmove(packet + HEADERS, slab + run->at + i * run->step, octets);
      memcpy(packet, first, HEADERS);
    }
    fit_header(packet, octets + HEADERS, 0);
    to.offsets[i] = (int32_t)(packet - slab);
    to.lengths[i] = (int32_t)(octets + HEADERS);
  }
  return run->count;
}

size_t spread_run(const struct batch *batch, size_t i, const struct run *run, struct places to) {
  if (!inside(batch, i)) return 0;
  size_t offset = (size_t)batch->offsets[i];
  if (run->headers > 0) return offset > run->at ? 0 : cut_run(batch, run->at - offset, run, to);
  if (offset >= run->at) return list_run(offset - run->at, run, to);
  return run->at - offset == HEADERS ? part_run(batch, run, to) : 0;
}

/*
 * spread(slab, offsets, lengths, i, runs, about, offsets, lengths): each segment of packet i, in the last
 * two; how many there are
 */
napi_value spread(napi_env env, napi_callback_info info) {
  napi_value v[8], batch_arguments[4];
  struct batch batch;
  struct run run;
  arguments(env, info, v, 8);
  batch_arguments[0] = v[3];
  for (size_t i = 0; i < 3; i++) batch_arguments[i + 1] = v[i];
  struct bytes offsets = bytes_of(env, v[6]), lengths = bytes_of(env, v[7]);
  int64_t i = number_of(env, v[3]);
  if (!take_batch(env, batch_arguments, &batch) || i < 0 || i >= (int64_t)batch.capacity) {
    return result(env, -ERR_INVAL);
  }
  struct runs runs = take_runs(env, v + 4, &batch);
  struct places to = { (int32_t *)offsets.data, (int32_t *)lengths.data,
                       (offsets.length < lengths.length ? offsets.length : lengths.length) / sizeof(int32_t) };
  if (!get_run(&batch, &runs, (size_t)i, &run)) return result(env, -ERR_INVAL);
  return result(env, (long)spread_run(&batch, (size_t)i, &run, to));
}

/*
 * Packets in and out, many a call.
 *
 * A batch is one allocation of equal slots with two Int32Arrays beside it: where each packet
 * begins and how long it is. Every index is checked here against the array it points into, so no
 * value from JavaScript can make the kernel read or write outside the allocation.
 */
#include "helper.h"

/* Arguments 0..3 of every batch function: fd, slab, offsets, lengths. */
int take_batch(napi_env env, napi_value *v, struct batch *batch) {
  struct bytes offsets = bytes_of(env, v[2]), lengths = bytes_of(env, v[3]);
  batch->fd = (int)number_of(env, v[0]);
  batch->slab = bytes_of(env, v[1]);
  batch->offsets = (int32_t *)offsets.data;
  batch->lengths = (int32_t *)lengths.data;
  batch->capacity = (offsets.length < lengths.length ? offsets.length : lengths.length) / 4;
  return batch->slab.data != NULL && offsets.data != NULL && lengths.data != NULL;
}

/* For receiving, arguments 4 and 5: octets a slot, headroom. Returns the slots to use, 0 if wrong. */
static size_t take_slots(napi_env env, napi_value *v, struct batch *batch, size_t *slot, size_t *room) {
  if (!take_batch(env, v, batch)) return 0;
  int64_t size = number_of(env, v[4]), headroom = number_of(env, v[5]);
  if (headroom < 0 || size <= headroom || size > (int64_t)batch->slab.length) return 0;
  *slot = (size_t)size;
  *room = (size_t)headroom;
  size_t slots = batch->slab.length / (size_t)size;
  if (slots > batch->capacity) slots = batch->capacity;
  return slots > BATCH ? BATCH : slots;
}

int inside(const struct batch *batch, size_t i) {
  int64_t offset = batch->offsets[i], length = batch->lengths[i];
  return offset >= 0 && length >= 0 && offset + length <= (int64_t)batch->slab.length;
}

/* readBatch(fd, slab, offsets, lengths, slot, headroom): packets read, or the error if none was */
napi_value read_batch(napi_env env, napi_callback_info info) {
  napi_value v[6];
  struct batch batch;
  size_t slot = 0, room = 0, count = 0;
  arguments(env, info, v, 6);
  size_t slots = take_slots(env, v, &batch, &slot, &room);
  if (slots == 0) return result(env, -ERR_INVAL);
  while (count < slots) {
    size_t offset = count * slot + room;
    long length = SYSCALL3(NR_READ, batch.fd, batch.slab.data + offset, slot - room);
    if (length <= 0) {
      if (count > 0) break;
      return result(env, length);
    }
    batch.offsets[count] = (int32_t)offset;
    batch.lengths[count] = (int32_t)length;
    count++;
  }
  return result(env, (long)count);
}

const struct k_cmsghdr *next_control(const struct k_msghdr *header, size_t *at) {
  if (header->control_length < *at + sizeof(struct k_cmsghdr)) return NULL;
  const struct k_cmsghdr *cmsg = (const void *)((const uint8_t *)header->control + *at);
  if (cmsg->length < sizeof *cmsg || cmsg->length > header->control_length - *at) return NULL;
  *at += (cmsg->length + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1);
  return cmsg;
}

void describe(uint8_t *meta, const struct k_msghdr *header, const uint8_t *name) {
  const struct k_cmsghdr *cmsg;
  size_t at = 0;
  for (size_t i = 0; i < META; i++) meta[i] = 0;
  memcpy(meta, name, 8);
  memcpy(meta + 24, &header->flags, 4);
  while ((cmsg = next_control(header, &at)) != NULL) {
    const uint8_t *data = (const uint8_t *)(cmsg + 1);
    size_t length = cmsg->length - sizeof *cmsg;
    if (cmsg->level == LEVEL_IP && cmsg->type == CMSG_IP_PKTINFO && length >= 12) {
      memcpy(meta + 8, data, 4);
      memcpy(meta + 12, data + 8, 4);
    } else if (cmsg->level == LEVEL_IP && cmsg->type == CMSG_IP_TTL && length >= 4) {
      memcpy(meta + 16, data, 4);
    } else if (cmsg->level == LEVEL_PACKET && cmsg->type == CMSG_PACKET_AUXDATA && length >= 4) {
      memcpy(meta + 20, data, 4);
    }
  }
}

/* receiveBatch(fd, slab, offsets, lengths, slot, headroom, meta): messages, or the error if none */
napi_value receive_batch(napi_env env, napi_callback_info info) {
  napi_value v[7];
  struct batch batch;
  size_t slot = 0, room = 0;
  struct k_mmsghdr messages[BATCH];
  struct k_iovec iov[BATCH];
  uint8_t names[BATCH][32];
  _Alignas(8) uint8_t controls[BATCH][CONTROL];
  arguments(env, info, v, 7);
  size_t slots = take_slots(env, v, &batch, &slot, &room);
  struct bytes meta = bytes_of(env, v[6]);
  if (meta.data != NULL && slots > meta.length / META) slots = meta.length / META;
  if (slots == 0) return result(env, -ERR_INVAL);
  for (size_t i = 0; i < slots; i++) {
    iov[i] = (struct k_iovec){ batch.slab.data + i * slot + room, slot - room };
    messages[i].header = (struct k_msghdr){ names[i], sizeof names[i], &iov[i], 1, NULL, 0, 0 };
    messages[i].length = 0;
    if (meta.data == NULL) continue;
    for (size_t j = 0; j < 8; j++) names[i][j] = 0;
    messages[i].header.control = controls[i];
    messages[i].header.control_length = CONTROL;
  }
  long count = SYSCALL5(NR_RECVMMSG, batch.fd, messages, slots, FLAG_DONTWAIT, 0);
  for (long i = 0; i < count; i++) {
    batch.offsets[i] = (int32_t)((size_t)i * slot + room);
    batch.lengths[i] = (int32_t)messages[i].length;
    if (meta.data != NULL) describe(meta.data + (size_t)i * META, &messages[i].header, names[i]);
  }
  return result(env, count);
}

/* writeBatch(fd, slab, offsets, lengths, count): packets that the kernel took */
napi_value write_batch(napi_env env, napi_callback_info info) {
  napi_value v[5];
  struct batch batch;
  long taken = 0;
  arguments(env, info, v, 5);
  size_t count = (size_t)number_of(env, v[4]);
  if (!take_batch(env, v, &batch) || count > batch.capacity) return result(env, -ERR_INVAL);
  for (size_t i = 0; i < count; i++) {
    if (!inside(&batch, i)) continue;
    if (SYSCALL3(NR_WRITE, batch.fd, batch.slab.data + batch.offsets[i], batch.lengths[i]) >= 0) taken++;
  }
  return result(env, taken);
}

/* One sendmmsg round over `count` prepared messages; a packet the kernel refuses is passed over. */
static long send_all(int fd, struct k_mmsghdr *messages, size_t count, int *full) {
  long taken = 0;
  for (size_t at = 0; at < count && !*full;) {
    long sent = SYSCALL5(NR_SENDMMSG, fd, messages + at, count - at, FLAG_DONTWAIT, 0);
    if (sent > 0) {
      taken += sent;
      at += (size_t)sent;
    } else {
      *full = sent == -ERR_AGAIN || sent == -ERR_NOBUFS;
      at++;
    }
  }
  return taken;
}

/* Each to its header's destination; how many were taken. */
static long send_list(const struct batch *batch, size_t count, int *full) {
  struct k_mmsghdr messages[BATCH];
  struct k_iovec iov[BATCH];
  struct k_sockaddr_in names[BATCH];
  long taken = 0;
  for (size_t next = 0; next < count && !*full;) {
    size_t ready = 0;
    for (; next < count && ready < BATCH; next++) {
      if (!inside(batch, next) || batch->lengths[next] < IP_HEADER) continue;
      uint8_t *packet = batch->slab.data + batch->offsets[next];
      names[ready] = (struct k_sockaddr_in){ .family = FAMILY_INET };
      memcpy(names[ready].address, packet + 16, 4);
      iov[ready] = (struct k_iovec){ packet, (size_t)batch->lengths[next] };
      messages[ready].header =
          (struct k_msghdr){ &names[ready], sizeof names[ready], &iov[ready], 1, NULL, 0, 0 };
      messages[ready].length = 0;
      ready++;
    }
    taken += send_all(batch->fd, messages, ready, full);
  }
  return taken;
}

/* sendBatch(fd, slab, offsets, lengths, count, runs, about): IPv4 packets; taken, each of a run counted */
napi_value send_batch(napi_env env, napi_callback_info info) {
  napi_value v[7];
  struct batch batch;
  int32_t offsets[MOST_SEGMENTS], lengths[MOST_SEGMENTS];
  long taken = 0;
  int full = 0;
  arguments(env, info, v, 7);
  size_t count = (size_t)number_of(env, v[4]);
  if (!take_batch(env, v, &batch) || count > batch.capacity) return result(env, -ERR_INVAL);
  struct runs runs = take_runs(env, v + 5, &batch);
  for (size_t i = 0; i < count && !full;) {
    struct run run;
    if (get_run(&batch, &runs, i, &run)) {
      struct places to = { offsets, lengths, MOST_SEGMENTS };
      struct batch list = { batch.fd, batch.slab, offsets, lengths, MOST_SEGMENTS };
      taken += send_list(&list, spread_run(&batch, i, &run, to), &full);
      i++;
      continue;
    }
    struct batch list = { batch.fd, batch.slab, batch.offsets + i, batch.lengths + i, batch.capacity - i };
    size_t size = 1;
    while (i + size < count && (runs.of == NULL || runs.of[i + size] == 0)) size++;
    taken += send_list(&list, size, &full);
    i += size;
  }
  return result(env, taken);
}

/* sendTo(fd, payload, address, ttl): one message; ttl < 0 leaves the socket's own */
napi_value send_to(napi_env env, napi_callback_info info) {
  napi_value v[4];
  struct { struct k_cmsghdr header; int32_t value; int32_t pad; } ttl;
  arguments(env, info, v, 4);
  struct bytes payload = bytes_of(env, v[1]), address = bytes_of(env, v[2]);
  struct k_iovec iov = { payload.data, payload.length };
  struct k_msghdr message = { address.data, (int32_t)address.length, &iov, 1, NULL, 0, 0 };
  int64_t value = number_of(env, v[3]);
  if (value >= 0) {
    ttl.header = (struct k_cmsghdr){ sizeof ttl.header + 4, LEVEL_IP, CMSG_IP_TTL };
    ttl.value = (int32_t)value;
    ttl.pad = 0;
    message.control = &ttl;
    message.control_length = (sizeof ttl.header + 4 + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1);
  }
  return result(env, SYSCALL3(NR_SENDMSG, number_of(env, v[0]), &message, FLAG_DONTWAIT));
}

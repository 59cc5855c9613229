/*
 * A TUN device with IFF_VNET_HDR: superpackets are cut when they are read, and segments that belong
 * together are put together when they are written, so that the kernel's own work is done once for
 * many. In between there are only packets as they are on a wire.
 */
#include "helper.h"
#include "segments.h"

/* What cutting one superpacket takes at most: 1,366 segments of the smallest size that TCP has. */
enum { MOST_SEGMENTS = 1400, CUT_ROOM = 512 * 1024, PACKET = 65536, CHUNK_PIECES = 2 * JOIN };

/* tunRead(fd, slab, offsets, lengths, headroom): packets read, or the error if none was */
napi_value tun_read(napi_env env, napi_callback_info info) {
  napi_value v[5];
  struct batch batch;
  size_t at = 0, count = 0;
  arguments(env, info, v, 5);
  int64_t headroom = number_of(env, v[4]);
  if (!take_batch(env, v, &batch) || headroom < OFFLOAD || headroom > 4096) return result(env, -ERR_INVAL);
  size_t room = (size_t)headroom;
  while (count < BATCH && count + MOST_SEGMENTS <= batch.capacity && at + CUT_ROOM <= batch.slab.length) {
    uint8_t *packet = batch.slab.data + at + room;
    struct offload about;
    long got = SYSCALL3(NR_READ, batch.fd, packet - OFFLOAD, PACKET + OFFLOAD);
    if (got <= 0) {
      if (count > 0) break;
      return result(env, got);
    }
    if (got < OFFLOAD) continue;
    memcpy(&about, packet - OFFLOAD, OFFLOAD);
    size_t length = (size_t)got - OFFLOAD;
    if (about.type == OFFLOAD_NONE) {
      complete_checksum(packet, length, &about);
      batch.offsets[count] = (int32_t)(at + room);
      batch.lengths[count] = (int32_t)length;
      count++;
    } else {
      struct places to = { batch.offsets + count, batch.lengths + count, batch.capacity - count };
      count += cut(batch.slab.data, at + room, length, &about, room, batch.slab.length, to);
    }
    if (count == 0) continue;
    size_t end = (size_t)batch.offsets[count - 1] + (size_t)batch.lengths[count - 1];
    at = (end + 7) & ~(size_t)7;
  }
  return result(env, (long)count);
}

/* The pieces of one group: what the device is told, the first packet whole, of the others the data. */
static size_t pieces_of(const struct batch *batch, const struct group *group, const int *next,
                        struct offload *about, struct k_iovec *pieces) {
  size_t count = 0;
  uint8_t *head = batch->slab.data + batch->offsets[group->first];
  *about = group_offload(head, group);
  pieces[count++] = (struct k_iovec){ about, OFFLOAD };
  pieces[count++] = (struct k_iovec){ head, (size_t)batch->lengths[group->first] };
  for (int i = next[group->first]; i != 0; i = next[i]) {
    pieces[count++] = (struct k_iovec){ batch->slab.data + batch->offsets[i] + group->header,
                                        (size_t)batch->lengths[i] - group->header };
  }
  return count;
}

/* tunWrite(fd, slab, offsets, lengths, count): packets that the kernel took */
napi_value tun_write(napi_env env, napi_callback_info info) {
  napi_value v[5];
  struct batch batch;
  struct group groups[JOIN];
  struct k_iovec pieces[CHUNK_PIECES];
  int next[JOIN];
  long taken = 0;
  arguments(env, info, v, 5);
  size_t count = (size_t)number_of(env, v[4]);
  if (!take_batch(env, v, &batch) || count > batch.capacity) return result(env, -ERR_INVAL);
  for (size_t i = 0; i < count; i++) {
    if (!inside(&batch, i)) return result(env, -ERR_INVAL);
  }
  for (size_t at = 0; at < count; at += JOIN) {
    struct batch chunk = batch;
    size_t size = count - at < JOIN ? count - at : JOIN;
    chunk.offsets += at;
    chunk.lengths += at;
    size_t made = join(chunk.slab.data, chunk.offsets, chunk.lengths, size, groups, next);
    for (size_t g = 0; g < made; g++) {
      struct offload about;
      size_t length = pieces_of(&chunk, &groups[g], next, &about, pieces);
      if (SYSCALL3(NR_WRITEV, batch.fd, pieces, length) >= 0) taken += groups[g].count;
    }
  }
  return result(env, taken);
}

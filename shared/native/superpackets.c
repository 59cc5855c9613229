/*
 * A TUN device with IFF_VNET_HDR: superpackets are cut when they are read, or when they leave again (runs.c),
 * and segments that belong together are put together when they are written, so that the kernel's own work is
 * done once for many. In between there are only packets as they are on a wire.
 */
#include "helper.h"
#include "segments.h"

/* What cutting one superpacket takes at most. */
enum { CUT_ROOM = 512 * 1024, PACKET = 65536, CHUNK_PIECES = 2 * JOIN };

/*
 * The superpacket of `length` octets at slab + at as the run that it is, with the length of its first segment
 * in its header; 0: it is none. `end`: where it will end when it has been cut.
 */
static int32_t keep_whole(uint8_t *slab, size_t at, size_t length, const struct offload *about, size_t room,
                          const struct runs *runs, size_t *end) {
  uint8_t *packet = slab + at;
  size_t headers = headers_of(packet, length, about), size = about->size;
  if (runs->of == NULL || headers == 0 || packet[9] != PROTO_TCP || packet[0] != 0x45 || length > 65535) return 0;
  if (headers + size >= length) return 0;
  size_t count = (length - headers + size - 1) / size;
  struct run run = { count, at, length, size, headers, room };
  int32_t number = count > MOST_SEGMENTS ? 0 : note_run(runs, &run, length + (count - 1) * headers);
  put16(packet + 2, (unsigned)(number == 0 ? length : headers + size));
  write_ip_checksum(packet);
  *end = at + count * stride_of(headers, size, room);
  return number;
}

/*
 * tunRead(fd, slab, offsets, lengths, headroom, runs, about): packets read, or the error if none was.
 * Without `runs` all are cut.
 */
napi_value tun_read(napi_env env, napi_callback_info info) {
  napi_value v[7];
  struct batch batch;
  size_t at = 0, count = 0, segments = 0;
  arguments(env, info, v, 7);
  int64_t headroom = number_of(env, v[4]);
  if (!take_batch(env, v, &batch) || headroom < OFFLOAD || headroom > 4096) return result(env, -ERR_INVAL);
  size_t room = (size_t)headroom;
  struct runs runs = take_runs(env, v + 5, &batch);
  clear_runs(&runs);
  while (segments < BATCH && count + MOST_SEGMENTS <= batch.capacity && at + CUT_ROOM <= batch.slab.length) {
    uint8_t *packet = batch.slab.data + at + room;
    struct offload about;
    long got = SYSCALL3(NR_READ, batch.fd, packet - OFFLOAD, PACKET + OFFLOAD);
    if (got <= 0) {
      if (count > 0) break;
      return result(env, got);
    }
    if (got < OFFLOAD) continue;
    memcpy(&about, packet - OFFLOAD, OFFLOAD);
    size_t length = (size_t)got - OFFLOAD, end = 0, more = 1;
    int32_t number = 0;
    if (about.type == OFFLOAD_NONE) {
      complete_checksum(packet, length, &about);
    } else {
      number = keep_whole(batch.slab.data, at + room, length, &about, room, &runs, &end);
      if (number > 0) length = (size_t)get16(packet + 2);
    }
    if (about.type == OFFLOAD_NONE || number > 0) {
      batch.offsets[count] = (int32_t)(at + room);
      batch.lengths[count] = (int32_t)length;
    } else {
      struct places to = { batch.offsets + count, batch.lengths + count, batch.capacity - count };
      more = cut(batch.slab.data, at + room, length, &about, room, batch.slab.length, to);
    }
    for (size_t i = 0; runs.of != NULL && i < more; i++) runs.of[count + i] = number;
    count += more;
    segments = count + (runs.of == NULL ? 0 : (size_t)runs.about[1]);
    if (count == 0) continue;
    if (number == 0) end = (size_t)batch.offsets[count - 1] + (size_t)batch.lengths[count - 1];
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

/* Packets that are written together, up to JOIN. */
static long write_chunk(const struct batch *chunk, size_t count) {
  struct group groups[JOIN];
  struct k_iovec pieces[CHUNK_PIECES];
  int next[JOIN];
  long taken = 0;
  size_t made = join(chunk->slab.data, chunk->offsets, chunk->lengths, count, groups, next);
  for (size_t g = 0; g < made; g++) {
    struct offload about;
    size_t length = pieces_of(chunk, &groups[g], next, &about, pieces);
    if (SYSCALL3(NR_WRITEV, chunk->fd, pieces, length) >= 0) taken += groups[g].count;
  }
  return taken;
}

/* tunWrite(fd, slab, offsets, lengths, count, runs, about): packets that the kernel took, each of a run counted */
napi_value tun_write(napi_env env, napi_callback_info info) {
  napi_value v[7];
  struct batch batch;
  int32_t offsets[MOST_SEGMENTS + JOIN], lengths[MOST_SEGMENTS + JOIN];
  size_t used = 0;
  long taken = 0;
  arguments(env, info, v, 7);
  size_t count = (size_t)number_of(env, v[4]);
  if (!take_batch(env, v, &batch) || count > batch.capacity) return result(env, -ERR_INVAL);
  struct runs runs = take_runs(env, v + 5, &batch);
  struct batch chunk = { batch.fd, batch.slab, offsets, lengths, MOST_SEGMENTS + JOIN };
  for (size_t i = 0; i < count; i++) {
    if (!inside(&batch, i)) return result(env, -ERR_INVAL);
  }
  for (size_t i = 0; i <= count; i++) {
    struct run run;
    if (i < count && get_run(&batch, &runs, i, &run)) {
      struct places to = { offsets + used, lengths + used, MOST_SEGMENTS };
      used += spread_run(&batch, i, &run, to);
    } else if (i < count) {
      offsets[used] = batch.offsets[i];
      lengths[used++] = batch.lengths[i];
    }
    size_t done = 0;
    while (used - done >= JOIN || (i == count && used > done)) {
      size_t size = used - done < JOIN ? used - done : JOIN;
      chunk.offsets = offsets + done;
      chunk.lengths = lengths + done;
      taken += write_chunk(&chunk, size);
      done += size;
    }
    for (size_t left = done; done > 0 && left < used; left++) {
      offsets[left - done] = offsets[left];
      lengths[left - done] = lengths[left];
    }
    used -= done;
  }
  return result(env, taken);
}

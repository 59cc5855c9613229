/* What the files of the helper share: reading arguments, returning results. */
#ifndef MIP4_HELPER_H
#define MIP4_HELPER_H

#define NAPI_VERSION 8
#include <node_api.h>

#include "kernel.h"
#include "segments.h"

/* Octets of a typed array argument; `data` is NULL when the argument is none. */
struct bytes { uint8_t *data; size_t length; };

/* Fills `values` with exactly `count` arguments (undefined for the missing ones). */
void arguments(napi_env env, napi_callback_info info, napi_value *values, size_t count);
int64_t number_of(napi_env env, napi_value value);
struct bytes bytes_of(napi_env env, napi_value value);
napi_value result(napi_env env, long value);

enum {
  HELPER_VERSION = 3, /* as in shared/linux/native-loader.ts: another one with each change of what is exported */
  BATCH = 64,      /* most messages of one system call */
  META = 32,       /* octets of metadata a received message */
  CONTROL = 128,   /* octets for control messages */
};

/* Packets in one allocation: arguments 0..3 of every batch function. */
struct batch { int fd; struct bytes slab; int32_t *offsets; int32_t *lengths; size_t capacity; };

int take_batch(napi_env env, napi_value *v, struct batch *batch);
/* Does packet i lie in the slab? */
int inside(const struct batch *batch, size_t i);
/* Metadata of a message: address 0-7, interface 8, destination 12, TTL 16, packet status 20, flags 24. */
void describe(uint8_t *meta, const struct k_msghdr *header, const uint8_t *name);
/* The next control message of a received one, `at` octets into them; NULL: no more. */
const struct k_cmsghdr *next_control(const struct k_msghdr *header, size_t *at);

/*
 * Packets that stand for many: segments of TCP connections that differ in nothing that a router looks at,
 * of which JavaScript sees the first (runs.c). `of` says for each packet of a batch which run it is, or 0;
 * `about` holds the runs, the first of which has number 1; NULL: nobody takes them.
 */
struct runs { int32_t *of; int32_t *about; size_t most; };

/* One of them; numbers that went through JavaScript, checked against the slab. */
struct run {
  size_t count, at, length; /* segments; where the first one begins, or the datagram that it is in; octets from there */
  size_t step;              /* octets of data in each (headers > 0), or from one datagram to the next */
  size_t headers;           /* of the superpacket that is still to be cut; 0: the segments stand for themselves */
  size_t room;              /* free octets before each of those that are cut */
};

/* What one run is at most: a superpacket of the smallest segments that TCP has. */
enum { MOST_SEGMENTS = 1400 };

/* Two arguments of a batch function, `of` and `about`. */
struct runs take_runs(napi_env env, napi_value *v, const struct batch *batch);
/* For a batch that is being filled: there are none yet. */
void clear_runs(const struct runs *runs);
/* The number of one more; 0: there is no place for it. `octets` are those of all segments, inside the tunnel. */
int32_t note_run(const struct runs *runs, const struct run *run, size_t octets);
/*
 * Of the datagrams from run.at on, run.length octets in all, those that make a run with the first one, which
 * is packet i of a batch: how many; 1: it stands for itself.
 */
size_t note_datagrams(const struct runs *runs, const struct batch *batch, size_t i, struct run run);
/* Is packet i a run? */
int get_run(const struct batch *batch, const struct runs *runs, size_t i, struct run *run);
/* Each segment of packet i as it is now, with the headers before it. 0: there is no room for all. */
size_t spread_run(const struct batch *batch, size_t i, const struct run *run, struct places to);

/* runs.c */
napi_value spread(napi_env env, napi_callback_info info);

/* packets.c */
napi_value read_batch(napi_env env, napi_callback_info info);
napi_value receive_batch(napi_env env, napi_callback_info info);
napi_value write_batch(napi_env env, napi_callback_info info);
napi_value send_batch(napi_env env, napi_callback_info info);
napi_value send_to(napi_env env, napi_callback_info info);

/* superpackets.c */
napi_value tun_read(napi_env env, napi_callback_info info);
napi_value tun_write(napi_env env, napi_callback_info info);

/* merged.c */
napi_value raw_receive(napi_env env, napi_callback_info info);

/* datagrams.c */
napi_value udp_receive(napi_env env, napi_callback_info info);
napi_value udp_send(napi_env env, napi_callback_info info);

/* poll.c */
napi_value poll_start(napi_env env, napi_callback_info info);
napi_value poll_resume(napi_env env, napi_callback_info info);
napi_value poll_stop(napi_env env, napi_callback_info info);
napi_status poll_setup(napi_env env);

#endif

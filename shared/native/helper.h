/* What the files of the helper share: reading arguments, returning results. */
#ifndef MIP4_HELPER_H
#define MIP4_HELPER_H

#define NAPI_VERSION 8
#include <node_api.h>

#include "kernel.h"

/* Octets of a typed array argument; `data` is NULL when the argument is none. */
struct bytes { uint8_t *data; size_t length; };

/* Fills `values` with exactly `count` arguments (undefined for the missing ones). */
void arguments(napi_env env, napi_callback_info info, napi_value *values, size_t count);
int64_t number_of(napi_env env, napi_value value);
struct bytes bytes_of(napi_env env, napi_value value);
napi_value result(napi_env env, long value);

enum {
  HELPER_VERSION = 2, /* as in shared/linux/native-loader.ts: another one with each change of what is exported */
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

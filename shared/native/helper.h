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

/* packets.c */
napi_value read_batch(napi_env env, napi_callback_info info);
napi_value receive_batch(napi_env env, napi_callback_info info);
napi_value write_batch(napi_env env, napi_callback_info info);
napi_value send_batch(napi_env env, napi_callback_info info);
napi_value send_to(napi_env env, napi_callback_info info);

/* poll.c */
napi_value poll_start(napi_env env, napi_callback_info info);
napi_value poll_resume(napi_env env, napi_callback_info info);
napi_value poll_stop(napi_env env, napi_callback_info info);
napi_status poll_setup(napi_env env);

#endif

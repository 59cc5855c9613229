/*
 * Readiness of a file descriptor, by libuv's own poll handle.
 *
 * A poller lives from pollStart to pollStop, whatever the garbage collector does: JavaScript holds
 * only its number, the callback is held by a strong reference, and the memory is freed in libuv's
 * close callback, which never runs inside the poller's own callback. A number that is no longer
 * open is answered with EBADF. When the environment ends first (a worker), one cleanup hook closes
 * what is open and lets the loop finish it.
 */
#include "helper.h"

enum { UV_POLL_HANDLE = 8, UV_EVENT_READABLE = 1 };
typedef struct uv_loop_s uv_loop_t;
typedef struct opaque_handle uv_handle;
size_t uv_handle_size(int type);
void uv_handle_set_data(uv_handle *handle, void *data);
void *uv_handle_get_data(const uv_handle *handle);
int uv_poll_init(uv_loop_t *loop, uv_handle *handle, int fd);
int uv_poll_start(uv_handle *handle, int events, void (*callback)(uv_handle *, int, int));
void uv_close(uv_handle *handle, void (*callback)(uv_handle *));

struct state {
  napi_env env;
  uv_loop_t *loop;
  struct poller *open;
  int32_t next_id;
  size_t closing;
  napi_async_cleanup_hook_handle hook;
  int ending;
};

struct poller {
  struct state *state;
  struct poller *next;
  uv_handle *handle;
  napi_ref callback;
  napi_async_context context;
  int32_t id;
  int stopped;
};

static void end_if_idle(struct state *state) {
  if (!state->ending || state->closing > 0) return;
  napi_remove_async_cleanup_hook(state->hook);
  free(state);
}

static void on_closed(uv_handle *handle) {
  struct poller *poller = uv_handle_get_data(handle);
  struct state *state = poller->state;
  free(handle);
  free(poller);
  state->closing--;
  end_if_idle(state);
}

/* Takes it off the list and gives up what it holds; libuv frees it when it is safe. */
static void stop(struct poller *poller) {
  struct state *state = poller->state;
  struct poller **link = &state->open;
  while (*link != poller) link = &(*link)->next;
  *link = poller->next;
  poller->stopped = 1;
  napi_delete_reference(state->env, poller->callback);
  napi_async_destroy(state->env, poller->context);
  state->closing++;
  uv_close(poller->handle, on_closed);
}

static void on_event(uv_handle *handle, int status, int events) {
  struct poller *poller = uv_handle_get_data(handle);
  napi_env env = poller->state->env;
  napi_handle_scope scope;
  napi_value global, callback, argument;
  (void)events;
  if (poller->stopped || napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_get_global(env, &global);
  napi_get_reference_value(env, poller->callback, &callback);
  napi_create_int32(env, status, &argument);
  if (napi_make_callback(env, poller->context, global, callback, 1, &argument, NULL) ==
      napi_pending_exception) {
    napi_value error;
    napi_get_and_clear_last_exception(env, &error);
    napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

static struct poller *find(napi_env env, napi_callback_info info) {
  napi_value v[1];
  void *data = NULL;
  arguments(env, info, v, 1);
  napi_get_instance_data(env, &data);
  int64_t id = number_of(env, v[0]);
  struct poller *poller = ((struct state *)data)->open;
  while (poller != NULL && poller->id != id) poller = poller->next;
  return poller;
}

/* pollStart(fd, callback): a number; callback(status), status < 0: an error waits to be read */
napi_value poll_start(napi_env env, napi_callback_info info) {
  napi_value v[2], name;
  void *data = NULL;
  arguments(env, info, v, 2);
  napi_get_instance_data(env, &data);
  struct state *state = data;
  struct poller *poller = calloc(1, sizeof *poller);
  uv_handle *handle = calloc(1, uv_handle_size(UV_POLL_HANDLE));
  int error = poller == NULL || handle == NULL ? -ERR_NOMEM : 0;
  if (error == 0) error = uv_poll_init(state->loop, handle, (int)number_of(env, v[0]));
  if (error != 0) {
    free(poller);
    free(handle);
    return result(env, error);
  }
  napi_create_string_utf8(env, "mip4:poll", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &poller->context);
  napi_create_reference(env, v[1], 1, &poller->callback);
  uv_handle_set_data(handle, poller);
  poller->state = state;
  poller->handle = handle;
  poller->id = state->next_id++;
  poller->next = state->open;
  state->open = poller;
  error = uv_poll_start(handle, UV_EVENT_READABLE, on_event);
  if (error != 0) {
    stop(poller);
    return result(env, error);
  }
  return result(env, poller->id);
}

/* pollResume(number): libuv stops a handle that had an error; the error has been read, go on */
napi_value poll_resume(napi_env env, napi_callback_info info) {
  struct poller *poller = find(env, info);
  if (poller == NULL) return result(env, -ERR_BADF);
  return result(env, uv_poll_start(poller->handle, UV_EVENT_READABLE, on_event));
}

/* pollStop(number): no callback afterwards; the descriptor may be closed at once */
napi_value poll_stop(napi_env env, napi_callback_info info) {
  struct poller *poller = find(env, info);
  if (poller == NULL) return result(env, -ERR_BADF);
  stop(poller);
  return result(env, 0);
}

static void on_environment_end(napi_async_cleanup_hook_handle hook, void *data) {
  struct state *state = data;
  (void)hook;
  state->ending = 1;
  while (state->open != NULL) stop(state->open);
  end_if_idle(state);
}

napi_status poll_setup(napi_env env) {
  struct state *state = calloc(1, sizeof *state);
  if (state == NULL) return napi_generic_failure;
  state->env = env;
  state->next_id = 1;
  if (napi_get_uv_event_loop(env, (struct uv_loop_s **)&state->loop) != napi_ok) return napi_generic_failure;
  if (napi_set_instance_data(env, state, NULL, NULL) != napi_ok) return napi_generic_failure;
  return napi_add_async_cleanup_hook(env, on_environment_end, state, &state->hook);
}

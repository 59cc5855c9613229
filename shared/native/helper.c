/*
 * The native helper: the system calls that Node has no way to make, and nothing else.
 *
 * Every function returns a number: the result, or minus the error number. All decisions are made
 * in TypeScript (shared/linux); addresses, options and filters arrive as the octets that the
 * kernel wants.
 */
#include "helper.h"

/* Most addresses in the attributes of one bpf(2). */
enum { BPF_POINTERS = 4 };
/* Most words of an execve(2): arguments, or variables of the environment. */
enum { EXEC_WORDS = 1024, FCNTL_SET_FLAGS = 2 };

void arguments(napi_env env, napi_callback_info info, napi_value *values, size_t count) {
  napi_get_cb_info(env, info, &count, values, NULL, NULL);
}

int64_t number_of(napi_env env, napi_value value) {
  int64_t number = 0;
  napi_get_value_int64(env, value, &number);
  return number;
}

struct bytes bytes_of(napi_env env, napi_value value) {
  struct bytes bytes = { NULL, 0 };
  napi_typedarray_type type;
  bool is_array = false;
  void *data = NULL;
  size_t count = 0;
  napi_is_typedarray(env, value, &is_array);
  if (!is_array) return bytes;
  if (napi_get_typedarray_info(env, value, &type, &count, &data, NULL, NULL) != napi_ok) return bytes;
  if (type == napi_int32_array) count *= 4;
  else if (type != napi_uint8_array) return bytes;
  bytes.data = data;
  bytes.length = count;
  return bytes;
}

napi_value result(napi_env env, long value) {
  napi_value number = NULL;
  napi_create_int32(env, (int32_t)value, &number);
  return number;
}

/* socket(domain, type, protocol) */
static napi_value open_socket(napi_env env, napi_callback_info info) {
  napi_value v[3];
  arguments(env, info, v, 3);
  return result(env, SYSCALL3(NR_SOCKET, number_of(env, v[0]), number_of(env, v[1]), number_of(env, v[2])));
}

/* close(fd) */
static napi_value close_fd(napi_env env, napi_callback_info info) {
  napi_value v[1];
  arguments(env, info, v, 1);
  return result(env, SYSCALL3(NR_CLOSE, number_of(env, v[0]), 0, 0));
}

/* bind(fd, address) */
static napi_value bind_socket(napi_env env, napi_callback_info info) {
  napi_value v[2];
  arguments(env, info, v, 2);
  struct bytes address = bytes_of(env, v[1]);
  return result(env, SYSCALL3(NR_BIND, number_of(env, v[0]), address.data, address.length));
}

/* connect(fd, address) */
static napi_value connect_socket(napi_env env, napi_callback_info info) {
  napi_value v[2];
  arguments(env, info, v, 2);
  struct bytes address = bytes_of(env, v[1]);
  return result(env, SYSCALL3(NR_CONNECT, number_of(env, v[0]), address.data, address.length));
}

/* setOption(fd, level, name, value) */
static napi_value set_option(napi_env env, napi_callback_info info) {
  napi_value v[4];
  arguments(env, info, v, 4);
  struct bytes value = bytes_of(env, v[3]);
  return result(env, SYSCALL5(NR_SETSOCKOPT, number_of(env, v[0]), number_of(env, v[1]),
                              number_of(env, v[2]), value.data, value.length));
}

/* getOption(fd, level, name, room): the octets of the value, which the kernel puts there */
static napi_value get_option(napi_env env, napi_callback_info info) {
  napi_value v[4];
  arguments(env, info, v, 4);
  struct bytes value = bytes_of(env, v[3]);
  int32_t length = (int32_t)value.length;
  long error = SYSCALL5(NR_GETSOCKOPT, number_of(env, v[0]), number_of(env, v[1]),
                        number_of(env, v[2]), value.data, &length);
  return result(env, error < 0 ? error : length);
}

/* attachFilter(fd, instructions): classic BPF, eight octets an instruction */
static napi_value attach_filter(napi_env env, napi_callback_info info) {
  napi_value v[2];
  arguments(env, info, v, 2);
  struct bytes program = bytes_of(env, v[1]);
  struct k_sock_fprog filter = { (uint16_t)(program.length / 8), program.data };
  return result(env, SYSCALL5(NR_SETSOCKOPT, number_of(env, v[0]), LEVEL_SOCKET,
                              OPTION_ATTACH_FILTER, &filter, sizeof filter));
}

/* ioctl(fd, request, octets | number) */
static napi_value control(napi_env env, napi_callback_info info) {
  napi_value v[3];
  arguments(env, info, v, 3);
  struct bytes octets = bytes_of(env, v[2]);
  long argument = octets.data != NULL ? (long)octets.data : (long)number_of(env, v[2]);
  return result(env, SYSCALL3(NR_IOCTL, number_of(env, v[0]), number_of(env, v[1]), argument));
}

/* prctl(option, a, b, c, d), for this thread */
static napi_value process_control(napi_env env, napi_callback_info info) {
  napi_value v[5];
  arguments(env, info, v, 5);
  return result(env, SYSCALL5(NR_PRCTL, number_of(env, v[0]), number_of(env, v[1]),
                              number_of(env, v[2]), number_of(env, v[3]), number_of(env, v[4])));
}

/* capset(header, sets), for this thread */
static napi_value set_capabilities(napi_env env, napi_callback_info info) {
  napi_value v[2];
  arguments(env, info, v, 2);
  return result(env, SYSCALL3(NR_CAPSET, bytes_of(env, v[0]).data, bytes_of(env, v[1]).data, 0));
}

/* The texts in these octets, each with a NUL at its end; 0: there are too many, or the last has none. */
static int split_words(struct bytes octets, const char **words) {
  size_t count = 0;
  if (octets.data == NULL || (octets.length > 0 && octets.data[octets.length - 1] != 0)) return 0;
  for (size_t i = 0; i < octets.length; i++) {
    if (i > 0 && octets.data[i - 1] != 0) continue;
    if (count == EXEC_WORDS) return 0;
    words[count++] = (const char *)octets.data + i;
  }
  words[count] = NULL;
  return 1;
}

/*
 * execute(path, arguments, environment): texts that end with NUL. The other threads end, standard input
 * and output stay open, which Node wants closed then; returns only an error.
 */
static napi_value execute(napi_env env, napi_callback_info info) {
  napi_value v[3];
  const char *words[EXEC_WORDS + 1], *variables[EXEC_WORDS + 1];
  arguments(env, info, v, 3);
  struct bytes path = bytes_of(env, v[0]);
  if (path.length == 0 || path.data[path.length - 1] != 0) return result(env, -ERR_INVAL);
  if (!split_words(bytes_of(env, v[1]), words) || !split_words(bytes_of(env, v[2]), variables)) return result(env, -ERR_INVAL);
  for (int fd = 0; fd <= 2; fd++) SYSCALL3(NR_FCNTL, fd, FCNTL_SET_FLAGS, 0);
  return result(env, SYSCALL3(NR_EXECVE, path.data, words, variables));
}

/* bpf(command, attributes, at, octets, ...): the address of octets goes into the attributes at `at` */
static napi_value bpf(napi_env env, napi_callback_info info) {
  napi_value v[2 + 2 * BPF_POINTERS];
  arguments(env, info, v, 2 + 2 * BPF_POINTERS);
  struct bytes attributes = bytes_of(env, v[1]);
  for (size_t i = 0; i < BPF_POINTERS; i++) {
    struct bytes octets = bytes_of(env, v[3 + 2 * i]);
    int64_t at = number_of(env, v[2 + 2 * i]);
    if (octets.data == NULL) continue;
    if (at < 0 || at + 8 > (int64_t)attributes.length) return result(env, -ERR_INVAL);
    uint64_t address = (uintptr_t)octets.data;
    for (size_t j = 0; j < 8; j++) attributes.data[(size_t)at + j] = ((const uint8_t *)&address)[j];
  }
  return result(env, SYSCALL3(NR_BPF, number_of(env, v[0]), attributes.data, attributes.length));
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  static const struct { const char *name; napi_callback function; } functions[] = {
    { "socket", open_socket }, { "close", close_fd }, { "bind", bind_socket },
    { "connect", connect_socket },
    { "setOption", set_option }, { "getOption", get_option }, { "attachFilter", attach_filter },
    { "ioctl", control }, { "prctl", process_control }, { "capset", set_capabilities },
    { "execute", execute },
    { "bpf", bpf },
    { "readBatch", read_batch }, { "receiveBatch", receive_batch }, { "writeBatch", write_batch },
    { "tunRead", tun_read }, { "tunWrite", tun_write }, { "rawReceive", raw_receive },
    { "udpReceive", udp_receive }, { "spread", spread },
    { "udpSend", udp_send }, { "sendBatch", send_batch }, { "sendTo", send_to }, { "pollStart", poll_start },
    { "pollResume", poll_resume }, { "pollStop", poll_stop },
  };
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    napi_value function = NULL;
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function);
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  napi_value version = NULL;
  napi_create_int32(env, HELPER_VERSION, &version);
  napi_set_named_property(env, exports, "version", version);
  if (poll_setup(env) != napi_ok) napi_throw_error(env, NULL, "the helper could not be set up");
  return exports;
}

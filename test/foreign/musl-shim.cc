// What a Node built for musl asks of its C++ library, and Debian's (glibc's, of GCC 12) asks of glibc:
// enough of both that the two run together. Preloaded by `make test-foreign`, part of no program.
//
// The C++ runtime unwinds nothing here (_dl_find_object knows no object), and a thread's destructors
// do not run: Node throws no exceptions, and its threads end with the process.

#include <cstring>
#include <ctime>
#include <string>
#include <sys/random.h>

extern "C" {
unsigned arc4random(void) {
  unsigned value = 0;
  (void)!getrandom(&value, sizeof value, 0);
  return value;
}

size_t __strftime_l(char *to, size_t room, const char *format, const struct tm *time, void *) {
  return strftime(to, room, format, time);
}

int __cxa_thread_atexit_impl(void (*)(void *), void *, void *) { return 0; }
char __libc_single_threaded = 0;
int _dl_find_object(void *, void *) { return -1; }
int __cpu_indicator_init(void) { return 0; }
unsigned __cpu_model[4];

// std::string::_M_replace_cold(char*, size_t, const char*, size_t, size_t), of GCC 13: the source may
// overlap what is replaced.
void replace_cold(void *, char *at, size_t old_length, const char *from, size_t length, size_t tail)
    __asm__("_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE15_M_replace_coldEPcmPKcmm");

void replace_cold(void *, char *at, size_t old_length, const char *from, size_t length, size_t tail) {
  char *copy = static_cast<char *>(__builtin_malloc(length + 1));
  std::memcpy(copy, from, length);
  if (tail > 0 && old_length != length) std::memmove(at + length, at + old_length, tail);
  std::memcpy(at, copy, length);
  __builtin_free(copy);
}
}

/*
 * What the helper needs from the machine: system call numbers and kernel structure layouts.
 *
 * Nothing here depends on a C library's headers: the same source, linked without a library, loads
 * into a Node built on glibc or on musl, and needs no cross headers to build. Layouts are the
 * kernel's own (include/uapi), which musl's wrappers do not always keep.
 */
#ifndef MIP4_KERNEL_H
#define MIP4_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
enum { NR_READ = 0, NR_WRITE = 1, NR_CLOSE = 3, NR_IOCTL = 16, NR_WRITEV = 20, NR_SOCKET = 41, NR_CONNECT = 42,
       NR_SENDMSG = 46, NR_BIND = 49, NR_SETSOCKOPT = 54, NR_GETSOCKOPT = 55, NR_EXECVE = 59,
       NR_FCNTL = 72, NR_CAPSET = 126, NR_PRCTL = 157, NR_RECVMMSG = 299, NR_SENDMMSG = 307, NR_BPF = 321 };
#elif defined(__aarch64__) || (defined(__riscv) && __riscv_xlen == 64)
enum { NR_READ = 63, NR_WRITE = 64, NR_CLOSE = 57, NR_IOCTL = 29, NR_WRITEV = 66, NR_SOCKET = 198,
       NR_CONNECT = 203, NR_SENDMSG = 211, NR_BIND = 200, NR_SETSOCKOPT = 208, NR_GETSOCKOPT = 209,
       NR_EXECVE = 221, NR_FCNTL = 25, NR_CAPSET = 91, NR_PRCTL = 167, NR_RECVMMSG = 243, NR_SENDMMSG = 269, NR_BPF = 280 };
#elif defined(__arm__)
enum { NR_READ = 3, NR_WRITE = 4, NR_CLOSE = 6, NR_IOCTL = 54, NR_WRITEV = 146, NR_SOCKET = 281,
       NR_CONNECT = 283, NR_SENDMSG = 296, NR_BIND = 282, NR_SETSOCKOPT = 294, NR_GETSOCKOPT = 295,
       NR_EXECVE = 11, NR_FCNTL = 55, NR_CAPSET = 185, NR_PRCTL = 172, NR_RECVMMSG = 365, NR_SENDMMSG = 374, NR_BPF = 386 };
#else
#error "system call numbers of this CPU are not listed"
#endif

/* What the process that loads the helper exports: its C library and, in poll.c, libuv. */
long syscall(long number, ...);
int *__errno_location(void);
void *calloc(size_t count, size_t size);
void free(void *memory);
void *memcpy(void *to, const void *from, size_t length);
void *memmove(void *to, const void *from, size_t length);
int memcmp(const void *a, const void *b, size_t length);
/* A compiler that is told of no library would call them for two octets, too: for each word of a checksum. */
#define memcpy(to, from, length) __builtin_memcpy(to, from, length)
#define memcmp(a, b, length) __builtin_memcmp(a, b, length)

/* errno values used here; the same on every CPU above. */
enum { ERR_IO = 5, ERR_BADF = 9, ERR_AGAIN = 11, ERR_NOMEM = 12, ERR_INVAL = 22, ERR_NOBUFS = 105 };

enum { FAMILY_INET = 2, LEVEL_IP = 0, LEVEL_SOCKET = 1, LEVEL_UDP = 17, LEVEL_PACKET = 263,
       CMSG_IP_TOS = 1, CMSG_IP_TTL = 2, CMSG_IP_PKTINFO = 8, CMSG_PACKET_AUXDATA = 8,
       CMSG_UDP_SEGMENT = 103, CMSG_UDP_GRO = 104, OPTION_ATTACH_FILTER = 26,
       OPTION_MTU_DISCOVER = 10, FLAG_TRUNCATED = 0x20, FLAG_DONTWAIT = 0x40 };

struct k_iovec { void *base; size_t length; };
struct k_msghdr {
  void *name; int32_t name_length; struct k_iovec *iov; size_t iov_count;
  void *control; size_t control_length; uint32_t flags;
};
struct k_mmsghdr { struct k_msghdr header; uint32_t length; };
struct k_cmsghdr { size_t length; int32_t level; int32_t type; };
struct k_sockaddr_in { uint16_t family; uint8_t port[2]; uint8_t address[4]; uint8_t zero[8]; };
struct k_sock_fprog { uint16_t length; const void *filter; };

/* One word for success and failure: the result, or minus the error number. */
static inline long checked(long result) { return result < 0 ? -(long)*__errno_location() : result; }

#define SYSCALL3(nr, a, b, c) checked(syscall(nr, (long)(a), (long)(b), (long)(c)))
#define SYSCALL5(nr, a, b, c, d, e) \
  checked(syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e)))

#endif

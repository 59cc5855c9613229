/*
 * What qemu-user lacks and the kernel has; preloaded into the emulated Node, for tests only.
 *
 * QEMU rewrites netlink messages and refuses those that it does not know (rules, neighbours). It
 * does not look into writev and readv, so what the native helper asks by sendmsg and recvmmsg of a
 * netlink socket is done by those. Three socket options are unknown to it; without them a program
 * hears more than it wants. It takes an ip_mreqn only with an interface index of a long.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static int is_netlink(int fd) {
  int domain = 0;
  socklen_t length = sizeof domain;
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_NETLINK;
}

/* As many messages as there are; a readv is one datagram. */
static long receive(int fd, struct mmsghdr *messages, unsigned count) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  unsigned done = 0;
  for (; done < count; done++) {
    struct msghdr *header = &messages[done].msg_hdr;
    long length = readv(fd, header->msg_iov, (int)header->msg_iovlen);
    if (length < 0) break;
    messages[done].msg_len = (unsigned)length;
    header->msg_flags = 0;
    header->msg_controllen = 0;
    if (header->msg_name != NULL) {
      struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
      memcpy(header->msg_name, &kernel, sizeof kernel);
      header->msg_namelen = sizeof kernel;
    }
  }
  return done > 0 ? (long)done : -1;
}

static int is_unknown_to_qemu(long level, long name) {
  return (level == SOL_PACKET && (name == PACKET_AUXDATA || name == PACKET_IGNORE_OUTGOING)) ||
         (level == IPPROTO_IP && name == IP_MULTICAST_ALL);
}

struct qemu_mreqn {
  struct in_addr group;
  struct in_addr address;
  long index;
};

static int join(int fd, const struct ip_mreqn *request) {
  struct qemu_mreqn wide = {request->imr_multiaddr, request->imr_address, request->imr_ifindex};
  return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &wide, sizeof wide);
}

long syscall(long number, ...) {
  static long (*real)(long, ...);
  if (real == NULL) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  va_list list;
  va_start(list, number);
  long a[6];
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_sendmsg && is_netlink((int)a[0])) {
    struct msghdr *header = (struct msghdr *)a[1];
    return writev((int)a[0], header->msg_iov, (int)header->msg_iovlen);
  }
  if (number == SYS_recvmmsg && is_netlink((int)a[0])) {
    return receive((int)a[0], (struct mmsghdr *)a[1], (unsigned)a[2]);
  }
  if (number == SYS_setsockopt) {
    if (is_unknown_to_qemu(a[1], a[2])) return 0;
    if (a[1] == IPPROTO_IP && a[2] == IP_ADD_MEMBERSHIP && a[4] == sizeof(struct ip_mreqn)) {
      return join((int)a[0], (const struct ip_mreqn *)a[3]);
    }
  }
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

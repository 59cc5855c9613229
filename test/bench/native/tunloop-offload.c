/*
 * The yardstick for the tun driver with offloads: IP-in-IP, bare or in UDP (RFC 3519), between a TUN
 * device with superpackets and a socket, as a C program would do it that has one tunnel, no table and no
 * checks. It cuts and joins by the same C code as the driver's helper (shared/native/segments.c).
 * Usage: tunloop-offload DEVICE LOCAL REMOTE ipip|udp
 */
#define _GNU_SOURCE
#include "segments.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ROOM = 64, SLOT = 65536 + 128, MESSAGES = 16, SLAB = 4 << 20, PLACES = 2048, BATCH = 64, PORT = 434,
       SHIM = 4, SEGMENT = 103, GRO = 104, LEVEL = 17 };

static uint8_t slab[SLAB];
static int32_t offsets[PLACES], lengths[PLACES];
static struct sockaddr_in local = {.sin_family = AF_INET}, remote = {.sin_family = AF_INET};
static int tun, out, is_udp;

static int open_tun(const char *name) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) return -1;
  return ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO_ECN) < 0 ? -1 : fd;
}

static int open_socket(void) {
  int fd = is_udp ? socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0) : socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, 4);
  int on = 1, room = 4 << 20, discover = IP_PMTUDISC_PROBE;
  if (fd < 0) return -1;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  }
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) < 0) {
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  }
  if (!is_udp) return setsockopt(fd, IPPROTO_IP, IP_HDRINCL, &on, sizeof on) < 0 ? -1 : fd;
  local.sin_port = remote.sin_port = htons(PORT);
  setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof discover);
  if (setsockopt(fd, LEVEL, GRO, &on, sizeof on) < 0) return -1;
  return bind(fd, (struct sockaddr *)&local, sizeof local) < 0 ? -1 : fd;
}

/* Packets of the device, cut. */
static size_t read_packets(void) {
  size_t at = 0, count = 0;
  while (count < BATCH && at + SLAB / 8 < SLAB) {
    struct offload about;
    uint8_t *packet = slab + at + ROOM;
    ssize_t got = read(tun, packet - OFFLOAD, SLOT);
    if (got < OFFLOAD) break;
    memcpy(&about, packet - OFFLOAD, OFFLOAD);
    size_t length = (size_t)got - OFFLOAD, more = 1;
    struct places to = {offsets + count, lengths + count, PLACES - count};
    if (about.type == OFFLOAD_NONE) {
      complete_checksum(packet, length, &about);
      to.offsets[0] = (int32_t)(at + ROOM);
      to.lengths[0] = (int32_t)length;
    } else {
      more = cut(slab, at + ROOM, length, &about, ROOM, SLAB, to);
    }
    count += more;
    if (count > 0) at = ((size_t)(offsets[count - 1] + lengths[count - 1]) + 7) & ~(size_t)7;
  }
  return count;
}

static void send_raw(size_t count) {
  static struct mmsghdr messages[PLACES];
  static struct iovec pieces[PLACES];
  for (size_t i = 0; i < count; i++) {
    uint8_t *inner = slab + offsets[i], *outer = inner - IP_HEADER;
    size_t length = (size_t)lengths[i] + IP_HEADER;
    memcpy(outer, inner, IP_HEADER);
    outer[0] = 0x45;
    put16(outer + 2, (unsigned)length);
    outer[6] &= 0x40, outer[7] = 0, outer[8] = 64, outer[9] = 4;
    memcpy(outer + 12, &local.sin_addr, 4);
    memcpy(outer + 16, &remote.sin_addr, 4);
    write_ip_checksum(outer);
    pieces[i] = (struct iovec){outer, length};
    messages[i].msg_hdr =
        (struct msghdr){.msg_name = &remote, .msg_namelen = sizeof remote, .msg_iov = &pieces[i], .msg_iovlen = 1};
  }
  for (size_t at = 0; at < count;) {
    int sent = sendmmsg(out, messages + at, (unsigned)(count - at), 0);
    at += sent > 0 ? (size_t)sent : 1;
  }
}

static void send_udp(size_t count) {
  static struct iovec pieces[PLACES];
  for (size_t i = 0; i < count;) {
    size_t first = i, octets = 0;
    int32_t size = lengths[i];
    do {
      uint8_t *shim = slab + offsets[i] - SHIM;
      memcpy(shim, "\4\4\0\0", SHIM);
      pieces[i] = (struct iovec){shim, (size_t)lengths[i] + SHIM};
      octets += (size_t)lengths[i] + SHIM;
      i++;
    } while (i < count && i - first < 64 && lengths[i - 1] == size && lengths[i] <= size &&
             octets + (size_t)size + SHIM < 65500);
    union { char room[CMSG_SPACE(2)]; struct cmsghdr align; } control;
    struct msghdr message = {.msg_name = &remote, .msg_namelen = sizeof remote,
                             .msg_iov = pieces + first, .msg_iovlen = i - first};
    if (i - first > 1) {
      uint16_t segment = (uint16_t)(size + SHIM);
      message.msg_control = control.room;
      message.msg_controllen = sizeof control.room;
      struct cmsghdr *header = CMSG_FIRSTHDR(&message);
      *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(2), .cmsg_level = LEVEL, .cmsg_type = SEGMENT};
      memcpy(CMSG_DATA(header), &segment, 2);
    }
    sendmsg(out, &message, 0);
  }
}

static void write_packets(size_t count) {
  static struct group groups[JOIN];
  static int next[JOIN];
  for (size_t at = 0; at < count; at += JOIN) {
    size_t size = count - at < JOIN ? count - at : JOIN;
    size_t made = join(slab, offsets + at, lengths + at, size, groups, next);
    for (size_t g = 0; g < made; g++) {
      struct iovec pieces[JOIN + 1];
      uint8_t *head = slab + offsets[at + (size_t)groups[g].first];
      struct offload about = group_offload(head, &groups[g]);
      int used = 0;
      pieces[used++] = (struct iovec){&about, OFFLOAD};
      pieces[used++] = (struct iovec){head, (size_t)lengths[at + (size_t)groups[g].first]};
      for (int i = next[groups[g].first]; i != 0; i = next[i]) {
        size_t skip = groups[g].header;
        pieces[used++] = (struct iovec){slab + offsets[at + (size_t)i] + skip, (size_t)lengths[at + (size_t)i] - skip};
      }
      if (writev(tun, pieces, used) < 0) continue;
    }
  }
}

static void receive(void) {
  struct mmsghdr messages[MESSAGES];
  struct iovec pieces[MESSAGES];
  union { char room[128]; struct cmsghdr align; } controls[MESSAGES];
  struct sockaddr_in names[MESSAGES];
  size_t count = 0;
  for (int m = 0; m < MESSAGES; m++) {
    pieces[m] = (struct iovec){slab + m * SLOT, SLOT};
    messages[m].msg_hdr = (struct msghdr){.msg_name = &names[m], .msg_namelen = sizeof names[m],
                                          .msg_iov = &pieces[m], .msg_iovlen = 1,
                                          .msg_control = controls[m].room, .msg_controllen = 128};
  }
  int got = recvmmsg(out, messages, MESSAGES, MSG_DONTWAIT, NULL);
  for (int m = 0; m < got; m++) {
    int32_t length = (int32_t)messages[m].msg_len, size = length, skip = is_udp ? SHIM : IP_HEADER;
    struct msghdr *header = &messages[m].msg_hdr;
    if (names[m].sin_addr.s_addr != remote.sin_addr.s_addr) continue;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
      if (c->cmsg_level == LEVEL && c->cmsg_type == GRO) memcpy(&size, CMSG_DATA(c), 4);
    }
    for (int32_t at = 0; at < length; at += size) {
      offsets[count] = m * SLOT + at + skip;
      lengths[count++] = (length - at < size ? length - at : size) - skip;
    }
  }
  write_packets(count);
}

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "usage: tunloop-offload DEVICE LOCAL REMOTE ipip|udp\n"), 2;
  is_udp = argv[4][0] == 'u';
  inet_pton(AF_INET, argv[2], &local.sin_addr);
  inet_pton(AF_INET, argv[3], &remote.sin_addr);
  tun = open_tun(argv[1]);
  out = open_socket();
  if (tun < 0 || out < 0) return perror("tunloop-offload"), 1;
  struct pollfd wait[2] = {{tun, POLLIN, 0}, {out, POLLIN, 0}};
  puts("ready");
  fflush(stdout);
  while (poll(wait, 2, -1) > 0) {
    if (wait[0].revents) {
      size_t count = read_packets();
      if (is_udp) send_udp(count);
      else send_raw(count);
    }
    if (wait[1].revents) receive();
  }
  return 0;
}

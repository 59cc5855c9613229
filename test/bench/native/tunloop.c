/*
 * The yardstick for the tun driver: IP-in-IP between a TUN device and a raw socket, one packet a
 * system call, as a plain C program would do it. Usage: tunloop DEVICE LOCAL REMOTE
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/ip.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER = 20, ROOM = 65536 };

static uint16_t checksum(const uint8_t *octets) {
  uint32_t sum = 0;
  for (int i = 0; i < HEADER; i += 2) sum += octets[i] << 8 | octets[i + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

static int open_tun(const char *name) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0 ? -1 : fd;
}

static void encapsulate(int tun, int raw, const struct sockaddr_in *local,
                        const struct sockaddr_in *remote) {
  static uint8_t buffer[HEADER + ROOM];
  ssize_t length;
  while ((length = read(tun, buffer + HEADER, ROOM)) > 0) {
    struct iphdr *outer = (struct iphdr *)buffer;
    const struct iphdr *inner = (struct iphdr *)(buffer + HEADER);
    *outer = (struct iphdr){.version = 4, .ihl = 5, .tos = inner->tos, .ttl = 64, .protocol = 4};
    outer->tot_len = htons(HEADER + length);
    outer->frag_off = inner->frag_off & htons(0x4000);
    outer->saddr = local->sin_addr.s_addr;
    outer->daddr = remote->sin_addr.s_addr;
    outer->check = htons(checksum(buffer));
    sendto(raw, buffer, HEADER + length, 0, (const struct sockaddr *)remote, sizeof *remote);
  }
}

static void decapsulate(int tun, int raw, const struct sockaddr_in *remote) {
  static uint8_t buffer[ROOM];
  ssize_t length;
  while ((length = recv(raw, buffer, ROOM, 0)) > HEADER) {
    const struct iphdr *outer = (struct iphdr *)buffer;
    int skip = outer->ihl * 4;
    if (outer->saddr != remote->sin_addr.s_addr) continue;
    if (write(tun, buffer + skip, length - skip) < 0 && errno == EBADF) return;
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "usage: tunloop DEVICE LOCAL REMOTE\n"), 2;
  struct sockaddr_in local = {.sin_family = AF_INET}, remote = {.sin_family = AF_INET};
  int tun = open_tun(argv[1]), raw = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, 4), on = 1;
  int room = 4 << 20;
  inet_pton(AF_INET, argv[2], &local.sin_addr);
  inet_pton(AF_INET, argv[3], &remote.sin_addr);
  if (tun < 0 || raw < 0) return perror("tunloop"), 1;
  setsockopt(raw, IPPROTO_IP, IP_HDRINCL, &on, sizeof on);
  if (setsockopt(raw, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0) {
    setsockopt(raw, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  }
  struct pollfd wait[2] = {{tun, POLLIN, 0}, {raw, POLLIN, 0}};
  puts("ready");
  fflush(stdout);
  while (poll(wait, 2, -1) > 0) {
    if (wait[0].revents) encapsulate(tun, raw, &local, &remote);
    if (wait[1].revents) decapsulate(tun, raw, &remote);
  }
  return 0;
}

/* Ethernet, IPv4 and UDP around a registration message, for the registration benchmark. */
#ifndef FRAMES_H
#define FRAMES_H
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 434, ETHER = 14, IP = 20, UDP = 8, HEADERS = ETHER + IP + UDP, ROOM = 2048 };
enum { REQUEST_FIXED = 24, REPLY_FIXED = 20 };
enum { MN_HA = 32, MN_FA = 33, FA_HA = 34, FA_HA_SPI = 1000, MN_FA_SPI = 2000 };

static inline int fail(const char *what) {
  perror(what);
  exit(1);
}

static inline uint32_t read32(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static inline uint32_t address_of(const char *text) {
  struct in_addr address;
  if (inet_pton(AF_INET, text, &address) != 1) fail(text);
  return ntohl(address.s_addr);
}

static inline uint32_t sum16(const uint8_t *octets, size_t length) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < length; i += 2) sum += octets[i] << 8 | octets[i + 1];
  return length & 1 ? sum + (octets[length - 1] << 8) : sum;
}

static inline uint16_t fold(uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

static inline void put16(uint8_t *at, uint16_t value) { at[0] = value >> 8, at[1] = value; }
static inline void put32(uint8_t *at, uint32_t value) {
  put16(at, value >> 16), put16(at + 2, value);
}

/* Headers in front of `length` octets that stand at `frame + HEADERS`; the whole length. */
static inline size_t build_frame(uint8_t *frame, const uint8_t *to, const uint8_t *from,
                                 uint32_t source, uint32_t destination, uint8_t ttl,
                                 size_t length) {
  uint8_t *ip = frame + ETHER, *udp = ip + IP;
  memset(ip, 0, IP + UDP);
  memcpy(frame, to, 6);
  memcpy(frame + 6, from, 6);
  put16(frame + 12, ETH_P_IP);
  ip[0] = 0x45, ip[8] = ttl, ip[9] = 17;
  put16(ip + 2, IP + UDP + length);
  put32(ip + 12, source);
  put32(ip + 16, destination);
  put16(ip + 10, fold(sum16(ip, IP)));
  put16(udp, PORT), put16(udp + 2, PORT), put16(udp + 4, UDP + length);
  put16(udp + 6, fold(sum16(ip + 12, 8) + 17 + UDP + length + sum16(udp, UDP + length)));
  return HEADERS + length;
}

/* A packet socket that sees UDP to port 434 on one interface, as Ethernet frames. */
static inline int open_link(const char *interface) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETHER + 9),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 17, 0, 5),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETHER + IP + 2),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PORT, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, ROOM),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  struct sock_fprog filter = {sizeof code / sizeof *code, code};
  struct sockaddr_ll on = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0), room = 8 << 20;
  on.sll_ifindex = if_nametoindex(interface);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
  if (fd < 0 || bind(fd, (struct sockaddr *)&on, sizeof on) < 0) fail(interface);
  return fd;
}

/* UDP port 434 on an address, by one interface alone. */
static inline int open_udp(uint32_t address, const char *interface) {
  struct sockaddr_in on = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = 8 << 20, yes = 1;
  on.sin_addr.s_addr = htonl(address);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, strlen(interface) + 1);
  if (fd < 0 || bind(fd, (struct sockaddr *)&on, sizeof on) < 0) fail("UDP port 434");
  return fd;
}
#endif

/*
 * Packets for many mobile nodes in turn, which a home agent sends back to this machine, their care-of
 * address, in IP-in-IP: never more than so many under way.
 *
 * Usage: spread NODES WINDOW LIMIT   (as in window.h; the nodes' home addresses are those of bind.c)
 */
#include "frames.h"
#include "window.h"

enum { FIRST_HOME = 0x0a000100, DISCARD = 9, OCTETS = 64, ROUND = 64 };

static int out, in;

static int send_packet(uint32_t node) {
  static const uint8_t payload[OCTETS - IP - UDP];
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(DISCARD)};
  to.sin_addr.s_addr = htonl(FIRST_HOME + node);
  return sendto(out, payload, sizeof payload, 0, (struct sockaddr *)&to, sizeof to) > 0;
}

static long take_packets(long *denied) {
  uint8_t packet[ROOM];
  long taken = 0;
  ssize_t got;
  while (taken < ROUND && (got = recv(in, packet, ROOM, MSG_DONTWAIT)) > 0) {
    if (got != IP + OCTETS || read32(packet + IP + 16) < FIRST_HOME) ++*denied;
    taken++;
  }
  return taken;
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "usage: see the source\n"), 2;
  out = socket(AF_INET, SOCK_DGRAM, 0);
  in = socket(AF_INET, SOCK_RAW, IPPROTO_IPIP);
  if (out < 0 || in < 0) fail("socket");
  int octets = 8 << 20;
  setsockopt(in, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
  return run_load(&(struct load){send_packet, take_packets, NULL}, argv + 1);
}

/*
 * The yardstick for registrations: what a relay cannot do without, one message a system call. A
 * request's extension 33 is verified and taken off, extension 34 goes on; a reply's 34 is verified
 * and taken off, 33 goes on. No checks, no lifetimes, no forwarding.
 *
 * Usage: relay LINK UPLINK CARE_OF_ADDRESS HOME_AGENT KEYS   (two keys in hex, 16 octets each)
 */
#include "frames.h"
#include "hmac.h"
#include <poll.h>

enum { NODES = 1 << 17 };

/* Where a reply goes, by the home address. */
struct node {
  uint32_t home, low;
  uint8_t mac[6];
};
static struct node nodes[NODES];
static struct hmac_key visitors, home_agent;
static uint8_t own_mac[6];
static uint32_t care_of;

/* The place of a home address, or the free one that it would have. */
static struct node *find(uint32_t home) {
  uint32_t at = (home * 2654435761u) >> 15;
  while (nodes[at].home != home && nodes[at].home != 0) at = (at + 1) % NODES;
  return &nodes[at];
}

static void relay_requests(int link, int uplink, const struct sockaddr_in *to) {
  static uint8_t frame[ROOM + AUTH];
  ssize_t got;
  while ((got = recv(link, frame, ROOM, 0)) >= HEADERS + REQUEST_FIXED) {
    uint8_t *message = frame + HEADERS;
    size_t length = got - HEADERS;
    if (message[0] != 1 || !check_auth(message, length, MN_FA, &visitors)) continue;
    struct node *node = find(read32(message + 4));
    node->home = read32(message + 4);
    node->low = read32(message + 20);
    memcpy(node->mac, frame + 6, 6);
    memcpy(own_mac, frame, 6);
    length = append_auth(message, length - AUTH, FA_HA, FA_HA_SPI, &home_agent);
    sendto(uplink, message, length, 0, (const struct sockaddr *)to, sizeof *to);
  }
}

static void relay_replies(int link, int uplink) {
  static uint8_t frame[HEADERS + ROOM + AUTH];
  uint8_t *message = frame + HEADERS;
  ssize_t got;
  while ((got = recv(uplink, message, ROOM, 0)) >= REPLY_FIXED) {
    struct node *node = find(read32(message + 4));
    if (message[0] != 3 || node->home == 0 || node->low != read32(message + 16)) continue;
    if (!check_auth(message, got, FA_HA, &home_agent)) continue;
    size_t length = append_auth(message, got - AUTH, MN_FA, MN_FA_SPI, &visitors);
    length = build_frame(frame, node->mac, own_mac, care_of, node->home, 64, length);
    if (send(link, frame, length, 0) < 0) perror("relay: send");
  }
}

int main(int argc, char **argv) {
  if (argc != 7) return fprintf(stderr, "usage: see the source\n"), 2;
  care_of = address_of(argv[3]);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  to.sin_addr.s_addr = htonl(address_of(argv[4]));
  visitors = read_key(argv[5]);
  home_agent = read_key(argv[6]);
  int link = open_link(argv[1]), uplink = open_udp(care_of, argv[2]);
  open_udp(0, argv[1]); /* or the kernel would answer `port unreachable` */
  struct pollfd wait[2] = {{link, POLLIN, 0}, {uplink, POLLIN, 0}};
  puts("ready");
  fflush(stdout);
  while (poll(wait, 2, -1) > 0) {
    if (wait[0].revents) relay_requests(link, uplink, &to);
    if (wait[1].revents) relay_replies(link, uplink);
  }
  return 0;
}

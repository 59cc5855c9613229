/*
 * The load of the home agent's benchmark: co-located nodes at one care-of address, in one process.
 *
 * Usage: bind INTERFACE CARE_OF_ADDRESS HOME_AGENT KEY NODES WINDOW LIMIT   (as in window.h)
 */
#include "frames.h"
#include "hmac.h"
#include "window.h"

enum { LIFETIME = 1800, FIRST_HOME = 0x0a000100 };

static struct hmac_key key;
static struct sockaddr_in to;
static uint32_t care_of, home_agent, serial;
static int fd;

static int send_request(uint32_t node) {
  uint8_t message[ROOM] = {1, 0x22}; /* D and T */
  put16(message + 2, LIFETIME);
  put32(message + 4, FIRST_HOME + node);
  put32(message + 8, home_agent);
  put32(message + 12, care_of);
  put32(message + 16, time(NULL) + 2208988800u);
  put32(message + 20, ++serial);
  size_t length = append_auth(message, REQUEST_FIXED, MN_HA, 256, &key);
  return sendto(fd, message, length, 0, (struct sockaddr *)&to, sizeof to) == (ssize_t)length;
}

static long take_replies(long *denied) {
  uint8_t message[ROOM];
  ssize_t got;
  long taken = 0;
  while ((got = recv(fd, message, ROOM, 0)) > 0) {
    if (got < REPLY_FIXED || message[0] != 3) continue;
    if (message[1] != 0 || !check_auth(message, got, MN_HA, &key)) ++*denied;
    taken++;
  }
  return taken;
}

int main(int argc, char **argv) {
  if (argc != 8) return fprintf(stderr, "usage: see the source\n"), 2;
  care_of = address_of(argv[2]);
  home_agent = address_of(argv[3]);
  key = read_key(argv[4]);
  fd = open_udp(care_of, argv[1]);
  to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(PORT)};
  to.sin_addr.s_addr = htonl(home_agent);
  serial = (uint32_t)(seconds(CLOCK_MONOTONIC) * 1e6);
  return run_load(&(struct load){send_request, take_replies, NULL}, argv + 5);
}

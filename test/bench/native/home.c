/*
 * The yardstick for the home agent: extension 32 of a request is verified, and a reply with one
 * goes back. No checks, no bindings, no journal, one message a system call.
 *
 * Usage: home INTERFACE HOME_AGENT KEY
 */
#include "frames.h"
#include "hmac.h"
#include <poll.h>

static void answer(int fd, const struct hmac_key *key) {
  uint8_t request[ROOM], reply[ROOM] = {3, 0};
  struct sockaddr_in from;
  socklen_t size = sizeof from;
  ssize_t got;
  while ((got = recvfrom(fd, request, ROOM, 0, (struct sockaddr *)&from, &size)) > 0) {
    if (request[0] != 1 || !check_auth(request, got, MN_HA, key)) continue;
    memcpy(reply + 2, request + 2, 2 + 4 + 4);
    memcpy(reply + 12, request + 16, 8);
    size_t length = append_auth(reply, REPLY_FIXED, MN_HA, 256, key);
    sendto(fd, reply, length, 0, (struct sockaddr *)&from, size);
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "usage: see the source\n"), 2;
  int fd = open_udp(address_of(argv[2]), argv[1]);
  struct hmac_key key = read_key(argv[3]);
  struct pollfd wait = {fd, POLLIN, 0};
  puts("ready");
  fflush(stdout);
  while (poll(&wait, 1, -1) > 0) answer(fd, &key);
  return 0;
}

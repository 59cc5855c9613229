/*
 * The load of the registration benchmark: mobile nodes on a link and the home agent behind it, in
 * one process. Each node registers again and again, never more than WINDOW of them at a time.
 *
 * Usage: register LINK UPLINK AGENT_MAC AGENT HOME_AGENT KEYS NODES WINDOW LIMIT
 * KEYS are those of the visitors and of the home agent; the rest as in window.h.
 */
#include "frames.h"
#include "hmac.h"
#include "window.h"

enum { LIFETIME = 1800, FIRST_HOME = 0x0a000100 };

static struct hmac_key visitors, home_agent_key;
static uint8_t agent_mac[6];
static uint32_t agent, home_agent, serial;
static int link_fd, uplink_fd;

static void node_mac(uint32_t node, uint8_t *mac) {
  mac[0] = 2, mac[1] = 1;
  put32(mac + 2, node);
}

static int send_request(uint32_t node) {
  uint8_t frame[ROOM] = {0}, mac[6], *message = frame + HEADERS;
  message[0] = 1, message[1] = 0x02; /* T */
  put16(message + 2, LIFETIME);
  put32(message + 4, FIRST_HOME + node);
  put32(message + 8, home_agent);
  put32(message + 12, agent);
  put32(message + 16, time(NULL) + 2208988800u);
  put32(message + 20, ++serial);
  /* Nobody on the way can check what is for the home agent. */
  size_t length = append_auth(message, REQUEST_FIXED, MN_HA, 256, &visitors);
  length = append_auth(message, length, MN_FA, MN_FA_SPI, &visitors);
  node_mac(node, mac);
  length = build_frame(frame, agent_mac, mac, FIRST_HOME + node, agent, 255, length);
  return send(link_fd, frame, length, 0) == (ssize_t)length;
}

static int answer_requests(void) {
  uint8_t request[ROOM], reply[ROOM];
  struct sockaddr_in from;
  socklen_t size = sizeof from;
  ssize_t got;
  int answered = 0;
  while ((got = recvfrom(uplink_fd, request, ROOM, 0, (struct sockaddr *)&from, &size)) > 0) {
    if (request[0] != 1 || !check_auth(request, got, FA_HA, &home_agent_key)) continue;
    reply[0] = 3, reply[1] = 0;
    memcpy(reply + 2, request + 2, 2 + 4 + 4);
    memcpy(reply + 12, request + 16, 8);
    size_t length = append_auth(reply, REPLY_FIXED, MN_HA, 256, &visitors);
    length = append_auth(reply, length, FA_HA, FA_HA_SPI, &home_agent_key);
    sendto(uplink_fd, reply, length, 0, (struct sockaddr *)&from, size);
    answered = 1;
  }
  return answered;
}

/* Replies that have come; `denied` counts those that refuse or whose 33 does not hold. */
static long take_replies(long *denied) {
  uint8_t frame[ROOM], *message = frame + HEADERS;
  ssize_t got;
  long taken = 0;
  while ((got = recv(link_fd, frame, ROOM, 0)) > 0) {
    if (got < HEADERS + REPLY_FIXED || message[0] != 3) continue;
    if (message[1] != 0 || !check_auth(message, got - HEADERS, MN_FA, &visitors)) ++*denied;
    taken++;
  }
  return taken;
}

int main(int argc, char **argv) {
  if (argc != 11) return fprintf(stderr, "usage: see the source\n"), 2;
  uint8_t *mac = agent_mac;
  if (sscanf(argv[3], "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", mac, mac + 1, mac + 2, mac + 3,
             mac + 4, mac + 5) != 6) {
    fail("register: address");
  }
  agent = address_of(argv[4]);
  home_agent = address_of(argv[5]);
  visitors = read_key(argv[6]);
  home_agent_key = read_key(argv[7]);
  link_fd = open_link(argv[1]);
  uplink_fd = open_udp(home_agent, argv[2]);
  serial = (uint32_t)(seconds(CLOCK_MONOTONIC) * 1e6);
  return run_load(&(struct load){send_request, take_replies, answer_requests}, argv + 8);
}

/*
 * The load of the registration benchmark: mobile nodes on a link and the home agent behind it, in
 * one process. Each node registers again and again, never more than WINDOW of them at a time.
 *
 * Usage: register LINK UPLINK AGENT_MAC AGENT HOME_AGENT KEYS NODES WINDOW LIMIT
 * KEYS are those of the visitors and of the home agent; LIMIT is a number of registrations (`N`)
 * or a time in seconds (`2.5s`). Prints how many registrations were done, how many were lost or
 * denied, seconds, and CPU seconds of this process.
 */
#include "frames.h"
#include "hmac.h"
#include <sys/prctl.h>
#include <time.h>

enum { LIFETIME = 1800, NAP_NS = 20000, FIRST_HOME = 0x0a000100 };
/* Nothing has arrived for this long: what is under way is lost. */
static const double PATIENCE = 1;

static struct hmac_key visitors, home_agent_key;
static uint8_t agent_mac[6];
static uint32_t agent, home_agent, serial;

static double seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static void node_mac(uint32_t node, uint8_t *mac) {
  mac[0] = 2, mac[1] = 1;
  put32(mac + 2, node);
}

static int send_request(int link, uint32_t node) {
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
  return send(link, frame, length, 0) == (ssize_t)length;
}

static long answer_requests(int uplink) {
  uint8_t request[ROOM], reply[ROOM];
  struct sockaddr_in from;
  socklen_t size = sizeof from;
  ssize_t got;
  long answered = 0;
  while ((got = recvfrom(uplink, request, ROOM, 0, (struct sockaddr *)&from, &size)) > 0) {
    if (request[0] != 1 || !check_auth(request, got, FA_HA, &home_agent_key)) continue;
    reply[0] = 3, reply[1] = 0;
    memcpy(reply + 2, request + 2, 2 + 4 + 4);
    memcpy(reply + 12, request + 16, 8);
    size_t length = append_auth(reply, REPLY_FIXED, MN_HA, 256, &visitors);
    length = append_auth(reply, length, FA_HA, FA_HA_SPI, &home_agent_key);
    sendto(uplink, reply, length, 0, (struct sockaddr *)&from, size);
    answered++;
  }
  return answered;
}

/* Replies that have come; `denied` counts those that refuse or whose 33 does not hold. */
static long take_replies(int link, long *denied) {
  uint8_t frame[ROOM], *message = frame + HEADERS;
  ssize_t got;
  long taken = 0;
  while ((got = recv(link, frame, ROOM, 0)) > 0) {
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
  int link = open_link(argv[1]), uplink = open_udp(home_agent, argv[2]);
  uint32_t nodes = strtoul(argv[8], NULL, 10), next = 0;
  long window = atol(argv[9]), sent = 0, done = 0, denied = 0, lost = 0, under_way = 0;
  int is_timed = strchr(argv[10], 's') != NULL;
  double limit = atof(argv[10]);
  serial = (uint32_t)(seconds(CLOCK_MONOTONIC) * 1e6);
  prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
  double start = seconds(CLOCK_MONOTONIC), heard = start, now;
  for (;;) {
    now = seconds(CLOCK_MONOTONIC);
    int is_over = is_timed ? now - start >= limit : sent >= limit;
    if (is_over && under_way == 0) break;
    while (!is_over && under_way < window && send_request(link, next)) {
      next = (next + 1) % nodes;
      sent++, under_way++;
      if (!is_timed && sent >= limit) break;
    }
    long work = answer_requests(uplink), got = take_replies(link, &denied);
    done += got;
    under_way -= got;
    if (work + got > 0) {
      heard = now;
    } else if (now - heard > PATIENCE) {
      lost += under_way;
      under_way = 0;
      heard = now;
    } else {
      nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
    }
  }
  double took = seconds(CLOCK_MONOTONIC) - start;
  printf("%ld %ld %ld %.6f %.6f\n", done - denied, denied, lost, took,
         seconds(CLOCK_PROCESS_CPUTIME_ID));
  return 0;
}

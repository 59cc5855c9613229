/*
 * The load of the data path benchmark: UDP datagrams sent here and received in another network
 * namespace, never more than WINDOW of them under way. So the rate is the highest that the path
 * carries without loss, and no rate has to be searched for.
 *
 * Usage: pump SINK_NETNS ADDRESS OCTETS WINDOW SECONDS
 * Prints what arrived, what was lost, seconds, and CPU seconds of this process.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 32, ROOM = 2048, PORT = 9000, HEADERS = 28, NAP_NS = 50000 };
/* Nothing has arrived for this long: what is under way is lost. */
static const double PATIENCE = 0.05;

static char data[BATCH][ROOM];
static struct iovec vectors[BATCH];
static struct mmsghdr messages[BATCH];

static double seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static int fail(const char *what) {
  perror(what);
  exit(1);
}

static void enter(int netns) {
  if (setns(netns, CLONE_NEWNET) < 0) fail("pump: setns");
}

static int open_netns(const char *path) {
  int netns = open(path, O_RDONLY | O_CLOEXEC);
  return netns < 0 ? fail(path) : netns;
}

static int open_receiver(const char *sink) {
  int own = open_netns("/proc/self/ns/net"), there = open_netns(sink), room = 4 << 20;
  struct sockaddr_in on = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  enter(there);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  enter(own);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (bind(fd, (struct sockaddr *)&on, sizeof on) < 0) fail("pump: bind");
  return fd;
}

static int open_sender(const char *address) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (inet_pton(AF_INET, address, &to.sin_addr) != 1) fail("pump: address");
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) fail("pump: connect");
  return fd;
}

static void prepare(size_t octets) {
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){data[i], octets};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
}

/* The datagrams bear the number of the window they belong to; stragglers do not count. */
static void stamp(uint32_t epoch) {
  for (int i = 0; i < BATCH; i++) memcpy(data[i], &epoch, sizeof epoch);
}

static long receive(int fd, uint32_t epoch) {
  static char room[BATCH][ROOM];
  static struct iovec into[BATCH];
  static struct mmsghdr arrived[BATCH];
  long fresh = 0;
  for (int i = 0; i < BATCH; i++) {
    into[i] = (struct iovec){room[i], ROOM};
    arrived[i].msg_hdr.msg_iov = &into[i];
    arrived[i].msg_hdr.msg_iovlen = 1;
  }
  int got = recvmmsg(fd, arrived, BATCH, MSG_DONTWAIT, NULL);
  for (int i = 0; i < got; i++) fresh += !memcmp(room[i], &epoch, sizeof epoch);
  return fresh;
}

int main(int argc, char **argv) {
  if (argc != 6) return fprintf(stderr, "usage: see the source\n"), 2;
  int to = open_sender(argv[2]), from = open_receiver(argv[1]);
  long window = atol(argv[4]), received = 0, lost = 0, under_way = 0;
  uint32_t epoch = 1;
  prepare(atoi(argv[3]) - HEADERS);
  stamp(epoch);
  prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
  double start = seconds(CLOCK_MONOTONIC), end = start + atof(argv[5]), heard = start, now;
  while ((now = seconds(CLOCK_MONOTONIC)) < end) {
    while (under_way < window) {
      long room = window - under_way;
      int sent = sendmmsg(to, messages, room < BATCH ? room : BATCH, 0);
      if (sent <= 0) break;
      under_way += sent;
    }
    long got = receive(from, epoch);
    received += got;
    under_way -= got;
    if (got > 0) {
      heard = now;
    } else if (now - heard > PATIENCE) {
      lost += under_way;
      under_way = 0;
      heard = now;
      stamp(++epoch);
    } else if (window > 1) {
      /* A nap, not a blocking call: then nobody on the path pays for waking us. */
      nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
    }
  }
  double took = seconds(CLOCK_MONOTONIC) - start;
  printf("%ld %ld %.6f %.6f\n", received, lost, took, seconds(CLOCK_PROCESS_CPUTIME_ID));
  return 0;
}

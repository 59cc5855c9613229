/*
 * Numbered UDP packets at a steady rate from one network namespace to another: when each left and
 * when it came. For machines in which two processes of Node would take what is to be measured.
 *
 * Usage: stream FROM_NETNS SOURCE TO_NETNS DESTINATION PORT RATE
 * Until SIGTERM; then it prints `s SEQUENCE TIME REFUSED` of each that was sent and
 * `r SEQUENCE SENT TIME` of each that came, in milliseconds of CLOCK_MONOTONIC.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

enum { MOST = 1000000, DRAIN_MS = 300 };

struct packet {
  uint32_t sequence;
  double at;
} __attribute__((packed));

static struct { struct packet packet; int refused; } sent[MOST];
static struct { struct packet packet; double at; } received[MOST];
static long sent_count, received_count;
static volatile sig_atomic_t over;

static void end(int signal) {
  (void)signal;
  over = 1;
}

static int fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static int open_in(const char *netns, const char *address, int port) {
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port)};
  int there = open(netns, O_RDONLY);
  if (there < 0 || setns(there, CLONE_NEWNET) < 0) fail(netns);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  inet_pton(AF_INET, address, &own.sin_addr);
  if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) < 0) fail(address);
  return fd;
}

static void *receive(void *socket) {
  struct packet packet;
  while (recv(*(int *)socket, &packet, sizeof packet, 0) == sizeof packet && received_count < MOST) {
    received[received_count].at = now();
    received[received_count++].packet = packet;
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 7) return fprintf(stderr, "usage: see the source\n"), 2;
  int port = atoi(argv[5]), rate = atoi(argv[6]);
  int to = open_in(argv[3], argv[4], port), from = open_in(argv[1], argv[2], 0);
  struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct timespec next;
  pthread_t receiver;
  inet_pton(AF_INET, argv[4], &there.sin_addr);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGTERM, end);
  if (pthread_create(&receiver, NULL, receive, &to) != 0) fail("stream: thread");
  printf("ready\n");
  fflush(stdout);
  clock_gettime(CLOCK_MONOTONIC, &next);
  while (!over && sent_count < MOST) {
    struct packet packet = {.sequence = sent_count, .at = now()};
    ssize_t done = sendto(from, &packet, sizeof packet, 0, (struct sockaddr *)&there, sizeof there);
    sent[sent_count].refused = done < 0;
    sent[sent_count++].packet = packet;
    next.tv_nsec += 1000000000L / rate;
    if (next.tv_nsec >= 1000000000L) next.tv_nsec -= 1000000000L, next.tv_sec++;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL) == EINTR && !over) {}
  }
  nanosleep(&(struct timespec){.tv_nsec = DRAIN_MS * 1000000L}, NULL);
  long count = received_count;
  for (long i = 0; i < sent_count; i++)
    printf("s %u %.3f %d\n", sent[i].packet.sequence, sent[i].packet.at, sent[i].refused);
  for (long i = 0; i < count; i++)
    printf("r %u %.3f %.3f\n", received[i].packet.sequence, received[i].packet.at, received[i].at);
  return 0;
}

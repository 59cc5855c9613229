/*
 * Datagrams at a steady rate to another network namespace, and how long each took.
 *
 * Usage: pace SINK_NETNS ADDRESS OCTETS RATE SECONDS
 * Prints how many were sent, how many arrived, and the 50th and 99th percentile in microseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

enum { PORT = 9002, ROOM = 2048, HEADERS = 28, MOST = 4000000 };
static double *delays;
static long arrived;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static int fail(const char *what) {
  perror(what);
  exit(1);
}

static void *receive(void *argument) {
  int fd = *(int *)argument;
  char room[ROOM];
  double sent;
  while (recv(fd, room, ROOM, 0) >= (ssize_t)sizeof sent && arrived < MOST) {
    memcpy(&sent, room, sizeof sent);
    delays[arrived++] = now() - sent;
  }
  return NULL;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
  if (argc != 6) return fprintf(stderr, "usage: see the source\n"), 2;
  int own = open("/proc/self/ns/net", O_RDONLY), there = open(argv[1], O_RDONLY), room = 4 << 20;
  struct sockaddr_in on = {.sin_family = AF_INET, .sin_port = htons(PORT)}, to = on;
  struct timeval patience = {.tv_usec = 300000};
  delays = calloc(MOST, sizeof *delays);
  if (own < 0 || there < 0 || delays == NULL || setns(there, CLONE_NEWNET) < 0) fail("pace: namespace");
  int from = socket(AF_INET, SOCK_DGRAM, 0);
  setsockopt(from, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  setsockopt(from, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (bind(from, (struct sockaddr *)&on, sizeof on) < 0) fail("pace: bind");
  if (setns(own, CLONE_NEWNET) < 0) fail("pace: namespace");
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (inet_pton(AF_INET, argv[2], &to.sin_addr) != 1) fail("pace: address");
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) fail("pace: connect");
  pthread_t receiver;
  pthread_create(&receiver, NULL, receive, &from);
  prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
  char data[ROOM] = {0};
  size_t octets = (size_t)atoi(argv[3]) - HEADERS;
  double start = now(), seconds = atof(argv[5]), rate = atof(argv[4]), time;
  long sent = 0;
  while ((time = now()) < start + seconds) {
    /* What is due is sent; then a nap, so that the receiver on this CPU has its turn. */
    while (sent < (time - start) * rate) {
      double at = now();
      memcpy(data, &at, sizeof at);
      sent += 1;
      if (send(fd, data, octets, 0) < 0) continue;
    }
    nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
  }
  pthread_join(receiver, NULL);
  qsort(delays, (size_t)arrived, sizeof *delays, compare);
  printf("%ld %ld %.1f %.1f\n", sent, arrived, arrived == 0 ? 0 : delays[arrived / 2] * 1e6,
         arrived == 0 ? 0 : delays[arrived * 99 / 100] * 1e6);
  return 0;
}

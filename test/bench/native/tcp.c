/*
 * One TCP connection from here to another network namespace, as much as it takes.
 *
 * Usage: tcp SINK_NETNS ADDRESS SECONDS
 * Prints octets received, seconds, and CPU seconds of sender and receiver.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 256 * 1024, PORT = 9001 };
static char block[BLOCK];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static int fail(const char *what) {
  perror(what);
  exit(1);
}

static double cpu(int who) {
  struct rusage usage;
  getrusage(who, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* In the other namespace: counts until the connection ends, and tells how much came. */
static void receive(int listener, int tell) {
  int from = accept(listener, NULL, NULL);
  if (from < 0) fail("tcp: accept");
  long octets = 0, got;
  while ((got = recv(from, block, BLOCK, 0)) > 0) octets += got;
  if (write(tell, &octets, sizeof octets) != sizeof octets) fail("tcp: pipe");
  exit(0);
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "usage: tcp SINK_NETNS ADDRESS SECONDS\n"), 2;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)}, on = to;
  int own = open("/proc/self/ns/net", O_RDONLY), there = open(argv[1], O_RDONLY), tell[2], yes = 1;
  if (own < 0 || there < 0 || pipe(tell) < 0 || setns(there, CLONE_NEWNET) < 0) fail("tcp: namespace");
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&on, sizeof on) < 0 || listen(listener, 1) < 0) fail("tcp: bind");
  if (setns(own, CLONE_NEWNET) < 0) fail("tcp: namespace");
  if (fork() == 0) receive(listener, tell[1]);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct timeval patience = {.tv_sec = 5};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (inet_pton(AF_INET, argv[2], &to.sin_addr) != 1) fail("tcp: address");
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) fail("tcp: connect");
  double start = now(), end = start + atof(argv[3]);
  while (now() < end && send(fd, block, BLOCK, 0) > 0) continue;
  shutdown(fd, SHUT_WR);
  long octets = 0;
  if (read(tell[0], &octets, sizeof octets) != sizeof octets) return 1;
  double took = now() - start;
  wait(NULL);
  printf("%ld %.6f %.6f\n", octets, took, cpu(RUSAGE_SELF) + cpu(RUSAGE_CHILDREN));
  return 0;
}

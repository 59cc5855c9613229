/*
 * Sends numbered UDP datagrams as fast as asked, or counts what arrives.
 * Usage: blast send ADDRESS PORT OCTETS PACKETS_PER_SECOND SECONDS
 *        blast count PORT SECONDS      (prints: packets, from the first packet on)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 32, ROOM = 2048 };

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static int send_all(char **argv) {
  static char data[BATCH][ROOM];
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[3]))};
  int fd = socket(AF_INET, SOCK_DGRAM, 0), octets = atoi(argv[4]) - 28;
  double rate = atof(argv[5]), end = seconds() + atof(argv[6]), start = seconds();
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
  long sent = 0;
  inet_pton(AF_INET, argv[2], &to.sin_addr);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) return perror("blast"), 1;
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){data[i], octets};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  while (seconds() < end) {
    long due = (seconds() - start) * rate - sent;
    if (due <= 0) {
      nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
      continue;
    }
    int done = sendmmsg(fd, messages, due < BATCH ? due : BATCH, 0);
    sent += done > 0 ? done : 0;
    if (done <= 0) nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
  }
  printf("%ld\n", sent);
  return 0;
}

static int count_all(char **argv) {
  static char data[BATCH][ROOM];
  struct sockaddr_in on = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  struct timeval step = {.tv_usec = 100000};
  int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 4 << 20;
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
  double limit = atof(argv[3]), end = seconds() + limit;
  long count = 0;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &step, sizeof step);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  if (bind(fd, (struct sockaddr *)&on, sizeof on) < 0) return perror("blast"), 1;
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){data[i], ROOM};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  puts("ready");
  fflush(stdout);
  while (seconds() < end) {
    int got = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    if (got > 0) count += got;
  }
  printf("%ld\n", count);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 7 && !strcmp(argv[1], "send")) return send_all(argv);
  if (argc == 4 && !strcmp(argv[1], "count")) return count_all(argv);
  return fprintf(stderr, "usage: see the source\n"), 2;
}

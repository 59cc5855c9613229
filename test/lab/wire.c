/*
 * The lab's wire. Linux netem is not in every kernel, so delay and loss are made here, in user
 * space; and veth pairs are told to send plain frames, as a real wire carries them.
 *
 *   wire plain IF...          no checksum or segmentation offload on these interfaces
 *   wire card IF...           plain frames are sent, and those received are put together (GRO), as by
 *                             the driver of a network card
 *   wire line IFA IFB         a line between two interfaces; each line of standard input sets it:
 *                             DELAY_US_AB DELAY_US_BA LOSS_PPM_AB LOSS_PPM_BA SEED
 *                             and is answered with "ok FORWARDED_AB LOST_AB FORWARDED_BA LOST_BA".
 *                             Order is kept and there is no jitter. Ends with standard input.
 *   wire capture IF FILE      writes every frame of an interface to a pcap file (nanoseconds), each
 *                             one at once; says "capturing" when its socket is open. SIGINT ends
 *                             it, after what has arrived; then it says "lost N". Needs no change
 *                             of user, which tcpdump wants and a namespace of one user cannot do.
 *   wire inject IF [RATE]     sends each line of standard input, a frame in hex, on an interface,
 *                             at most RATE a second, and says "sent N" at its end.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 2048, QUEUE_MAX = 8192 };

struct frame {
  uint64_t due;
  uint32_t length;
  uint8_t octets[FRAME_MAX];
};

struct direction {
  int in, out;
  uint64_t delay_ns, forwarded, lost, random;
  uint32_t loss_ppm, head, count;
  struct frame *queue;
};

static void die(const char *what) {
  fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* xorshift64*: seeded, so that a run with the same frames loses the same ones. */
static uint32_t random_ppm(struct direction *way) {
  way->random ^= way->random >> 12;
  way->random ^= way->random << 25;
  way->random ^= way->random >> 27;
  return (uint32_t)((way->random * 0x2545f4914f6cdd1dull) >> 40) % 1000000u;
}

static void set_offloads(const char *name, uint32_t receive) {
  const struct ethtool_value values[] = {
      {ETHTOOL_STXCSUM, 0}, {ETHTOOL_STSO, 0}, {ETHTOOL_SGSO, 0}, {ETHTOOL_SGRO, receive}};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) die("socket");
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    struct ethtool_value value = values[i];
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    request.ifr_data = (void *)&value;
    if (ioctl(fd, SIOCETHTOOL, &request) < 0 && errno != EOPNOTSUPP) die(name);
  }
  close(fd);
}

static int open_port(const char *name) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL)), one = 1, size = 8 << 20;
  if (fd < 0) die("packet socket");
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  address.sll_ifindex = (int)if_nametoindex(name);
  if (address.sll_ifindex == 0) die(name);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) < 0) die("PACKET_IGNORE_OUTGOING");
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  return fd;
}

static void take_in(struct direction *way) {
  uint8_t spare[FRAME_MAX];
  for (;;) {
    int full = way->count == QUEUE_MAX;
    struct frame *slot = &way->queue[(way->head + way->count) % QUEUE_MAX];
    ssize_t length = recv(way->in, full ? spare : slot->octets, FRAME_MAX, MSG_TRUNC);
    if (length < 0) return;
    if (full || length > FRAME_MAX || random_ppm(way) < way->loss_ppm) {
      way->lost++;
      continue;
    }
    slot->due = now_ns() + way->delay_ns;
    slot->length = (uint32_t)length;
    way->count++;
  }
}

/* Sends what is due; returns when the next frame is, or 0 when there is none. */
static uint64_t send_due(struct direction *way) {
  while (way->count > 0) {
    struct frame *frame = &way->queue[way->head];
    if (frame->due > now_ns()) return frame->due;
    if (send(way->out, frame->octets, frame->length, 0) >= 0) way->forwarded++;
    else way->lost++;
    way->head = (way->head + 1) % QUEUE_MAX;
    way->count--;
  }
  return 0;
}

static void configure(struct direction ways[2]) {
  char line[256];
  if (fgets(line, sizeof line, stdin) == NULL) exit(0);
  unsigned long long delay[2], seed;
  unsigned loss[2];
  if (sscanf(line, "%llu %llu %u %u %llu", &delay[0], &delay[1], &loss[0], &loss[1], &seed) == 5)
    for (int i = 0; i < 2; i++) {
      ways[i].delay_ns = delay[i] * 1000;
      ways[i].loss_ppm = loss[i];
      ways[i].random = (seed * 2 + (unsigned)i) * 0x9e3779b97f4a7c15ull + 1;
    }
  printf("ok %llu %llu %llu %llu\n", (unsigned long long)ways[0].forwarded, (unsigned long long)ways[0].lost,
         (unsigned long long)ways[1].forwarded, (unsigned long long)ways[1].lost);
  fflush(stdout);
}

static _Noreturn void line(const char *a, const char *b) {
  int fd_a = open_port(a), fd_b = open_port(b);
  struct direction ways[2] = {{.in = fd_a, .out = fd_b, .random = 1}, {.in = fd_b, .out = fd_a, .random = 2}};
  for (int i = 0; i < 2; i++)
    if ((ways[i].queue = malloc(sizeof(struct frame) * QUEUE_MAX)) == NULL) die("memory");
  setvbuf(stdin, NULL, _IONBF, 0);
  for (;;) {
    uint64_t next = 0;
    for (int i = 0; i < 2; i++) {
      uint64_t due = send_due(&ways[i]);
      if (due != 0 && (next == 0 || due < next)) next = due;
    }
    struct pollfd polled[3] = {{fd_a, POLLIN, 0}, {fd_b, POLLIN, 0}, {0, POLLIN, 0}};
    uint64_t now = now_ns(), rest = next > now ? next - now : 0;
    struct timespec wait = {(time_t)(rest / 1000000000u), (long)(rest % 1000000000u)};
    if (ppoll(polled, 3, next == 0 ? NULL : &wait, NULL) < 0 && errno != EINTR) die("poll");
    for (int i = 0; i < 2; i++)
      if (polled[i].revents) take_in(&ways[i]);
    if (polled[2].revents) configure(ways);
  }
}

static volatile sig_atomic_t ended;

static void end(int signal) {
  (void)signal;
  ended = 1;
}

/* One frame from the socket to the file; 0 when there is none. */
static int record(int fd, FILE *file) {
  static uint8_t octets[65536];
  char control[CMSG_SPACE(sizeof(struct timespec))];
  struct iovec part = {octets, sizeof octets};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t length = recvmsg(fd, &message, 0);
  if (length < 0) return errno == ENETDOWN; /* the interface went down; it may return */
  struct timespec time = {0};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header != NULL && header->cmsg_type == SCM_TIMESTAMPNS) memcpy(&time, CMSG_DATA(header), sizeof time);
  uint32_t record[4] = {(uint32_t)time.tv_sec, (uint32_t)time.tv_nsec, (uint32_t)length, (uint32_t)length};
  fwrite(record, sizeof record, 1, file);
  fwrite(octets, (size_t)length, 1, file);
  return 1;
}

static int capture(const char *name, const char *path) {
  static const uint32_t header[6] = {0xa1b23c4d, 2 | 4 << 16, 0, 0, 65536, 1}; /* LINKTYPE_ETHERNET */
  int fd = open_port(name), one = 1, zero = 0;
  struct packet_mreq all = {.mr_ifindex = (int)if_nametoindex(name), .mr_type = PACKET_MR_PROMISC};
  setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &zero, sizeof zero);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
  if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) < 0) die("promiscuous");
  FILE *file = fopen(path, "w");
  if (file == NULL) die(path);
  fwrite(header, sizeof header, 1, file);
  signal(SIGINT, end);
  signal(SIGTERM, end);
  puts("capturing");
  fflush(stdout);
  while (!ended) {
    struct pollfd polled = {fd, POLLIN, 0};
    fflush(file);
    if (poll(&polled, 1, 50) > 0)
      while (record(fd, file)) continue;
  }
  while (record(fd, file)) continue;
  if (fclose(file) != 0) die(path);
  struct tpacket_stats lost = {0};
  socklen_t size = sizeof lost;
  getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &lost, &size);
  printf("lost %u\n", lost.tp_drops);
  return 0;
}

static int inject(const char *name, uint64_t rate) {
  static char line[2 * FRAME_MAX + 2];
  int fd = open_port(name);
  unsigned sent = 0;
  uint64_t start = now_ns();
  while (fgets(line, sizeof line, stdin) != NULL) {
    uint8_t octets[FRAME_MAX];
    ssize_t length = 0;
    unsigned octet;
    while (length < FRAME_MAX && sscanf(line + 2 * length, "%2x", &octet) == 1) octets[length++] = (uint8_t)octet;
    if (send(fd, octets, (size_t)length, 0) != length) die("send");
    sent++;
    if (sent % 64 == 0) usleep(1000); /* a receiver's socket holds so many */
    if (rate > 0)
      while (now_ns() - start < sent * 1000000000ull / rate) usleep(100);
  }
  printf("sent %u\n", sent);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "line") == 0) line(argv[2], argv[3]);
  if (argc >= 3 && (strcmp(argv[1], "plain") == 0 || strcmp(argv[1], "card") == 0)) {
    for (int i = 2; i < argc; i++) set_offloads(argv[i], strcmp(argv[1], "card") == 0);
    return 0;
  }
  if (argc == 4 && strcmp(argv[1], "capture") == 0) return capture(argv[2], argv[3]);
  if (argc == 3 && strcmp(argv[1], "inject") == 0) return inject(argv[2], 0);
  if (argc == 4 && strcmp(argv[1], "inject") == 0) return inject(argv[2], strtoull(argv[3], NULL, 10));
  fprintf(stderr, "usage: wire plain|card IF... | wire line IFA IFB | wire capture IF FILE | wire inject IF [RATE]\n");
  return 2;
}

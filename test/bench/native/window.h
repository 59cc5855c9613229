/* Registrations, or packets, again and again, never more than so many under way; for the programs that are load. */
#ifndef WINDOW_H
#define WINDOW_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

enum { NAP_NS = 20000 };
/* Nothing has arrived for this long: what is under way is lost. */
static const double PATIENCE = 1;

struct load {
  /* False when the kernel has no room. */
  int (*send_request)(uint32_t node);
  /* Replies that have come; counts those that refuse or whose authenticator does not hold. */
  long (*take_replies)(long *denied);
  /* Anything else to do; true when there was something. */
  int (*work)(void);
};

static inline double seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

/*
 * LIMIT is a number of registrations (`N`) or a time in seconds (`2.5s`). Prints how many
 * registrations were done, how many were denied or lost, seconds, and CPU seconds of this process.
 */
static inline int run_load(const struct load *load, char *const nodes_window_limit[3]) {
  uint32_t nodes = strtoul(nodes_window_limit[0], NULL, 10), next = 0;
  long window = atol(nodes_window_limit[1]);
  long sent = 0, done = 0, denied = 0, lost = 0, under_way = 0;
  int is_timed = strchr(nodes_window_limit[2], 's') != NULL;
  double limit = atof(nodes_window_limit[2]);
  prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
  double start = seconds(CLOCK_MONOTONIC), heard = start, now;
  for (;;) {
    now = seconds(CLOCK_MONOTONIC);
    int is_over = is_timed ? now - start >= limit : sent >= limit;
    if (is_over && under_way == 0) break;
    while (!is_over && under_way < window && load->send_request(next)) {
      next = (next + 1) % nodes;
      sent++, under_way++;
      if (!is_timed && sent >= limit) break;
    }
    int worked = load->work != NULL && load->work();
    long got = load->take_replies(&denied);
    done += got;
    under_way -= got;
    if (worked || got > 0) {
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
#endif

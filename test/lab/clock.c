/*
 * LD_PRELOAD library: clocks that a test sets, for one process. The file in MIP4_CLOCK holds three
 * numbers of milliseconds, 64 bits each, that are added to CLOCK_MONOTONIC, to CLOCK_BOOTTIME (and
 * /proc/uptime) and to CLOCK_REALTIME. A machine that sleeps for ten minutes has the last two ahead
 * by that when it wakes up; for those that were awake all three are.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { MONOTONIC, BOOT, WALL };

static volatile const int64_t *offsets;

static int64_t offset(int which)
{
	if (offsets == NULL) {
		const char *path = getenv("MIP4_CLOCK");
		int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
		void *map = fd < 0 ? MAP_FAILED : mmap(NULL, 24, PROT_READ, MAP_SHARED, fd, 0);

		if (map == MAP_FAILED)
			abort();
		close(fd);
		offsets = map;
	}
	return offsets[which];
}

static void add(struct timespec *time, int64_t milliseconds)
{
	int64_t ns = (int64_t)time->tv_nsec + milliseconds % 1000 * 1000000;

	time->tv_sec += milliseconds / 1000;
	time->tv_sec += ns < 0 ? -1 : ns / 1000000000;
	time->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
}

int clock_gettime(clockid_t id, struct timespec *time)
{
	int result = (int)syscall(SYS_clock_gettime, id, time);

	if (result != 0)
		return result;
	if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE)
		add(time, offset(MONOTONIC));
	else if (id == CLOCK_BOOTTIME)
		add(time, offset(BOOT));
	else if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		add(time, offset(WALL));
	return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	time->tv_sec = now.tv_sec;
	time->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *result)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (result)
		*result = now.tv_sec;
	return now.tv_sec;
}

/* What the kernel says of its uptime, and no more time. */
static int uptime(void)
{
	struct timespec now;
	int fd = memfd_create("uptime", MFD_CLOEXEC);

	clock_gettime(CLOCK_BOOTTIME, &now);
	dprintf(fd, "%lld.%02ld 0.00\n", (long long)now.tv_sec, now.tv_nsec / 10000000);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list more;

	if (strcmp(path, "/proc/uptime") == 0)
		return uptime();
	va_start(more, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(more, mode_t);
	va_end(more);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int open(const char *path, int flags, ...) __attribute__((alias("open64")));

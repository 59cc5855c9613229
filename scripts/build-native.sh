#!/bin/sh
# Builds the native helper (shared/native) for this CPU and for each other one whose cross compiler
# is installed, into build/native/<arch>.node, where <arch> is Node's process.arch. One call of gcc
# each: no C library, no node-gyp; Node's own headers are all that is needed. Then the BPF programs
# (shared/bpf), which are the same on every CPU, for both byte orders.
set -eu
cd "$(dirname "$0")/.."

prefix=${npm_config_nodedir:-$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")}
headers=$prefix/include/node
if [ ! -f "$headers/node_api.h" ]; then
  echo "build-native: Node's headers are missing: no $headers/node_api.h." \
    "Install them (Debian: libnode-dev) or set npm_config_nodedir to the prefix that has include/node." >&2
  exit 1
fi

out=build/native
mkdir -p "$out"

# build ARCH COMPILER [FLAG...]
build() {
  arch=$1
  compiler=$2
  shift 2
  "$compiler" "$@" -std=c11 -O2 -Wall -Wextra -Werror -fPIC -ffreestanding -fvisibility=hidden \
    -fno-stack-protector -fno-asynchronous-unwind-tables -shared -nostdlib -s \
    -Wl,--build-id=none -Wl,--gc-sections -Wl,-z,noseparate-code -Wl,-z,relro,-z,now \
    -isystem "$headers" -o "$out/$arch.node.part" \
    shared/native/*.c -lgcc
  mv "$out/$arch.node.part" "$out/$arch.node"
  echo "$out/$arch.node: $(wc -c <"$out/$arch.node") octets, $(gzip -9c "$out/$arch.node" | wc -c) gzipped"
}

native=$(node -p process.arch)
if ! command -v "${CC:-gcc}" >/dev/null; then
  echo "build-native: no C compiler: ${CC:-gcc} is not installed (Debian: gcc)." >&2
  exit 1
fi
build "$native" "${CC:-gcc}"

for target in x64:x86_64-linux-gnu arm64:aarch64-linux-gnu arm:arm-linux-gnueabihf riscv64:riscv64-linux-gnu; do
  arch=${target%%:*}
  compiler=${target#*:}-gcc
  if [ "$arch" = "$native" ]; then continue; fi
  if command -v "$compiler" >/dev/null; then
    build "$arch" "$compiler"
  else
    echo "$out/$arch.node: not built, $compiler is not installed"
  fi
done

for order in bpfel bpfeb; do
  if command -v clang >/dev/null; then
    clang -target "$order" -std=gnu11 -O2 -Wall -Wextra -Werror -fno-jump-tables -g0 \
      -c -o "$out/$order.o.part" shared/bpf/tunnel.c
    mv "$out/$order.o.part" "$out/$order.o"
    echo "$out/$order.o: $(wc -c <"$out/$order.o") octets"
  else
    rm -f "$out/$order.o"
    echo "$out/$order.o: not built, clang is not installed"
  fi
done

#!/usr/bin/env bash
# Makes what a virtual machine of the tests needs, in .cache/machine: Debian's kernel with all its
# modules (fetched, not installed; 70 MB), and an initramfs. No root. Does nothing when it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PATH:/usr/sbin:/sbin

out=.cache/machine
fail() { printf 'machine: %s\n' "$*" >&2; exit 1; }

# command -> Debian package that brings it
needs=(qemu-system-x86_64:qemu-system-x86 depmod:kmod busybox:busybox dpkg-deb:dpkg)
missing=()
for need in "${needs[@]}"; do
  command -v "${need%%:*}" >/dev/null || missing+=("${need#*:}")
done
((${#missing[@]} == 0)) || fail "programs are missing: sudo apt-get install ${missing[*]}"

# What the initramfs loads before it has the root file system; all else is for modprobe.
first=(virtio_pci virtio_console 9pnet_virtio 9p overlay)

fetch_kernel() {
  local package folder
  package=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-\)/\1/p' | head -1)
  [[ -n $package ]] || fail 'apt knows no linux-image-amd64: run apt-get update (Debian, amd64)'
  folder=$(mktemp -d "$out/fetch.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$folder'" EXIT
  echo "machine: fetching $package" >&2
  (cd "$folder" && apt-get -qq -o APT::Sandbox::User=root download "$package") || fail "$package cannot be fetched: run apt-get update"
  # Without what no test could use: screens, sound, cameras, disks.
  dpkg-deb --fsys-tarfile "$folder"/*.deb | tar -x -C "$folder" \
    --exclude='*/drivers/gpu' --exclude='*/drivers/media' --exclude='*/sound' --exclude='*/drivers/infiniband' \
    --exclude='*/drivers/scsi' --exclude='*/drivers/iio' --exclude='*/drivers/staging' ./boot ./lib
  local version
  version=$(basename "$folder"/lib/modules/*)
  depmod -b "$folder" "$version" 2>/dev/null
  rm -rf "${out:?}/lib" "$out/vmlinuz"
  mv "$folder/lib" "$out/lib"
  mv "$folder/boot/vmlinuz-$version" "$out/vmlinuz"
}

# A module with what it depends on, the dependencies first.
with_dependencies() {
  local line
  line=$(grep "/$1\.ko[.a-z]*:" "$modules/modules.dep") || fail "the kernel has no module $1"
  tr ' ' '\n' <<<"${line/:/}" | sed '/^$/d' | tac
}

make_initramfs() {
  local root library file
  root=$(mktemp -d "$out/initramfs.XXXXXX")
  mkdir -p "$root"/{bin,modules,dev,proc}
  cp "$(command -v busybox)" "$root/bin/busybox"
  # Debian's ordinary busybox needs the C library.
  for library in $(ldd "$root/bin/busybox" 2>/dev/null | grep -o '/[^ ]*'); do
    mkdir -p "$root/$(dirname "$library")"
    cp -L "$library" "$root/$library"
  done
  for file in $(for module in "${first[@]}"; do with_dependencies "$module"; done | awk '!seen[$0]++'); do
    case $file in
      *.xz) xz -dc "$modules/$file" >"$root/modules/$(basename "$file" .xz)" ;;
      *) cp "$modules/$file" "$root/modules/" ;;
    esac
    basename "$file" .xz >>"$root/modules/order"
  done
  cp test/machine/init.sh "$root/init"
  chmod 755 "$root/init"
  (cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$out/initramfs.new"
  rm -rf "$root"
  mv "$out/initramfs.new" "$out/initramfs"
}

mkdir -p "$out"
[[ -f $out/vmlinuz ]] || fetch_kernel
modules=$(echo "$out"/lib/modules/*)
if [[ ! -f $out/initramfs || $0 -nt $out/initramfs || test/machine/init.sh -nt $out/initramfs ]]; then
  make_initramfs
fi

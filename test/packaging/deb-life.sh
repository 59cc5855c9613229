#!/bin/sh
# Installs the Debian packages into a root directory of their own, runs a foreign agent as its unit
# would, and removes them. Prints what was seen, NAME VALUE.
#
#   deb-life.sh DIRECTORY DEB...     in user, mount, network and PID namespaces of its own
set -eu
here=$(dirname "$0")
root=$1/root
shift
. "$here/rootfs.sh"
make_root
make_links
ln -s /host/bin/sh "$root/bin/sh"
mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates"
: >"$root/var/lib/dpkg/status"
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/host/usr/sbin:/host/usr/bin:/host/sbin:/host/bin
export PATH

# Node is there, but not as a package.
packages() {
	dpkg --root="$root" --force-not-root --force-depends --log=/dev/null "$@" 2>&1
}
packages -i "$@" >"$root/tmp/log" || { cat "$root/tmp/log"; exit 1; }
echo "installed $(packages -l 'mip4-*' | grep -c '^ii')"
echo "directory $([ -d "$root/etc/mip4" ] && echo yes)"

cp "$root/usr/share/doc/mip4-fa/examples/fa.toml" "$root/etc/mip4/fa.toml"
command=$(sed -n 's/^ExecStart=//p' "$root/usr/lib/systemd/system/mip4-fa.service")
chroot "$root" sh -c "exec $command" >"$root/tmp/log" 2>&1 &
agent=$!
wait_for [ -r "$root/run/mip4/fa.state" ] || { cat "$root/tmp/log"; exit 1; }
echo "status $(chroot "$root" mip4-fa status --json | grep -o '"state":"[a-z]*"' | head -n 1)"
echo "health $(chroot "$root" mip4-health fa | cut -d'|' -f1)"
kill -TERM "$agent"
wait "$agent" && echo "ended 0"
echo "socket $([ -e "$root/run/mip4/fa.sock" ] && echo left || echo gone)"
rm "$root/etc/mip4/fa.toml"
packages -P mip4-fa mip4-mn mip4-ha mip4-common >"$root/tmp/log" || { cat "$root/tmp/log"; exit 1; }
echo "left $(find "$root/usr" "$root/etc" "$root/var/lib" -name '*mip4*' -not -path '*/dpkg/*' | tr '\n' ' ')"

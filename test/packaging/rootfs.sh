# Sourced by deb-life.sh and openwrt-life.sh: makes a root directory of its own at $root that has
# nothing of the host's but its libraries, node, and a few commands, in /host, read-only.

make_root() {
	# Nothing of it is on a disk, and it goes with the namespace.
	mkdir -p "$root"
	mount -t tmpfs tmpfs "$root"
	mkdir -p "$root/host" "$root/usr/bin" "$root/bin" "$root/sbin" "$root/proc" "$root/dev/net" "$root/tmp" \
		"$root/run" "$root/etc" "$root/var/lib" "$root/usr/sbin"
	mount --rbind / "$root/host"
	mount --rbind /dev "$root/dev"
	mount -t proc proc "$root/proc"
	mkdir -p "$root/lib" "$root/usr/lib"
	for library in /lib64 /lib/*-linux-gnu* /usr/lib/*-linux-gnu*; do
		[ -e "$library" ] || continue
		mkdir -p "$root/$(dirname "$library")"
		ln -s "/host$library" "$root$library"
	done
	ln -s "/host$(readlink -f "$(command -v node)")" "$root/usr/bin/node"
	ln -s /host/usr/bin/env "$root/usr/bin/env"
}

# A link to serve visitors on, and a default route for the care-of address.
make_links() {
	ip link set lo up
	ip link add lan0 type veth peer name peer0
	ip address add 10.0.0.1/24 dev lan0
	ip link set lan0 up
	ip link set peer0 up
	ip link add wan0 type veth peer name peer1
	ip address add 192.0.2.1/24 dev wan0
	ip link set wan0 up
	ip link set peer1 up
	ip route add default via 192.0.2.254
}

# Until a command succeeds, ten seconds at most.
wait_for() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || return 1
		sleep 0.1
	done
}

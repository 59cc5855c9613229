# What the init scripts of mip4-fa, mip4-mn and mip4-ha have in common. The argument is the role.

# Measured on x86-64 with Node 20: a young generation of 1 MB keeps a program that works from growing by
# several, one thread for V8's background work saves up to 1.5 MB. A third of the machine's memory for
# the old generation is a safety net, not a saving.
mip4_node_options() {
	local third
	third="$(awk '/^MemTotal:/ { printf "%d", $2 / 3072 }' /proc/meminfo)"
	echo "--max-semi-space-size=1 --v8-pool-size=1 --max-old-space-size=${third:-64}"
}

mip4_log() {
	logger -t "mip4-$1" -p "daemon.$2" "$3"
}

# Reads the section `service` of the configuration: enabled, board.
mip4_load() {
	config_load "mip4-$1"
	config_get_bool enabled service enabled 0
	config_get board service board
}

# The program itself is the authority on its configuration: each fault is a line in the log.
mip4_check() {
	local faults line
	faults="$("/usr/bin/mip4-$1" check --config "/etc/config/mip4-$1" ${board:+--board "$board"} 2>&1 >/dev/null)" && return 0
	echo "$faults" | while read -r line; do mip4_log "$1" err "$line"; done
	return 1
}

mip4_start() {
	local enabled board
	mip4_load "$1"
	[ "$enabled" -eq 1 ] || return 0
	if ! command -v node >/dev/null; then
		mip4_log "$1" err 'Node.js is missing: install the package node'
		return 1
	fi
	# Without this link the sockets and state files would be on flash.
	[ -e /run ] || ln -s /var/run /run
	mkdir -p /var/run/mip4 /var/lib/mip4
	mip4_check "$1" || return 1
	procd_open_instance
	procd_set_param command "/usr/bin/mip4-$1" run --config "/etc/config/mip4-$1" ${board:+--board "$board"}
	procd_set_param env "NODE_OPTIONS=$(mip4_node_options)"
	procd_set_param respawn 3600 5 0
	procd_set_param term_timeout 10
	procd_set_param no_new_privs 1
	procd_set_param stdout 1
	procd_set_param stderr 1
	procd_close_instance
}

# A changed configuration is read by the program that runs; tunnels and registrations stay.
mip4_reload() {
	local enabled board
	mip4_load "$1"
	if [ "$enabled" -eq 1 ] && procd_running "mip4-$1" '*' >/dev/null; then
		mip4_check "$1" || return 1
		procd_send_signal "mip4-$1" '*' HUP
	else
		stop
		start
	fi
}

mip4_triggers() {
	procd_add_reload_trigger "mip4-$1"
}

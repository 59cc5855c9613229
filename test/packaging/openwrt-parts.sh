# Stand-ins for what OpenWrt has: rc.common, procd's shell functions and uci's, as far as the init
# scripts of the packages use them. procd is played by nohup; `logger` writes a file.
#
#   rc.common SCRIPT ACTION

config_load() { CONFIG="/etc/config/$1"; }

# The value of an option in the named section.
config_get() {
	local value
	value="$(sed -n "/^config [a-z_]* '$2'/,/^config/s/^[[:space:]]*option $3 '\(.*\)'/\1/p" "$CONFIG" | head -n 1)"
	eval "$1=\${value:-\${4:-}}"
}

config_get_bool() { config_get "$@"; }

logger() {
	while [ $# -gt 1 ]; do shift; done
	echo "$1" >>/tmp/log/daemon
}

procd_open_instance() { rm -rf /tmp/procd && mkdir -p /tmp/procd; }

procd_set_param() {
	local name="$1"
	shift
	case "$name" in
	command) printf '%s\n' "$@" >/tmp/procd/command ;;
	env) printf '%s\n' "$@" >/tmp/procd/env ;;
	*) echo "$name $*" >>/tmp/procd/parameters ;;
	esac
}

procd_close_instance() {
	local variable
	IFS='
'
	for variable in $(cat /tmp/procd/env); do export "${variable?}"; done
	# shellcheck disable=SC2046
	set -- $(cat /tmp/procd/command)
	unset IFS
	"$@" >/tmp/procd/log 2>&1 &
	echo $! >/tmp/procd/pid
}

procd_running() { [ -e /tmp/procd/pid ] && kill -0 "$(cat /tmp/procd/pid)"; }
procd_send_signal() { kill "-$3" "$(cat /tmp/procd/pid)"; }
procd_add_reload_trigger() { :; }

start() { start_service; }

stop() {
	local tries=0
	procd_running || return 0
	kill -TERM "$(cat /tmp/procd/pid)"
	while procd_running 2>/dev/null && [ "$tries" -lt 100 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	rm -f /tmp/procd/pid
}

if [ "${0##*/}" = rc.common ]; then
	. "$1"
	case "$2" in
	start | stop) "$2" ;;
	reload) reload_service ;;
	esac
fi

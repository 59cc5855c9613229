#!/bin/sh
# Protocol mip4: a mobile node as an interface of /etc/config/network, like WireGuard's. Addresses,
# routes and the device are the program's; netifd supervises it and shows what it has.
#
#   config interface 'mobile'
#   	option proto 'mip4'
#   	option home_address '10.1.0.7'
#   	option home_agent '198.51.100.1'
#   	option spi '256'
#   	option key_file '/etc/mip4/ha.key'
#   	list device 'wan'               # in order of preference

[ -n "$INCLUDE_ONLY" ] || {
	. /lib/functions.sh
	. ../netifd-proto.sh
	init_proto "$@"
}

proto_mip4_init_config() {
	no_device=1
	available=1
	proto_config_add_string home_address
	proto_config_add_int home_prefix_length
	proto_config_add_string home_agent
	proto_config_add_string nai
	proto_config_add_int spi
	proto_config_add_string key
	proto_config_add_string key_file
	proto_config_add_string algorithm
	proto_config_add_string replay
	proto_config_add_string encapsulation
	proto_config_add_array 'devices:list(string)'
}

# TOML takes JSON's form of a string.
mip4_quote() {
	printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
}

# A line KEY = "VALUE" if there is a value.
mip4_text() {
	[ -z "$2" ] || printf '%s = %s\n' "$1" "$(mip4_quote "$2")"
}

mip4_number() {
	[ -z "$2" ] || printf '%s = %s\n' "$1" "$2"
}

mip4_device() {
	printf '[[interface]]\nname = %s\n' "$(mip4_quote "$1")"
}

# The program's configuration out of the interface's options.
mip4_config() {
	mip4_text home_address "$home_address"
	mip4_number home_prefix_length "$home_prefix_length"
	mip4_text home_agent "$home_agent"
	mip4_text nai "$nai"
	json_for_each_item mip4_device devices
	printf '[[security_association]]\nwith = "home-agent"\n'
	mip4_number spi "$spi"
	mip4_text key "$key"
	mip4_text key_file "$key_file"
	mip4_text algorithm "$algorithm"
	mip4_text replay "$replay"
	if [ -n "$encapsulation" ]; then
		printf '[registration]\n'
		mip4_text encapsulation "$encapsulation"
	fi
	printf '[control]\nsocket = %s\n' "$(mip4_quote "/var/run/mip4/$1.sock")"
	printf '[[hook]]\nevents = ["started", "registered", "home", "deregistered", "agent-lost"]\n'
	printf 'exec = %s\n' "$(mip4_quote "/var/run/mip4/$1.hook")"
}

proto_mip4_setup() {
	local interface="$1" file="/var/run/mip4/$1.toml" faults
	local home_address home_prefix_length home_agent nai spi key key_file algorithm replay encapsulation
	json_get_vars home_address home_prefix_length home_agent nai spi key key_file algorithm replay encapsulation
	mkdir -p /var/run/mip4 /var/lib/mip4
	(umask 077 && mip4_config "$interface" >"$file")
	printf '#!/bin/sh\nexec /usr/libexec/mip4/netifd-event %s\n' "$interface" >"/var/run/mip4/$interface.hook"
	chmod 755 "/var/run/mip4/$interface.hook"
	if ! faults="$(/usr/bin/mip4-mn check --config "$file" 2>&1 >/dev/null)"; then
		logger -t mip4-mn -p daemon.err "$interface: $faults"
		proto_notify_error "$interface" INVALID_CONFIGURATION
		proto_block_restart "$interface"
		return
	fi
	proto_run_command "$interface" /usr/bin/mip4-mn run --config "$file"
}

proto_mip4_teardown() {
	proto_kill_command "$1"
	rm -f "/var/run/mip4/$1.toml" "/var/run/mip4/$1.hook"
}

[ -n "$INCLUDE_ONLY" ] || add_protocol mip4

#!/bin/sh
# The network of test-radio, in a machine of the tests with mac80211_hwsim's three radios: the mobile
# network of test/lab/mobile-net.ts, with radio links in the place of foreign1 and foreign2. $1 is the
# folder of hostapd's and wpa_supplicant's files.
set -eu
here=$1

for host in inet cn ha fa1 fa2 mn; do ip netns add "$host"; done
ip -batch - <<LINKS
link add cn netns inet type veth peer name eth0 netns cn
link add ha netns inet type veth peer name up0 netns ha
link add fa1 netns inet type veth peer name up0 netns fa1
link add fa2 netns inet type veth peer name up0 netns fa2
link add home0 netns ha type veth peer name home1 netns ha
LINKS

# NETNS, then lines for ip
within() { netns=$1; { echo "link set lo up"; cat; } | ip -n "$netns" -batch -; }
forwarding() { ip netns exec "$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'; }

within inet <<HOST
addr add 203.0.113.1/24 dev cn
addr add 198.51.100.254/24 dev ha
addr add 100.64.1.1/30 dev fa1
addr add 100.64.2.1/30 dev fa2
link set cn up
link set ha up
link set fa1 up
link set fa2 up
route add 10.1.0.0/24 via 198.51.100.1
route add 192.0.2.0/26 via 100.64.1.2
route add 192.0.2.64/26 via 100.64.2.2
HOST
within cn <<HOST
addr add 203.0.113.10/24 dev eth0
link set eth0 up
route add default via 203.0.113.1
HOST
within ha <<HOST
addr add 198.51.100.1/24 dev up0
addr add 10.1.0.1/24 dev home0
link set up0 up
link set home0 up
link set home1 up
route add default via 198.51.100.254
HOST
# 40 ms there and back between the home agent and all others.
ip netns exec inet tc qdisc add dev ha root netem delay 20ms limit 10000
ip netns exec ha tc qdisc add dev up0 root netem delay 20ms limit 10000

# radio NUMBER NETNS NAME ADDRESS: radios change their namespaces as a whole.
radio() {
  iw phy "phy$1" set netns name "$2"
  within "$2" <<HOST
link set wlan$1 name $3
link set $3 address $4
HOST
}

# foreign NUMBER ADDRESS/LENGTH MAC
foreign() {
  radio "$(($1 - 1))" "fa$1" lan0 "$3"
  within "fa$1" <<HOST
addr add 100.64.$1.2/30 dev up0
link set up0 up
route add default via 100.64.$1.1
addr add $2 dev lan0
HOST
  forwarding "fa$1"
  ip netns exec "fa$1" hostapd -B -f "$here/hostapd$1.log" "$here/hostapd$1.conf"
}
foreign 1 192.0.2.1/26 02:00:00:00:01:01
foreign 2 192.0.2.65/26 02:00:00:00:02:01

radio 2 mn wlan0 02:00:00:00:00:07
forwarding inet
forwarding ha
ip netns exec mn iw dev wlan0 set power_save off || true
ip netns exec mn wpa_supplicant -B -f "$here/supplicant.log" -D nl80211 -i wlan0 -c "$here/supplicant.conf"

#!/bin/sh
# Unpacks the .ipk files into a root directory whose only commands are BusyBox's, starts a foreign
# agent by its init script, reloads and stops it, and asks rpcd's plugin and the health script.
# Prints what was seen, NAME VALUE. What OpenWrt has and BusyBox has not (rc.common, procd, config_get)
# is played by openwrt-parts.sh.
#
#   openwrt-life.sh DIRECTORY IPK...     in user, mount, network and PID namespaces of its own
set -eu
here=$(dirname "$0")
root=$1/root
shift
. "$here/rootfs.sh"
make_root
make_links
cp "$(command -v busybox)" "$root/bin/busybox"
chroot "$root" /bin/busybox --install -s /bin
for package in "$@"; do
	tar -xzOf "$package" ./data.tar.gz | tar -xzf - -C "$root"
done
mkdir -p "$root/var/run" "$root/tmp/sysinfo" "$root/tmp/log"
cp "$here/openwrt-parts.sh" "$root/lib/functions.sh"
cp "$here/openwrt-parts.sh" "$root/etc/rc.common"
rmdir "$root/run"
mkdir -p "$root/etc/hotplug.d/mip4"
echo 'echo "$ACTION $MIP4_PROGRAM" >>/tmp/hotplug' >"$root/etc/hotplug.d/mip4/10-test"
printf '#!/bin/sh\nfor script in /etc/hotplug.d/$1/*; do . "$script"; done\n' >"$root/sbin/hotplug-call"
chmod 755 "$root/sbin/hotplug-call"
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
in_root() { chroot "$root" /bin/busybox ash "$@"; }
service() { in_root /etc/rc.common "/etc/init.d/mip4-$1" "$2"; }
log() { cat "$root/tmp/log/daemon" 2>/dev/null; }

service fa start
echo "disabled $([ -e "$root/tmp/procd/pid" ] && echo started || echo idle)"
sed -i "s/option enabled '0'/option enabled '1'/; s/option max_interval '10'/option max_interval 'soon'/" "$root/etc/config/mip4-fa"
printf "\nconfig interface\n\toption name 'lan0'\n" >>"$root/etc/config/mip4-fa"
# Nothing says what this machine is, so there is no board to find.
sed -i "/option board/d" "$root/etc/config/mip4-fa"
service fa start || true
echo "refused $(log | grep -c 'mip4-fa:[0-9]*: advertisement.max_interval')"
sed -i "s/'soon'/'1'/" "$root/etc/config/mip4-fa"
service fa start
wait_for [ -r "$root/var/run/mip4/fa.state" ] || { log; cat "$root/tmp/procd/log"; exit 1; }
echo "health $(in_root /usr/sbin/mip4-health fa | cut -d'|' -f1)"
echo "list $(in_root /usr/libexec/rpcd/mip4 list)"
echo "call $(echo '{}' | in_root /usr/libexec/rpcd/mip4 call status)"
echo "visitors $(echo '{}' | in_root /usr/libexec/rpcd/mip4 call visitors)"
echo "tunnels $(echo '{"program":"ha"}' | in_root /usr/libexec/rpcd/mip4 call tunnels)"
before=$(cat "$root/tmp/procd/pid")
service fa reload
wait_for grep -q 'configuration reloaded' "$root/tmp/procd/log"
echo "reload $([ "$before" = "$(cat "$root/tmp/procd/pid")" ] && echo same)"
wait_for grep -q started "$root/tmp/hotplug"
echo "hotplug $(grep started "$root/tmp/hotplug")"
service fa stop
echo "state $([ -e "$root/var/run/mip4/fa.state" ] && echo left || echo gone)"
in_root /etc/uci-defaults/80-mip4
in_root /etc/uci-defaults/80-mip4
echo "crontab $(grep -c mip4 "$root/etc/crontabs/root")"
for package in "$@"; do
	case "$package" in
	*mip4-common_*) tar -xzOf "$package" ./control.tar.gz | tar -xzOf - ./prerm-pkg >"$root/tmp/prerm" ;;
	esac
done
IPKG_INSTROOT='' in_root /tmp/prerm
echo "uncron $(grep -c mip4 "$root/etc/crontabs/root" || :)"

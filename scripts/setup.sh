#!/usr/bin/env bash
# Installs what is missing: Debian packages (root or passwordless sudo) and npm packages.
# Called by every make target that needs it; does nothing, quickly, when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# command -> Debian package that brings it
needs=(
  make:make gcc:gcc g++:g++ clang:clang python3:python3 unshare:util-linux nsenter:util-linux
  setpriv:util-linux taskset:util-linux mount:mount ip:iproute2 nft:nftables ping:iputils-ping
  tshark:tshark busybox:busybox shellcheck:shellcheck
  man:man-db systemd-analyze:systemd redis-server:redis-server openssl:openssl
)

command -v node >/dev/null || fail 'Node.js is missing: install Node 20.19 or later (https://nodejs.org, or your distribution)'
command -v npm >/dev/null || fail 'npm is missing: it comes with Node.js'
node -e '
  const [major, minor] = process.versions.node.split(".").map(Number);
  process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1);
' || fail "Node $(node --version) is too old: 20.19 or later is needed"

missing=()
for need in "${needs[@]}"; do
  command -v "${need%%:*}" >/dev/null || PATH="$PATH:/usr/sbin:/sbin" command -v "${need%%:*}" >/dev/null ||
    missing+=("${need#*:}")
done
if ((${#missing[@]})); then
  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
  if ((EUID == 0)); then as_root=(env)
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root=(sudo -n env)
  else fail "these Debian packages are missing, and neither root nor passwordless sudo is there to install them:
       sudo apt-get install ${missing[*]}"
  fi
  command -v apt-get >/dev/null || fail "these packages are missing, and there is no apt-get here: ${missing[*]}"
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get -qq update
  "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}" >/dev/null
fi

# node-gyp cannot fetch headers everywhere: the running node's own are used.
prefix="$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")"
export npm_config_nodedir="${npm_config_nodedir:-$prefix}"
[[ -f "$npm_config_nodedir/include/node/node_api.h" ]] ||
  fail "Node's headers are missing under $npm_config_nodedir/include/node (Debian: apt-get install libnode-dev, or set npm_config_nodedir)"
# Nothing prebuilt from elsewhere: the addons are built from the pinned sources.
export npm_config_build_from_source=true

if [[ ! -f node_modules/.package-lock.json || package-lock.json -nt node_modules/.package-lock.json ]]; then
  say 'installing npm packages (about a minute the first time)'
  npm ci --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
fi

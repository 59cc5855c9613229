/** What a lab needs of this machine, and how to get what is missing. */

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The programs a lab calls, and the Debian package that brings each. */
const PACKAGES: Readonly<Record<string, string>> = {
  unshare: "util-linux",
  nsenter: "util-linux",
  setpriv: "util-linux",
  taskset: "util-linux",
  ip: "iproute2",
  nft: "nftables",
  ping: "iputils-ping",
  "redis-server": "redis-server",
  cc: "gcc libc6-dev",
  tshark: "tshark",
};

/** Directories that hold system programs but are not in every user's PATH. */
const SYSTEM_PATH = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** PATH with the system directories, so that `ip` and `nsenter` are found without root. */
export function pathWithSystem(path = process.env.PATH ?? "/usr/bin:/bin"): string {
  const parts = path.split(":");
  return [...parts, ...SYSTEM_PATH.filter((folder) => !parts.includes(folder))].join(":");
}

function onPath(program: string): boolean {
  return pathWithSystem()
    .split(":")
    .some((folder) => existsSync(join(folder, program)));
}

/** One line for each program that is not there. */
export function missingPrograms(programs: readonly string[]): string[] {
  return programs
    .filter((program) => !onPath(program))
    .map((program) => {
      const packages = PACKAGES[program] ?? program;
      return `${program} is missing; get it with: sudo apt-get install -y ${packages}`;
    });
}

function readNumber(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** May this user make user, network, mount and PID namespaces? Tried, as no setting tells all. */
export function namespaceFault(): string | undefined {
  const probe = ["-Urnm", "--pid", "--fork", "sh", "-c", "mount -t tmpfs tmpfs /run"];
  const tried = spawnSync("unshare", probe, {
    encoding: "utf8",
    env: { ...process.env, PATH: pathWithSystem() },
  });
  if (tried.status === 0) return undefined;
  const reason = (tried.stderr || String(tried.error ?? "")).trim().split("\n")[0];
  const knobs: readonly [path: string, closed: (value: number) => boolean, cure: string][] = [
    [
      "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
      (value) => value !== 0,
      "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ],
    [
      "/proc/sys/kernel/unprivileged_userns_clone",
      (value) => value === 0,
      "sudo sysctl -w kernel.unprivileged_userns_clone=1",
    ],
    [
      "/proc/sys/user/max_user_namespaces",
      (value) => value === 0,
      "sudo sysctl -w user.max_user_namespaces=10000",
    ],
  ];
  for (const [path, closed, cure] of knobs) {
    const value = readNumber(path);
    if (value !== undefined && closed(value)) {
      return `user namespaces are not permitted here (${reason}); allow them with: ${cure}`;
    }
  }
  return `user namespaces are not permitted here (${reason}); in a container, start it with: --privileged`;
}

/** Can this user open the TUN device? */
export function tunFault(device = "/dev/net/tun"): string | undefined {
  if (!existsSync(device)) return `${device} is missing; get it with: sudo modprobe tun`;
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return `${device} is not accessible to this user; allow it with: sudo chmod 0666 ${device}`;
  }
}

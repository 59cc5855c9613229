/**
 * Privileges of the process: which user it is, and what of root's it keeps. Threads have their own;
 * Node's calls change the user of all of them, by which all but this one lose every capability. All
 * that needs one is done in this thread.
 */

import { readFileSync } from "node:fs";
import { check, LITTLE_ENDIAN } from "./kernel-call.ts";
import { loadNative } from "./native-loader.ts";

/** Options of prctl(2). */
const PR_SET_DUMPABLE = 4;
const PR_SET_KEEPCAPS = 8;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2;
/** _LINUX_CAPABILITY_VERSION_3: two sets of 32 bits. */
const CAPABILITY_VERSION = 0x20080522;

/** To bind port 434; for routes, rules and devices; for packet and raw sockets. */
const NET_BIND_SERVICE = 10;
const NET_ADMIN = 12;
const NET_RAW = 13;
const KEPT = [NET_BIND_SERVICE, NET_ADMIN, NET_RAW] as const;
/** CAP_PERFMON and CAP_BPF: to load programs that look at packets into the kernel. */
const TO_LOAD_PROGRAMS = [38, 39] as const;

/**
 * Has this process what it takes to load programs into the kernel? Root of a user namespace has it
 * there, where it is of no use: that only bpf(2) tells.
 */
export function mayLoadPrograms(status = readFileSync("/proc/self/status", "utf8")): boolean {
  const effective = BigInt(`0x${/^CapEff:\s*(\S+)/m.exec(status)?.[1] ?? "0"}`);
  return TO_LOAD_PROGRAMS.every((capability) => (effective >> BigInt(capability)) & 1n);
}

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** A user of /etc/passwd, by name or number; `undefined`: there is none. */
export function findUser(name: string, passwd = "/etc/passwd"): User | undefined {
  for (const line of readFileSync(passwd, "utf8").split("\n")) {
    const [login = "", , uid = "", gid = ""] = line.split(":");
    if (login !== name && uid !== name) continue;
    return { name: login, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

/** No core file and no debugger of the same user sees the keys (RFC 5944 §5.1 wants them secret). */
export function hideMemory(): void {
  check(loadNative().prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "hiding the memory");
}

/**
 * Becomes this user for good, with the three capabilities that the work needs, which programs that
 * it starts (`nft`, `ip`, hooks) have as well, and with two more to load programs into the kernel. Throws an `IoError` or what Node says.
 */
export function dropPrivileges(user: User, loadsPrograms: boolean): void {
  const native = loadNative();
  const what = `becoming ${user.name}`;
  const isOther = process.getuid?.() !== user.uid;
  check(native.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), what);
  if (isOther) {
    process.setgroups?.([user.gid]);
    process.setgid?.(user.gid);
    process.setuid?.(user.uid);
  }
  const header = new Uint32Array([CAPABILITY_VERSION, 0]);
  const kept = loadsPrograms ? [...KEPT, ...TO_LOAD_PROGRAMS] : KEPT;
  const set = kept.reduce((bits, capability) => bits | (1n << BigInt(capability)), 0n);
  // Effective, permitted, inheritable; then the same of the upper 32.
  const sets = new Uint8Array(24);
  const view = new DataView(sets.buffer);
  for (const at of [0, 4, 8]) {
    view.setUint32(at, Number(set & 0xffffffffn), LITTLE_ENDIAN);
    view.setUint32(at + 12, Number(set >> 32n), LITTLE_ENDIAN);
  }
  check(native.capset(new Uint8Array(header.buffer), sets), what);
  for (const capability of isOther ? kept : []) {
    check(native.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0), what);
  }
  // What the change of user has made dumpable again.
  hideMemory();
}

/**
 * Privileges of the process: which user it is, and what of root's it keeps. Each thread has its own,
 * and Node has several before any of this runs; none can give up what another one has. Node's calls
 * change the user of all of them, by which all but this one lose every capability. Who stays the
 * user it is starts again instead, in the same process: what execve(2) leaves is one thread.
 */

import { readFileSync } from "node:fs";
import { check, LITTLE_ENDIAN } from "./kernel-call.ts";
import { loadNative } from "./native-loader.ts";

/** Options of prctl(2). */
const PR_SET_DUMPABLE = 4;
const PR_SET_KEEPCAPS = 8;
const PR_SET_NO_NEW_PRIVS = 38;
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

const kept = (loadsPrograms: boolean): readonly number[] =>
  loadsPrograms ? [...KEPT, ...TO_LOAD_PROGRAMS] : KEPT;

const setOf = (capabilities: readonly number[]): bigint =>
  capabilities.reduce((bits, capability) => bits | (1n << BigInt(capability)), 0n);

/** Sets what this thread has: effective, permitted and inheritable. */
function setCapabilities(set: bigint, what: string): void {
  const header = new Uint32Array([CAPABILITY_VERSION, 0]);
  // Then the same of the upper 32.
  const sets = new Uint8Array(24);
  const view = new DataView(sets.buffer);
  for (const at of [0, 4, 8]) {
    view.setUint32(at, Number(set & 0xffffffffn), LITTLE_ENDIAN);
    view.setUint32(at + 12, Number(set >> 32n), LITTLE_ENDIAN);
  }
  check(loadNative().capset(new Uint8Array(header.buffer), sets), what);
}

/**
 * Becomes another user for good, with the three capabilities that the work needs, which programs that
 * it starts (`nft`, `ip`, hooks) have as well, and with two more to load programs into the kernel. Throws
 * an `IoError` or what Node says.
 */
export function becomeUser(user: User, loadsPrograms: boolean): void {
  const native = loadNative();
  const what = `becoming ${user.name}`;
  check(native.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), what);
  process.setgroups?.([user.gid]);
  process.setgid?.(user.gid);
  process.setuid?.(user.uid);
  setCapabilities(setOf(kept(loadsPrograms)), what);
  for (const capability of kept(loadsPrograms)) {
    check(native.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0), what);
  }
}

/**
 * Leaves root the same capabilities and no more: this process starts again as it was started. Returns
 * when it need not, because it has no more of them. Throws an `IoError`.
 */
export function keepFewCapabilities(loadsPrograms: boolean): void {
  const permitted = /^CapPrm:\s*(\w+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  const has = BigInt(`0x${permitted ?? "0"}`);
  const keeps = setOf(kept(loadsPrograms));
  if ((has & ~keeps) === 0n) return;
  const native = loadNative();
  const what = "giving up capabilities";
  // With this, execve(2) gives root no more than it had, and so it is with every program from here on.
  check(native.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), what);
  setCapabilities(has & keeps, what);
  const words = [process.argv0, ...process.execArgv, ...process.argv.slice(1)];
  const variables = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
  check(native.execute(octetsOf([process.execPath]), octetsOf(words), octetsOf(variables)), what);
}

/** Each with a NUL behind it. */
function octetsOf(texts: readonly string[]): Uint8Array {
  return new TextEncoder().encode(texts.map((text) => `${text}\0`).join(""));
}

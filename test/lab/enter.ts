/**
 * Re-runs the current script inside namespaces of its own: user, network, mount and PID. Nothing
 * of the host's network is touched, no root is needed, and whatever ends the script (an exception,
 * a signal, SIGKILL of its parent) ends every process and namespace it made, because the script is
 * process 1 of its PID namespace.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { missingPrograms, namespaceFault, pathWithSystem, tunFault } from "./requirements.ts";

/** Set inside a lab to the PID that its process 1 has outside. */
const MARK = "MIP4_LAB_PID";

/**
 * Runs before the script, as process 1. `/proc` is still the outer one when the first line reads
 * it, so it names our PID as other terminals see it. Then come private mounts: `/proc` of this PID
 * namespace, and an empty `/run` for `ip netns`, control sockets and the lab's own files.
 */
const PROLOGUE = `
read -r ${MARK} _ </proc/self/stat && export ${MARK} &&
mount -t proc proc /proc &&
mount -t tmpfs -o mode=0755 tmpfs /run &&
mkdir -p /run/netns /run/mip4 /run/lab &&
exec "$@"`;

const MOUNT_BPF = "mount -t bpf bpf /sys/fs/bpf || exit; ";

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface EnterOptions {
  /** The programs under test need /dev/net/tun. */
  readonly tun?: boolean;
  /**
   * Programs are loaded into the kernel, which only root may do: then there is no user namespace, and
   * who is not root gets a lab where it is refused.
   */
  readonly bpf?: boolean;
  /** Programs needed besides those of every lab, e.g. `tshark`. */
  readonly programs?: readonly string[];
}

/** The PID of the lab's process 1 as seen outside, or `undefined` outside a lab. */
export function labPid(): number | undefined {
  const text = process.env[MARK];
  return text !== undefined && process.pid === 1 ? Number(text) : undefined;
}

function refuse(lines: readonly string[]): never {
  for (const line of lines) process.stderr.write(`lab: ${line}\n`);
  process.exit(1);
}

/** All that is missing, one line each. */
export function labFaults(options: EnterOptions): string[] {
  const needed = ["unshare", "nsenter", "setpriv", "ip", "cc", ...(options.programs ?? [])];
  const faults = missingPrograms(needed);
  if (faults.length > 0) return faults;
  const namespaces = namespaceFault();
  if (namespaces !== undefined) return [namespaces];
  const tun = options.tun === true ? tunFault() : undefined;
  return tun === undefined ? [] : [tun];
}

/** The script's own process: the only child of `unshare`. */
function scriptPid(unshare: ChildProcess): number | undefined {
  try {
    const children = `/proc/${unshare.pid}/task/${unshare.pid}/children`;
    return Number(readFileSync(children, "utf8").trim().split(" ")[0]) || undefined;
  } catch {
    return undefined;
  }
}

/** Is this a lab, or a machine, in which programs can be loaded into the kernel? */
export function mayLoadPrograms(): boolean {
  const isOutermost = readFileSync("/proc/self/uid_map", "utf8").includes("4294967295");
  return process.getuid?.() === 0 && isOutermost;
}

/** A machine of the tests (test/machine) is there for the lab alone, with radios that no namespace may take. */
function namespaces(isRoot: boolean): string {
  if (process.env.MIP4_MACHINE === "1") return "-m";
  return isRoot ? "-nm" : "-Urnm";
}

function launch({ bpf = false }: EnterOptions): Promise<never> {
  const isRoot = bpf && mayLoadPrograms();
  // Death of this process reaches `unshare` (setpriv), whose death reaches the script.
  const argv = [
    "--pdeathsig",
    "KILL",
    "unshare",
    namespaces(isRoot),
    "--pid",
    "--fork",
    "--kill-child=KILL",
  ];
  const script = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn(
    "setpriv",
    [...argv, "sh", "-c", `${isRoot ? MOUNT_BPF : ""}${PROLOGUE}`, "lab", ...script],
    {
      stdio: "inherit",
      detached: true, // a terminal's Ctrl-C reaches only this process, which passes it on once
      env: { ...process.env, PATH: pathWithSystem() },
    },
  );
  for (const signal of FORWARDED) {
    process.on(signal, () => {
      const pid = scriptPid(child);
      if (pid !== undefined) process.kill(pid, signal);
    });
  }
  return new Promise((_, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
    });
  });
}

/** Process 1 ignores signals it has no handler for; this is what they do elsewhere. */
function endOnSignals(): void {
  for (const signal of FORWARDED) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
    });
  }
}

/**
 * The first call of a script that uses a lab: returns inside the lab, never outside. Outside it
 * runs the script again inside and ends with its exit status; when something is missing, it says
 * what and how to get it, and ends with 1.
 */
export async function enterLab(options: EnterOptions = {}): Promise<void> {
  if (labPid() !== undefined) {
    endOnSignals();
    return;
  }
  const faults = labFaults(options);
  if (faults.length > 0) refuse(faults);
  await launch(options);
}

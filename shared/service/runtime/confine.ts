/** What a program gives up once it has read its configuration, before it opens anything. */

import { chownSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { loadNative } from "../../linux/native-loader.ts";
import {
  becomeUser,
  findUser,
  hideMemory,
  keepFewCapabilities,
  type User,
} from "../../linux/privileges.ts";
import type { CommonConfig } from "../program.ts";

type Confined = Pick<CommonConfig, "privileges" | "control"> & {
  readonly dataplane: Pick<CommonConfig["dataplane"], "driver">;
};

/**
 * Throws when there is no such user, or the kernel refuses; the user, if it is another one. Root that
 * keeps being root starts again here, and then comes by with fewer capabilities.
 */
export function confine(
  { privileges, control, dataplane }: Confined,
  journalPath: string,
): string | undefined {
  const user = privileges.user === undefined ? undefined : findUser(privileges.user);
  if (privileges.user !== undefined && user === undefined) {
    throw new Error(`privileges.user: there is no user ${privileges.user} in /etc/passwd`);
  }
  const loadsPrograms = dataplane.driver === "ebpf";
  const isOther = user !== undefined && user.uid !== process.getuid?.();
  if (isOther) {
    for (const path of [control.socket, journalPath]) makeDirectory(dirname(path), user);
    becomeUser(user, loadsPrograms);
  } else if (!hasHelper()) {
    return undefined;
  } else if (privileges.drop && process.getuid?.() === 0) {
    keepFewCapabilities(loadsPrograms);
  }
  // Last, since a change of user makes it visible again.
  hideMemory();
  return isOther ? user.name : undefined;
}

/**
 * The same, when the file says nothing about it: a large configuration is read once, by the process
 * that stays.
 */
export function confineBefore(file: string): void {
  const asks = (): boolean => /privileges|ebpf/.test(readFileSync(file, "utf8"));
  if (process.getuid?.() === 0 && existsSync(file) && !asks() && hasHelper()) {
    keepFewCapabilities(false);
  }
}

/** A checkout without the helper for its CPU has to do without, unless it is to be another user. */
function hasHelper(): boolean {
  try {
    loadNative();
    return true;
  } catch {
    return false;
  }
}

/** One that is there already is the administrator's to give to the user. */
function makeDirectory(path: string, { uid, gid }: User): void {
  if (existsSync(path)) return;
  mkdirSync(path, { recursive: true, mode: 0o755 });
  chownSync(path, uid, gid);
}

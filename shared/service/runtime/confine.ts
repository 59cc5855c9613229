/** What a program gives up once it has read its configuration, before it opens anything. */

import { chownSync, existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { dropPrivileges, findUser, hideMemory, type User } from "../../linux/privileges.ts";
import type { CommonConfig } from "../program.ts";

/** Throws when there is no such user, or the kernel refuses; the user, if it is another one. */
export function confine(
  { privileges, control, dataplane }: Pick<CommonConfig, "privileges" | "control" | "dataplane">,
  journalPath: string,
): string | undefined {
  if (privileges.user === undefined) {
    hideMemoryIfPossible();
    return undefined;
  }
  const user = findUser(privileges.user);
  if (user === undefined) {
    throw new Error(`privileges.user: there is no user ${privileges.user} in /etc/passwd`);
  }
  for (const path of [control.socket, journalPath]) makeDirectory(dirname(path), user);
  dropPrivileges(user, dataplane.driver === "ebpf");
  return user.name;
}

/** A checkout without the helper for its CPU has to do without. */
function hideMemoryIfPossible(): void {
  try {
    hideMemory();
  } catch {
    // Nothing depends on it.
  }
}

/** One that is there already is the administrator's to give to the user. */
function makeDirectory(path: string, { uid, gid }: User): void {
  if (existsSync(path)) return;
  mkdirSync(path, { recursive: true, mode: 0o755 });
  chownSync(path, uid, gid);
}

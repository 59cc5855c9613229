/**
 * Where BPF objects outlive the process: a folder of the BPF file system, one for each anchor of
 * each network namespace, since that file system knows nothing of namespaces.
 */

import { mkdirSync, readdirSync, rmdirSync, statfsSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";

export const BPF_FILE_SYSTEM = "/sys/fs/bpf";
const BPF_FS_MAGIC = 0xcafe4a11;

export class Pins {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** `undefined`: there is no BPF file system, or we may not write there. */
  static open(anchor: string, root = BPF_FILE_SYSTEM): Pins | undefined {
    try {
      if (statfsSync(root).type !== BPF_FS_MAGIC) return undefined;
      const { ino } = statSync("/proc/self/ns/net");
      const folder = join(root, `${anchor}@${ino}`);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return new Pins(folder);
    } catch {
      return undefined;
    }
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  names(): readonly string[] {
    return readdirSync(this.#folder);
  }

  remove(name: string): void {
    try {
      unlinkSync(this.path(name));
    } catch {
      // It was not there.
    }
  }

  /** Everything in it, and itself. */
  removeAll(): void {
    for (const name of this.names()) this.remove(name);
    rmdirSync(this.#folder);
  }
}

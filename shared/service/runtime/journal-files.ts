/** The file operations of the journal, as a seam: tests put a full or failing disk behind it. */

import {
  closeSync,
  fdatasync,
  fsync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

export interface JournalFiles {
  /** `undefined` when there is no such file. */
  read(path: string): Uint8Array | undefined;
  /** Opens for writing, creating the file and its directory. */
  open(path: string): number;
  /** Writes all octets at a position, or throws. */
  write(handle: number, bytes: Uint8Array, position: number): void;
  truncate(handle: number, size: number): void;
  sync(handle: number): Promise<void>;
  /** An empty file, whatever was there, open for writing. */
  create(path: string): number;
  /** Puts a file in the place of another, as a whole or not at all; it stays open. */
  rename(from: string, to: string): void;
  /** Resolves when the last rename to this path would survive a loss of power. */
  syncDirectory(path: string): Promise<void>;
  /** Removes a file if there is one and it can be done. */
  remove(path: string): void;
  close(handle: number): void;
}

/** Only the daemon's own user: the journal holds replay state. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o755;
const fdatasyncAsync = promisify(fdatasync);
const fsyncAsync = promisify(fsync);

function writeAll(handle: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(handle, bytes, done, bytes.length - done, position + done);
  }
}

function openFile(path: string, flags: string): number {
  try {
    return openSync(path, flags, FILE_MODE);
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isMissing) throw error;
    // One level (`/var/lib/mip4`): Node's recursive form never returns on some file systems.
    mkdirSync(dirname(path), DIRECTORY_MODE);
    return openSync(path, flags, FILE_MODE);
  }
}

/** Opens for writing at positions: `r+` needs the file, `w` would empty it. */
function openForWriting(path: string): number {
  try {
    return openSync(path, "r+");
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isMissing) throw error;
    return openFile(path, "wx+");
  }
}

/** A rename is durable when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = openSync(dirname(path), "r");
  try {
    await fsyncAsync(directory);
  } finally {
    closeSync(directory);
  }
}

export const realFiles: JournalFiles = {
  read(path) {
    try {
      return readFileSync(path);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  },
  open: openForWriting,
  write: writeAll,
  truncate: ftruncateSync,
  sync: fdatasyncAsync,
  create: (path) => openFile(path, "w+"),
  rename: renameSync,
  syncDirectory,
  remove(path) {
    try {
      unlinkSync(path);
    } catch {
      // Nothing more can be done about it here; the next attempt empties it.
    }
  },
  close: closeSync,
};

/** The file operations of the journal, as a seam: tests put a full or failing disk behind it. */

import {
  closeSync,
  fdatasync,
  fsyncSync,
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
  /** Puts new contents in the place of a file, as a whole or not at all; it stays open. */
  replace(path: string, bytes: Uint8Array): number;
  close(handle: number): void;
}

/** Only the daemon's own user: the journal holds replay state. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o755;
const fdatasyncAsync = promisify(fdatasync);

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
function syncDirectory(path: string): void {
  const directory = openSync(dirname(path), "r");
  try {
    fsyncSync(directory);
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
  replace(path, bytes) {
    const temporary = `${path}.new`;
    const handle = openFile(temporary, "w+");
    try {
      writeAll(handle, bytes, 0);
      fsyncSync(handle);
      renameSync(temporary, path);
    } catch (error) {
      closeSync(handle);
      try {
        unlinkSync(temporary);
      } catch {
        // Nothing more can be done about it here; the next attempt empties it.
      }
      throw error;
    }
    syncDirectory(path);
    return handle;
  },
  close: closeSync,
};

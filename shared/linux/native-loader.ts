/**
 * Loads the native helper (shared/native), once a process.
 *
 * Its octets (native-files.ts) are put where the dynamic loader can map them: a file without a name
 * (O_TMPFILE, reached through /proc/self/fd), or where the file system has none, a file in a new
 * private directory, unlinked at once. A directory mounted noexec or read-only fails, so several
 * are tried; the error names each and why it failed.
 */

import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nativeFile, nativeFileNames } from "./native-files.ts";

/** What the helper exports. Every call returns its result, or minus the error number. */
export interface Native {
  readonly version: number;
  socket(domain: number, type: number, protocol: number): number;
  close(fd: number): number;
  bind(fd: number, address: Uint8Array): number;
  connect(fd: number, address: Uint8Array): number;
  setOption(fd: number, level: number, name: number, value: Uint8Array): number;
  /** Octets of the value, which is put into `room`. */
  getOption(fd: number, level: number, name: number, room: Uint8Array): number;
  /** Classic BPF instructions, eight octets each. */
  attachFilter(fd: number, instructions: Uint8Array): number;
  ioctl(fd: number, request: number, argument: Uint8Array | number): number;
  /** prctl(2), for the thread that calls. */
  prctl(option: number, a: number, b: number, c: number, d: number): number;
  /** capset(2), for the thread that calls. */
  capset(header: Uint8Array, sets: Uint8Array): number;
  /** execve(2); texts that end with NUL. Returns only an error. */
  execute(path: Uint8Array, argv: Uint8Array, environment: Uint8Array): number;
  /**
   * bpf(2). The addresses of up to four arrays go into the attributes, each at the octet before it;
   * an address in the attributes is always 64 bits long.
   */
  bpf(
    command: number,
    attributes: Uint8Array,
    ...pointers: readonly (number | Uint8Array)[]
  ): number;
  /** read(2) until there is no more; begins each packet `headroom` octets into its slot. */
  readBatch(
    fd: number,
    slab: Uint8Array,
    offsets: Int32Array,
    lengths: Int32Array,
    slot: number,
    headroom: number,
  ): number;
  /** One recvmmsg; `meta` takes 32 octets a message (kernel-call.ts says what). */
  receiveBatch(
    fd: number,
    slab: Uint8Array,
    offsets: Int32Array,
    lengths: Int32Array,
    slot: number,
    headroom: number,
    meta?: Uint8Array,
  ): number;
  /** write(2) for each packet; returns how many were taken. */
  writeBatch(
    fd: number,
    slab: Uint8Array,
    offsets: Int32Array,
    lengths: Int32Array,
    count: number,
  ): number;
  /**
   * Packets of a TUN device with IFF_VNET_HDR, each behind `headroom` octets: superpackets are cut, or
   * become runs where there is place for them (helper-runs.ts); checksums are finished.
   */
  tunRead(
    fd: number,
    slab: Uint8Array,
    offsets: Int32Array,
    lengths: Int32Array,
    headroom: number,
    runs?: Int32Array,
    about?: Int32Array,
  ): number;
  /**
   * Packets to a TUN device with IFF_VNET_HDR, those of a flow together; returns how many were taken.
   * The headers of some are changed.
   */
  tunWrite(
    fd: number,
    slab: Uint8Array,
    offsets: Int32Array,
    lengths: Int32Array,
    count: number,
    runs?: Int32Array,
    about?: Int32Array,
  ): number;
  /** Packets of a raw socket; those that came together (GRO) are cut. */
  rawReceive(
    fd: number,
    slab: Uint8Array,
    offsets: Int32Array,
    lengths: Int32Array,
    slot: number,
    headroom: number,
  ): number;
  /**
   * Datagrams of a UDP socket as IPv4 packets; those that came as one message (UDP_GRO) are cut, or
   * become runs. `local` is the socket's address and port, six octets.
   */
  udpReceive(
    fd: number,
    slab: Uint8Array,
    offsets: Int32Array,
    lengths: Int32Array,
    slot: number,
    headroom: number,
    meta: Uint8Array,
    local: Uint8Array,
    runs?: Int32Array,
    about?: Int32Array,
  ): number;
  /** Each segment of packet i, a run, in the last two arrays; how many there are. */
  spread(
    slab: Uint8Array,
    offsets: Int32Array,
    lengths: Int32Array,
    i: number,
    runs: Int32Array,
    about: Int32Array,
    toOffsets: Int32Array,
    toLengths: Int32Array,
  ): number;
  /**
   * IPv4 packets with UDP headers by a UDP socket, many a message (UDP_SEGMENT); returns how many were
   * taken. `state`: IP_MTU_DISCOVER of the socket, and 1 when a message has one datagram only.
   */
  udpSend(
    fd: number,
    slab: Uint8Array,
    offsets: Int32Array,
    lengths: Int32Array,
    count: number,
    state: Int32Array,
    runs?: Int32Array,
    about?: Int32Array,
  ): number;
  /** sendmmsg of IPv4 packets to the destinations in their headers; returns how many were taken. */
  sendBatch(
    fd: number,
    slab: Uint8Array,
    offsets: Int32Array,
    lengths: Int32Array,
    count: number,
    runs?: Int32Array,
    about?: Int32Array,
  ): number;
  /** One message; a negative `ttl` leaves the socket's own. */
  sendTo(fd: number, payload: Uint8Array, address: Uint8Array, ttl: number): number;
  /** The number of a poller; a negative status tells that an error waits to be read. */
  pollStart(fd: number, callback: (status: number) => void): number;
  /** After a negative status libuv has stopped polling: go on. */
  pollResume(poller: number): number;
  pollStop(poller: number): number;
}

/** The same in shared/native/helper.h; another number with each change of what the helper exports. */
export const HELPER_VERSION = 3;

/** The helper is there, and is that of another program. */
export class StaleHelper extends Error {
  constructor(version: number | undefined) {
    super(
      `the native helper is of version ${version ?? "none"}, and this program takes ${HELPER_VERSION}: build it again (make build)`,
    );
  }
}

let loaded: Native | undefined;

/** Throws `StaleHelper`. */
export function checkedVersion<T extends { readonly version?: number }>(helper: T): T {
  if (helper.version !== HELPER_VERSION) throw new StaleHelper(helper.version);
  return helper;
}

/** Where the helper may be put, the likeliest first. */
function directories(): readonly string[] {
  return [...new Set([tmpdir(), "/dev/shm", "/run", "/tmp"])];
}

function dlopen(path: string): Native {
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, path);
  return module.exports as Native;
}

function loadUnnamed(directory: string, image: Uint8Array): Native {
  const unnamed = 0o20000000 | constants.O_DIRECTORY; // O_TMPFILE
  const fd = openSync(directory, unnamed | constants.O_RDWR, 0o700);
  try {
    for (let at = 0; at < image.length; ) at += writeSync(fd, image, at);
    return dlopen(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

function loadNamed(directory: string, image: Uint8Array): Native {
  const own = mkdtempSync(join(directory, "mip4-"));
  try {
    const path = join(own, "helper.node");
    writeFileSync(path, image, { mode: 0o700, flag: "wx" });
    return dlopen(path);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Loads the helper for this CPU. Throws an Error that says what was tried. */
export function loadNative(): Native {
  if (loaded !== undefined) return loaded;
  const image = nativeFile(`${process.arch}.node`);
  if (image === undefined) {
    const helpers = nativeFileNames().filter((name) => name.endsWith(".node"));
    const known = helpers.join(", ") || "none";
    throw new Error(`there is no native helper for ${process.arch} (there is: ${known})`);
  }
  loaded = checkedVersion(mapped(image));
  return loaded;
}

function mapped(image: Uint8Array): Native {
  const attempts: string[] = [];
  for (const directory of directories()) {
    for (const load of [loadUnnamed, loadNamed]) {
      try {
        return load(directory, image);
      } catch (error) {
        attempts.push(`${directory}: ${reason(error)}`);
      }
    }
  }
  throw new Error(`the native helper could not be loaded: ${attempts.join("; ")}`);
}

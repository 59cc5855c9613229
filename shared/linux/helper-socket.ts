/**
 * What every socket of the helper provider shares: an open descriptor, polled once a handler is
 * set, read in batches, closed once.
 */

import { HelperRuns } from "./helper-runs.ts";
import { check, errorName, META } from "./kernel-call.ts";
import type { Native } from "./native-loader.ts";
import { type Closable, createBatch, HEADROOM, IoError, type PacketBatch } from "./packet-io.ts";

/** Packets of one system call. */
const BATCH = 64;
/** Packets of one batch: those of one call, and what the last superpacket among them was cut into. */
const BATCH_CAPACITY = 2048;
/** The largest IPv4 packet, and room for what stands before each of those that it is cut into. */
const SLOT = 65536 + 32768;
/** Batches of one wake-up; then the event loop runs, so that control traffic is never starved. */
const ROUNDS = 4;
/** Of messages, each of which is far more work than a packet: so that no flood holds packets up. */
export const MESSAGE_ROUNDS = 1;
/** How long to leave a descriptor alone that reports an error which reading does not clear. */
const ERROR_PAUSE_MS = 500;

export interface ReceiveBatch extends PacketBatch {
  /** Place for runs, made when they are first wanted; `runs` is set when there are some. */
  ownRuns?: HelperRuns | undefined;
  readonly meta: Uint8Array;
  readonly metaView: DataView;
}

let shared: ReceiveBatch | undefined;

/** 6 MB of address space, of which only the pages that packets reach are ever touched. */
export function createReceiveBatch(): ReceiveBatch {
  const meta = new Uint8Array(BATCH_CAPACITY * META.size);
  return {
    ...createBatch(BATCH, SLOT),
    capacity: BATCH_CAPACITY,
    offsets: new Int32Array(BATCH_CAPACITY),
    lengths: new Int32Array(BATCH_CAPACITY),
    meta,
    metaView: new DataView(meta.buffer),
  };
}

/**
 * The one batch that all sockets receive into. That is safe because nobody holds it between two
 * callbacks: it is filled and handed out inside one callback of the event loop, callbacks do not
 * nest, and handlers that keep something keep a copy.
 */
export function receiveBatch(): ReceiveBatch {
  shared ??= createReceiveBatch();
  return shared;
}

/** Fills the batch: how many packets, or a negative error. */
export type Fill = (fd: number, batch: ReceiveBatch) => number;

/** Received messages with their metadata. */
export function fillByReceive(native: Native): Fill {
  return (fd, batch) =>
    native.receiveBatch(
      fd,
      batch.slab,
      batch.offsets,
      batch.lengths,
      batch.slot,
      HEADROOM,
      batch.meta,
    );
}

/** Datagrams of the socket on `local`, cut apart or in runs, as IPv4 packets. */
export function fillByUdp(native: Native, local: Uint8Array, takesRuns: () => boolean): Fill {
  return (fd, batch) =>
    withRuns(native, batch, takesRuns(), (...runs) =>
      native.udpReceive(
        fd,
        batch.slab,
        batch.offsets,
        batch.lengths,
        batch.slot,
        HEADROOM,
        batch.meta,
        local,
        ...runs,
      ),
    );
}

/** Fills the batch, which has runs afterwards if there were some. */
function withRuns(
  native: Native,
  batch: ReceiveBatch,
  takesRuns: boolean,
  fill: (...runs: readonly Int32Array[]) => number,
): number {
  if (!takesRuns) return fill();
  batch.ownRuns ??= new HelperRuns(native, batch);
  const { ownRuns } = batch;
  const count = fill(ownRuns.of, ownRuns.about);
  if (count > 0 && !ownRuns.isEmpty) batch.runs = ownRuns;
  return count;
}

/** Packets of a raw socket, cut apart. */
export function fillByRawReceive(native: Native): Fill {
  return (fd, batch) =>
    native.rawReceive(fd, batch.slab, batch.offsets, batch.lengths, batch.slot, HEADROOM);
}

/** Packets of a TUN device that has superpackets, which are cut, or are runs. */
export function fillByTunRead(native: Native, takesRuns: () => boolean): Fill {
  return (fd, batch) =>
    withRuns(native, batch, takesRuns(), (...runs) =>
      native.tunRead(fd, batch.slab, batch.offsets, batch.lengths, HEADROOM, ...runs),
    );
}

/** Packets of a character device. */
export function fillByRead(native: Native): Fill {
  return (fd, batch) =>
    native.readBatch(fd, batch.slab, batch.offsets, batch.lengths, batch.slot, HEADROOM);
}

export interface PollOptions {
  readonly failed?: ((error: string) => void) | undefined;
  /** Batches of one wake-up. */
  readonly rounds?: number;
}

/** One open descriptor. */
export class HelperDescriptor implements Closable {
  readonly native: Native;
  readonly #what: string;
  readonly #closeFd: (fd: number) => void;
  #fd: number;
  #poller: number | undefined;
  #pause: NodeJS.Timeout | undefined;

  constructor(
    native: Native,
    fd: number,
    what: string,
    closeFd: (fd: number) => void = (open) => {
      native.close(open);
    },
  ) {
    this.native = native;
    this.#fd = fd;
    this.#what = what;
    this.#closeFd = closeFd;
  }

  /** -1 once it is closed, which every call of the helper answers with EBADF. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Calls `deliver` with what `fill` read, as long as it is open. An error that waits on the
   * descriptor (the link went down) is read and reported to `failed`, then polling goes on; a
   * device that has gone (EBADFD) is left alone.
   */
  poll(
    fill: Fill,
    deliver: (batch: ReceiveBatch) => void,
    { failed, rounds = ROUNDS }: PollOptions = {},
  ): void {
    if (this.#poller !== undefined || this.#fd < 0) {
      throw new IoError("EINVAL", `${this.#what}: a second handler, or one after close`);
    }
    const poller = check(
      this.native.pollStart(this.#fd, (status) =>
        this.#ready(status, fill, deliver, { failed, rounds }),
      ),
      `polling ${this.#what}`,
    );
    this.#poller = poller;
  }

  /** The descriptor is another device's now, whatever had been reported of the one before. */
  protected pollAnew(fill: Fill, deliver: (batch: ReceiveBatch) => void): void {
    this.#stop();
    this.poll(fill, deliver);
  }

  close(): void {
    if (this.#fd < 0) return;
    this.#stop();
    this.#closeFd(this.#fd);
    this.#fd = -1;
  }

  #stop(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    if (this.#poller !== undefined) this.native.pollStop(this.#poller);
    this.#poller = undefined;
  }

  #resume(): void {
    if (this.#poller !== undefined) this.native.pollResume(this.#poller);
  }

  #ready(
    status: number,
    fill: Fill,
    deliver: (batch: ReceiveBatch) => void,
    { failed, rounds = ROUNDS }: PollOptions,
  ): void {
    const batch = receiveBatch();
    let cleared = false;
    for (let round = 0; round < rounds && this.#fd >= 0; round++) {
      batch.runs = undefined;
      const count = fill(this.#fd, batch);
      const error = count < 0 ? errorName(count) : undefined;
      if (error === "EAGAIN" || error === "EINTR" || count === 0) break;
      if (error === "EBADFD") {
        this.#stop();
        failed?.(error);
        return;
      }
      if (error !== undefined) {
        cleared = true;
        failed?.(error);
        continue;
      }
      batch.count = count;
      const packets = count + (batch.runs === undefined ? 0 : (batch.ownRuns?.more ?? 0));
      deliver(batch);
      if (packets < BATCH && status >= 0) break;
    }
    if (status >= 0 || this.#fd < 0) return;
    // libuv stops a handle that reports an error. Unless reading has cleared it, wait a little:
    // going on at once would spin.
    if (cleared) this.#resume();
    else this.#pause = setTimeout(() => this.#resume(), ERROR_PAUSE_MS).unref();
  }
}

/**
 * TUN devices through the native helper: with superpackets (IFF_VNET_HDR) where the kernel has them,
 * which are cut when they are read and put together when they are written (shared/native/segments.c),
 * else packet by packet.
 */

import { closeSync, constants, openSync, writeFileSync } from "node:fs";
import { runArguments } from "./helper-runs.ts";
import {
  createReceiveBatch,
  type Fill,
  fillByRead,
  fillByTunRead,
  HelperDescriptor,
  type ReceiveBatch,
} from "./helper-socket.ts";
import {
  AF_INET,
  bringUp,
  check,
  int,
  interfaceCall,
  interfaceIndex,
  openSocket,
  SOCK_DGRAM,
} from "./kernel-call.ts";
import type { Native } from "./native-loader.ts";
import { type HandlerOptions, IoError, type PacketBatch, type TunDevice } from "./packet-io.ts";

const TUNSETIFF = 0x400454ca;
const TUNSETPERSIST = 0x400454cb;
const TUNSETOFFLOAD = 0x400454d0;
const TUNSETVNETHDRSZ = 0x400454d8;
const TUNSETIFINDEX = 0x400454da;
const IFF_TUN = 1;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
/** struct virtio_net_hdr without the number of buffers. */
const VNET_HEADER = 10;
/** TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO_ECN. */
const OFFLOAD_TCP = 0x01 | 0x02 | 0x08;
/** TUN_F_USO4 and TUN_F_USO6, which Linux 6.2 and later know, and only both. */
const OFFLOAD_UDP = 0x20 | 0x40;
/** Packets the kernel holds for us: a burst of this many passes while the event loop is busy. */
const QUEUE_LENGTH = 1000;
/** Batches that are read at once at most: as many as are held for us. */
const DRAIN_ROUNDS = 16;

interface Made {
  readonly name: string;
  readonly index: number;
  readonly hasSuperpackets: boolean;
}

class HelperTun extends HelperDescriptor implements TunDevice {
  readonly name: string;
  readonly index: number;
  readonly #fill: Fill;
  readonly #write: Native["tunWrite"];
  readonly #make: (mtu: number) => void;
  #handler: ((batch: PacketBatch) => void) | undefined;
  #takesRuns = false;
  /** `drain` may be called while the one that all share is being read. */
  #own: ReceiveBatch | undefined;

  /** `make` has the descriptor be the device's. */
  constructor(
    native: Native,
    fd: number,
    { name, index, hasSuperpackets, make }: Made & { readonly make: (mtu: number) => void },
  ) {
    super(native, fd, `TUN device ${name}`, closeSync);
    this.name = name;
    this.index = index;
    this.#make = make;
    this.#fill = hasSuperpackets
      ? fillByTunRead(native, () => this.#takesRuns)
      : fillByRead(native);
    this.#write = hasSuperpackets ? native.tunWrite : native.writeBatch;
  }

  onPackets(
    handler: (batch: PacketBatch) => void,
    { takesRuns = false }: HandlerOptions = {},
  ): void {
    this.#handler = handler;
    this.#takesRuns = takesRuns;
    this.poll(this.#fill, handler);
  }

  drain(): void {
    this.#own ??= createReceiveBatch();
    const batch = this.#own;
    for (let round = 0; round < DRAIN_ROUNDS; round++) {
      batch.runs = undefined;
      batch.count = Math.max(0, this.#fill(this.fd, batch));
      if (batch.count === 0) return;
      this.#handler?.(batch);
    }
  }

  /** The kernel has let go of the descriptor, which can be another device's: one of the old number. */
  restore(mtu: number): void {
    if (indexOf(this.native, this.name) >= 0) return;
    this.native.ioctl(this.fd, TUNSETIFINDEX, int(this.index));
    this.#make(mtu);
    if (this.#handler !== undefined) this.pollAnew(this.#fill, this.#handler);
  }

  write(batch: PacketBatch): number {
    const { slab, offsets, lengths, count } = batch;
    const runs = runArguments(batch);
    return Math.max(0, this.#write(this.fd, slab, offsets, lengths, count, ...runs));
  }
}

/** The index of an interface, or a negative error. */
function indexOf(native: Native, name: string): number {
  let index = 0;
  const fd = openSocket(native, "control socket", [AF_INET, SOCK_DGRAM, 0], (control) => {
    index = interfaceIndex(native, control, name);
  });
  native.close(fd);
  return index;
}

/** Nothing but IPv4 goes through; without this the kernel sends router solicitations into it. */
function disableIpv6(name: string): void {
  try {
    writeFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, "1");
  } catch {
    // A kernel without IPv6, or a read-only /proc: then those few packets are dropped by the reader.
  }
}

/**
 * Makes the device, or takes one that an earlier run has left, whatever that one had. True: packets
 * have a header of the device's own.
 */
function attach(native: Native, fd: number, name: string, offload: boolean): boolean {
  const what = "creating TUN device";
  if (offload) {
    try {
      const flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
      interfaceCall(native, fd, [TUNSETIFF, what], name, flags);
      native.ioctl(fd, TUNSETVNETHDRSZ, int(VNET_HEADER));
      if (native.ioctl(fd, TUNSETOFFLOAD, OFFLOAD_TCP | OFFLOAD_UDP) < 0) {
        native.ioctl(fd, TUNSETOFFLOAD, OFFLOAD_TCP);
      }
      return true;
    } catch (error) {
      if (!(error instanceof IoError) || error.code !== "EINVAL") throw error;
    }
  }
  interfaceCall(native, fd, [TUNSETIFF, what], name, IFF_TUN | IFF_NO_PI);
  // An earlier run may have left the device with what only such a header can tell.
  native.ioctl(fd, TUNSETOFFLOAD, 0);
  return false;
}

export function openHelperTun(
  native: Native,
  { name, mtu }: { readonly name: string; readonly mtu: number },
  offload: boolean,
): TunDevice {
  let fd: number;
  try {
    fd = openSync("/dev/net/tun", constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "EIO";
    throw new IoError(code, "opening /dev/net/tun");
  }
  const make = (wantedMtu: number): Made => {
    const hasSuperpackets = attach(native, fd, name, offload);
    check(native.ioctl(fd, TUNSETPERSIST, 1), `keeping TUN device ${name}`);
    disableIpv6(name);
    const index = bringUp(native, name, { mtu: wantedMtu, queue: QUEUE_LENGTH });
    return { name, index, hasSuperpackets };
  };
  try {
    return new HelperTun(native, fd, { ...make(mtu), make });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** TUN devices through the native helper. */

import { closeSync, constants, openSync, writeFileSync } from "node:fs";
import { fillByRead, HelperDescriptor } from "./helper-socket.ts";
import { bringUp, check, interfaceCall } from "./kernel-call.ts";
import type { Native } from "./native-loader.ts";
import { IoError, type PacketBatch, type TunDevice } from "./packet-io.ts";

const TUNSETIFF = 0x400454ca;
const TUNSETPERSIST = 0x400454cb;
const IFF_TUN = 1;
const IFF_NO_PI = 0x1000;
/** Packets the kernel holds for us: a burst of this many passes while the event loop is busy. */
const QUEUE_LENGTH = 1000;

class HelperTun extends HelperDescriptor implements TunDevice {
  readonly name: string;
  readonly index: number;

  constructor(native: Native, fd: number, name: string, index: number) {
    super(native, fd, `TUN device ${name}`, closeSync);
    this.name = name;
    this.index = index;
  }

  onPackets(handler: (batch: PacketBatch) => void): void {
    this.poll(fillByRead(this.native), handler);
  }

  write(batch: PacketBatch): number {
    const { slab, offsets, lengths, count } = batch;
    return Math.max(0, this.native.writeBatch(this.fd, slab, offsets, lengths, count));
  }
}

/** Nothing but IPv4 goes through; without this the kernel sends router solicitations into it. */
function disableIpv6(name: string): void {
  try {
    writeFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, "1");
  } catch {
    // A kernel without IPv6, or a read-only /proc: then those few packets are dropped by the reader.
  }
}

export function openHelperTun(
  native: Native,
  { name, mtu }: { readonly name: string; readonly mtu: number },
): TunDevice {
  let fd: number;
  try {
    fd = openSync("/dev/net/tun", constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "EIO";
    throw new IoError(code, "opening /dev/net/tun");
  }
  try {
    interfaceCall(native, fd, [TUNSETIFF, "creating TUN device"], name, IFF_TUN | IFF_NO_PI);
    check(native.ioctl(fd, TUNSETPERSIST, 1), `keeping TUN device ${name}`);
    disableIpv6(name);
    const index = bringUp(native, name, { mtu, queue: QUEUE_LENGTH });
    return new HelperTun(native, fd, name, index);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

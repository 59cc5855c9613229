/** Raw IPv4 sockets through the raw-socket package. */

import { formatIpv4, toIpv4 } from "../base/address.ts";
import { keepDestination, keepUdp } from "./local-filter.ts";
import { loadRawSocket, type RawSocket } from "./packages-load.ts";
import {
  createBatch,
  HEADROOM,
  IoError,
  type PacketBatch,
  type RawIpOptions,
  type RawIpSocket,
} from "./packet-io.ts";

const SOL_IP = 0;
const IP_HDRINCL = 3;
const SOL_SOCKET = 1;
const SO_BROADCAST = 6;
const SO_RCVBUF = 8;
const SO_BINDTODEVICE = 25;
const RECEIVE_BUFFER = 4 * 1024 * 1024;
const BATCH_CAPACITY = 8;
const IPV4_HEADER = 20;

/** The garbage collector closes a raw-socket that nobody holds (its issue 70). */
const open = new Set<RawSocket>();

/** The package gives only strerror's text. */
const ERROR_TEXTS: ReadonlyMap<string, string> = new Map([
  ["Message too long", "EMSGSIZE"],
  ["Message too large", "EMSGSIZE"],
  ["Network is unreachable", "ENETUNREACH"],
  ["Network unreachable", "ENETUNREACH"],
  ["Network is down", "ENETDOWN"],
  ["No route to host", "EHOSTUNREACH"],
  ["Host is unreachable", "EHOSTUNREACH"],
  ["Operation not permitted", "EPERM"],
  ["Permission denied", "EACCES"],
  ["Invalid argument", "EINVAL"],
  ["No such device", "ENODEV"],
  ["No buffer space available", "ENOBUFS"],
  ["Resource temporarily unavailable", "EAGAIN"],
]);

function errorCode(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return ERROR_TEXTS.get(message) ?? "EIO";
}

class PackagesRawIp implements RawIpSocket {
  readonly #socket: RawSocket;
  readonly #options: RawIpOptions;

  constructor(socket: RawSocket, options: RawIpOptions) {
    this.#socket = socket;
    this.#options = options;
    open.add(socket);
  }

  onPackets(handler: (batch: PacketBatch) => void): void {
    const { wrap } = this.#socket;
    const { address, udp } = this.#options;
    const batch = createBatch(BATCH_CAPACITY, 65536 + HEADROOM);
    const buffers = Array.from({ length: BATCH_CAPACITY }, (_, i) =>
      Buffer.from(batch.slab.buffer, i * batch.slot + HEADROOM, batch.slot - HEADROOM),
    );
    wrap.removeAllListeners("recvReady");
    wrap.on("recvReady", () => {
      batch.count = 0;
      for (const [i, buffer] of buffers.entries()) {
        const length = this.#receive(buffer);
        if (length === undefined) break;
        batch.offsets[i] = i * batch.slot + HEADROOM;
        batch.lengths[i] = length;
        batch.count++;
      }
      if (address !== undefined) keepDestination(batch, address);
      if (udp !== undefined) keepUdp(batch, udp);
      if (batch.count > 0) handler(batch);
    });
    this.#socket.resumeRecv();
  }

  send(batch: PacketBatch): number {
    let taken = 0;
    for (let i = 0; i < batch.count; i++) {
      const start = batch.offsets[i] ?? 0;
      const packet = batch.slab.subarray(start, start + (batch.lengths[i] ?? 0));
      if (this.sendOne(packet) === undefined) taken++;
    }
    return taken;
  }

  sendOne(packet: Uint8Array): string | undefined {
    if (!open.has(this.#socket)) return "EBADF";
    if (packet.length < IPV4_HEADER) return "EINVAL";
    const buffer = Buffer.from(packet.buffer, packet.byteOffset, packet.length);
    const destination = formatIpv4(toIpv4(buffer.readUInt32BE(16)));
    try {
      this.#socket.wrap.send(buffer, 0, buffer.length, destination, () => {});
      return undefined;
    } catch (error) {
      return errorCode(error);
    }
  }

  close(): void {
    if (!open.delete(this.#socket)) return;
    this.#socket.wrap.removeAllListeners("recvReady");
    this.#socket.close();
  }

  /** Octets of one packet; `undefined` when there is none (the addon throws EAGAIN). */
  #receive(buffer: Buffer): number | undefined {
    let length: number | undefined;
    try {
      this.#socket.wrap.recv(buffer, (_, octets) => {
        length = octets;
      });
    } catch {
      return undefined;
    }
    return length;
  }
}

export function openPackagesRawIp(options: RawIpOptions): RawIpSocket {
  const what = `raw socket for protocol ${options.protocol}`;
  if (options.mark !== undefined) throw new IoError("ENOTSUP", `${what} with a firewall mark`);
  const { createSocket } = loadRawSocket();
  let socket: RawSocket;
  try {
    socket = createSocket({ protocol: options.protocol, bufferSize: 1 });
  } catch (error) {
    throw new IoError(errorCode(error), what);
  }
  const opened = new PackagesRawIp(socket, options);
  try {
    socket.pauseRecv();
    // Errors of single packets; the outer socket would close itself.
    socket.on("error", () => {});
    socket.setOption(SOL_IP, IP_HDRINCL, 1);
    socket.setOption(SOL_SOCKET, SO_BROADCAST, 1);
    socket.setOption(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
    if (options.device !== undefined) {
      const device = Buffer.from(`${options.device}\0`);
      socket.setOption(SOL_SOCKET, SO_BINDTODEVICE, device, device.length);
    }
    return opened;
  } catch (error) {
    opened.close();
    throw new IoError(errorCode(error), what);
  }
}

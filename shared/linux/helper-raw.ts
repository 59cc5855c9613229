/** Raw IPv4 sockets through the native helper. */

import { type Ipv4, toIpv4 } from "../base/address.ts";
import { compileCarriedFilter } from "./carried-filter.ts";
import { compileMarkFilter, compileRawUdpFilter } from "./datagram-filter.ts";
import { runArguments } from "./helper-runs.ts";
import { fillByRawReceive, HelperDescriptor } from "./helper-socket.ts";
import {
  AF_INET,
  bindToDevice,
  check,
  errorName,
  int,
  internetAddress,
  openSocket,
  SO_BROADCAST,
  SOCK_RAW,
  SOL_IP,
  SOL_SOCKET,
  setReceiveBuffer,
} from "./kernel-call.ts";
import { keepDestination } from "./local-filter.ts";
import type { Native } from "./native-loader.ts";
import type { CarriedPackets, PacketBatch, RawIpOptions, RawIpSocket } from "./packet-io.ts";

const IP_HDRINCL = 3;
/** An address may be bound before this machine has it. */
const IP_FREEBIND = 15;
const IPV4_HEADER = 20;
/** Tunnelled traffic of some milliseconds at a gigabit a second. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

class HelperRawIp extends HelperDescriptor implements RawIpSocket {
  readonly #address: Ipv4 | undefined;

  constructor(native: Native, fd: number, what: string, address: Ipv4 | undefined) {
    super(native, fd, what);
    this.#address = address;
  }

  onPackets(handler: (batch: PacketBatch) => void): void {
    const address = this.#address;
    this.poll(fillByRawReceive(this.native), (batch) => {
      if (address !== undefined) keepDestination(batch, address);
      if (batch.count > 0) handler(batch);
    });
  }

  send(batch: PacketBatch): number {
    const { slab, offsets, lengths, count } = batch;
    const runs = runArguments(batch);
    return Math.max(0, this.native.sendBatch(this.fd, slab, offsets, lengths, count, ...runs));
  }

  sendOne(packet: Uint8Array): string | undefined {
    if (packet.length < IPV4_HEADER) return "EINVAL";
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
    const destination = toIpv4(view.getUint32(16));
    const sent = this.native.sendTo(this.fd, packet, internetAddress(destination, 0), -1);
    return sent < 0 ? errorName(sent) : undefined;
  }

  leaveOut(packets: CarriedPackets): void {
    if (this.fd < 0) return;
    check(this.native.attachFilter(this.fd, compileCarriedFilter(packets)), "filter of tunnels");
  }
}

export function openHelperRawIp(native: Native, options: RawIpOptions): RawIpSocket {
  const { protocol, address, device, udp, mark } = options;
  const what = `raw socket for protocol ${protocol}`;
  const fd = openSocket(native, what, [AF_INET, SOCK_RAW, protocol], (open) => {
    check(native.setOption(open, SOL_IP, IP_HDRINCL, int(1)), what);
    check(native.setOption(open, SOL_SOCKET, SO_BROADCAST, int(1)), what);
    setReceiveBuffer(native, open, RECEIVE_BUFFER);
    if (device !== undefined) bindToDevice(native, open, device, `${what} on ${device}`);
    if (address !== undefined) {
      // What leaves is routed as from there: by the rules for that source, never into a tunnel.
      check(native.setOption(open, SOL_IP, IP_FREEBIND, int(1)), what);
      check(native.bind(open, internetAddress(address, 0)), what);
    }
    if (mark !== undefined) {
      check(native.attachFilter(open, compileMarkFilter(mark)), `filter of ${what}`);
    }
    if (udp !== undefined) {
      check(native.attachFilter(open, compileRawUdpFilter(udp)), `filter of ${what}`);
    }
  });
  return new HelperRawIp(native, fd, what, address);
}

/**
 * The helper's calls with errors by name, and the kernel's octets: constants, socket addresses,
 * integers in host order. Numbers are those of x86-64, arm64, armv7 and riscv64, which agree.
 */

import { constants, endianness } from "node:os";
import type { Ipv4 } from "../base/address.ts";
import { writeU16, writeU32 } from "../wire/field.ts";
import type { Native } from "./native-loader.ts";
import { IoError } from "./packet-io.ts";

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
/** SOCK_CLOEXEC | SOCK_NONBLOCK */
const SOCKET_FLAGS = 0x80800;

export const SOL_IP = 0;
export const SOL_SOCKET = 1;
export const SOL_PACKET = 263;
export const SO_REUSEADDR = 2;
export const SO_BROADCAST = 6;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_BINDTODEVICE = 25;

const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const SIOCSIFMTU = 0x8922;
const SIOCGIFHWADDR = 0x8927;
const SIOCGIFINDEX = 0x8933;
const SIOCSIFTXQLEN = 0x8943;
const IFF_UP = 1;
const INTERFACE_NAME = 16;

/** Node's table lacks this one: a TUN device that has been deleted answers with it. */
const EBADFD = 77;
export const LITTLE_ENDIAN = endianness() === "LE";

const ERROR_NAMES: ReadonlyMap<number, string> = new Map([
  [EBADFD, "EBADFD"],
  ...Object.entries(constants.errno).map(([name, number]) => [number, name] as const),
  // Linux gives both names one number; this is the one people know.
  [constants.errno.EAGAIN, "EAGAIN"],
]);

/** The name of a negative result. */
export function errorName(result: number): string {
  return ERROR_NAMES.get(-result) ?? `errno ${-result}`;
}

/** Passes a good result on; throws an `IoError` for a bad one. */
export function check(result: number, what: string): number {
  if (result < 0) throw new IoError(errorName(result), what);
  return result;
}

/** An int in host order, as socket options want it. */
export function int(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/** Octets of a name with its terminating zero. */
function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`);
}

/** struct sockaddr_in. */
export function internetAddress(address: Ipv4, port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint16(0, AF_INET, LITTLE_ENDIAN);
  setInternetAddress(bytes, address, port);
  return bytes;
}

/** Puts another address and port into a struct sockaddr_in. */
export function setInternetAddress(bytes: Uint8Array, address: Ipv4, port: number): void {
  writeU16(bytes, 2, port);
  writeU32(bytes, 4, address);
}

/** What `receiveBatch` tells of each message: where in its 32 octets. */
export const META = {
  size: 32,
  /** The sender's socket address, first 8 octets. */
  port: 2,
  address: 4,
  /** Netlink: the sender's port, 0 for the kernel. */
  netlinkPort: 4,
  interfaceIndex: 8,
  destination: 12,
  ttl: 16,
  /** tp_status of struct tpacket_auxdata. */
  packetStatus: 20,
  flags: 24,
} as const;
export const MSG_TRUNC = 0x20;

/** Opens a socket, hands it to `setUp`, and closes it again when that throws. */
export function openSocket(
  native: Native,
  what: string,
  [domain, type, protocol]: readonly [number, number, number],
  setUp: (fd: number) => void,
): number {
  const fd = check(native.socket(domain, type | SOCKET_FLAGS, protocol), what);
  try {
    setUp(fd);
  } catch (error) {
    native.close(fd);
    throw error;
  }
  return fd;
}

/** Past the system's limit where we may, else up to it. */
export function setReceiveBuffer(native: Native, fd: number, octets: number): void {
  if (native.setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, int(octets)) < 0) {
    native.setOption(fd, SOL_SOCKET, SO_RCVBUF, int(octets));
  }
}

/** So that what is too much is for the device's queue to drop, not for the socket. */
export function setSendBuffer(native: Native, fd: number, octets: number): void {
  if (native.setOption(fd, SOL_SOCKET, SO_SNDBUFFORCE, int(octets)) < 0) {
    native.setOption(fd, SOL_SOCKET, SO_SNDBUF, int(octets));
  }
}

export function bindToDevice(native: Native, fd: number, device: string, what: string): void {
  check(native.setOption(fd, SOL_SOCKET, SO_BINDTODEVICE, text(device)), what);
}

/** struct ifreq: the name and room for the rest. */
function interfaceRequest(name: string): { bytes: Uint8Array; view: DataView } {
  const encoded = new TextEncoder().encode(name);
  if (encoded.length === 0 || encoded.length >= INTERFACE_NAME) {
    throw new IoError("EINVAL", `interface name "${name}"`);
  }
  const bytes = new Uint8Array(40);
  bytes.set(encoded);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** A request about an interface with an int for it; throws when the kernel refuses. */
export function interfaceCall(
  native: Native,
  fd: number,
  [request, what]: readonly [number, string],
  name: string,
  value: number,
): void {
  const { bytes, view } = interfaceRequest(name);
  view.setInt32(INTERFACE_NAME, value, LITTLE_ENDIAN);
  check(native.ioctl(fd, request, bytes), `${what} ${name}`);
}

/** The index of an interface, or a negative error. */
export function interfaceIndex(native: Native, fd: number, name: string): number {
  const { bytes, view } = interfaceRequest(name);
  const result = native.ioctl(fd, SIOCGIFINDEX, bytes);
  return result < 0 ? result : view.getInt32(INTERFACE_NAME, LITTLE_ENDIAN);
}

/** Type (ARPHRD_*) and address of an interface's link layer, or a negative error. */
export function linkLayer(
  native: Native,
  fd: number,
  name: string,
): { readonly type: number; readonly address: Uint8Array } | number {
  const { bytes, view } = interfaceRequest(name);
  const result = native.ioctl(fd, SIOCGIFHWADDR, bytes);
  if (result < 0) return result;
  return {
    type: view.getUint16(INTERFACE_NAME, LITTLE_ENDIAN),
    address: bytes.subarray(INTERFACE_NAME + 2, INTERFACE_NAME + 8),
  };
}

/** Sets MTU and queue length of an interface and brings it up. */
export function bringUp(
  native: Native,
  name: string,
  options: { readonly mtu: number; readonly queue: number },
): number {
  let index = 0;
  const fd = openSocket(native, "control socket", [AF_INET, SOCK_DGRAM, 0], (control) => {
    interfaceCall(native, control, [SIOCSIFMTU, `MTU ${options.mtu} of`], name, options.mtu);
    // In a user namespace of our own the kernel refuses this one; its default of 500 then stays.
    const queue = interfaceRequest(name);
    queue.view.setInt32(INTERFACE_NAME, options.queue, LITTLE_ENDIAN);
    native.ioctl(control, SIOCSIFTXQLEN, queue.bytes);
    const { bytes, view } = interfaceRequest(name);
    check(native.ioctl(control, SIOCGIFFLAGS, bytes), `flags of ${name}`);
    const flags = view.getUint16(INTERFACE_NAME, LITTLE_ENDIAN);
    view.setUint16(INTERFACE_NAME, flags | IFF_UP, LITTLE_ENDIAN);
    check(native.ioctl(control, SIOCSIFFLAGS, bytes), `bringing up ${name}`);
    index = check(interfaceIndex(native, control, name), `index of ${name}`);
  });
  native.close(fd);
  return index;
}

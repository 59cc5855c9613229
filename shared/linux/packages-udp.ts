/**
 * UDP sockets through node:dgram. It tells neither the arrival interface nor the TTL, cannot bind
 * to a device, and reports a failed sending too late to return it.
 */

import { createSocket, type Socket } from "node:dgram";
import { formatIpv4, type Ipv4, parseIpv4, UNSPECIFIED } from "../base/address.ts";
import { IoError, type UdpDatagram, type UdpOptions, type UdpSocket } from "./packet-io.ts";

const RECEIVE_BUFFER = 1024 * 1024;

class PackagesUdp implements UdpSocket {
  readonly #socket: Socket;
  readonly #address: Ipv4;
  readonly #except: number | undefined;
  #isClosed = false;

  constructor(socket: Socket, { address, exceptFirstOctet }: UdpOptions) {
    this.#socket = socket;
    this.#address = address;
    this.#except = exceptFirstOctet;
  }

  onDatagram(handler: (datagram: UdpDatagram) => void): void {
    this.#socket.on("message", (payload, { address, port }) => {
      if (this.#isClosed) return;
      if (this.#except !== undefined && payload[0] === this.#except) return;
      handler({
        source: parseIpv4(address) ?? UNSPECIFIED,
        sourcePort: port,
        destination: this.#address === UNSPECIFIED ? undefined : this.#address,
        interfaceIndex: undefined,
        ttl: undefined,
        payload: new Uint8Array(payload),
      });
    });
  }

  send(payload: Uint8Array, destination: Ipv4, port: number, ttl: number): string | undefined {
    if (this.#isClosed) return "EBADF";
    this.#socket.setTTL(ttl);
    this.#socket.setMulticastTTL(ttl);
    this.#socket.send(payload, port, formatIpv4(destination), () => {});
    return undefined;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }
}

export function openPackagesUdp(options: UdpOptions): UdpSocket {
  const { address, port, device } = options;
  const what = `UDP socket ${formatIpv4(address)}:${port}`;
  if (device !== undefined) throw new IoError("ENOTSUP", `${what} on ${device}`);
  let failure: NodeJS.ErrnoException | undefined;
  const socket = createSocket({
    type: "udp4",
    // Names never get here. Answering at once makes binding and sending synchronous.
    lookup: (host, _options, callback) => callback(null, host, 4),
  });
  socket.on("error", (error) => {
    failure = error;
  });
  socket.bind({ address: formatIpv4(address), port, exclusive: true });
  if (failure !== undefined) {
    socket.close();
    throw new IoError(failure.code ?? "EIO", what);
  }
  socket.setBroadcast(true);
  socket.setRecvBufferSize(RECEIVE_BUFFER);
  return new PackagesUdp(socket, options);
}

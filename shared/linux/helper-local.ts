/**
 * Datagrams of the local domain, through the native helper: Node has none. The socket is connected,
 * so that nobody but the owner of the socket file can send to it, and has a name of the kernel's
 * choice without a file, to which the owner answers.
 */

import { fillByReceive, HelperDescriptor, MESSAGE_ROUNDS } from "./helper-socket.ts";
import { AF_UNIX, check, errorName, LITTLE_ENDIAN, openSocket, SOCK_DGRAM } from "./kernel-call.ts";
import type { Native } from "./native-loader.ts";
import { IoError, type LocalSocket } from "./packet-io.ts";

/** struct sockaddr_un, whose path ends with a zero. */
const PATH_MAX = 107;

function localAddress(path: string): Uint8Array {
  const text = new TextEncoder().encode(path);
  if (text.length > PATH_MAX) throw new IoError("ENAMETOOLONG", path);
  const bytes = new Uint8Array(2 + text.length + (text.length === 0 ? 0 : 1));
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, LITTLE_ENDIAN);
  bytes.set(text, 2);
  return bytes;
}

class HelperLocal extends HelperDescriptor implements LocalSocket {
  onMessage(handler: (message: Uint8Array | undefined) => void): void {
    this.poll(
      fillByReceive(this.native),
      ({ slab, offsets, lengths, count }) => {
        for (let i = 0; i < count && this.fd >= 0; i++) {
          const start = offsets[i] ?? 0;
          handler(slab.slice(start, start + (lengths[i] ?? 0)));
        }
      },
      { rounds: MESSAGE_ROUNDS, failed: () => handler(undefined) },
    );
  }

  send(message: Uint8Array): string | undefined {
    const sent = this.native.sendTo(this.fd, message, new Uint8Array(0), -1);
    return sent < 0 ? errorName(sent) : undefined;
  }
}

export function openHelperLocal(native: Native, path: string): LocalSocket {
  const fd = openSocket(native, path, [AF_UNIX, SOCK_DGRAM, 0], (open) => {
    // An address without a path: the kernel chooses one (unix(7), autobind).
    check(native.bind(open, localAddress("")), path);
    check(native.connect(open, localAddress(path)), path);
  });
  return new HelperLocal(native, fd, path);
}

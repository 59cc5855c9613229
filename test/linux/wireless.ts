/** A kernel with radios, as far as nl80211 shows it: what tests put in, in the kernel's octets. */

import { type Mac, macToBytes } from "../../shared/base/address.ts";
import {
  decodeMessages,
  encodeBody,
  encodeMessage,
  NLMSG_DONE,
  text,
  u8,
  u32,
} from "../../shared/linux/netlink/message.ts";
import type { NetlinkSocket } from "../../shared/linux/packet-io.ts";

const FAMILY = 28;
const NOTHING = new Uint8Array(0);
const list = (...attributes: (readonly [number, Uint8Array])[]) => encodeBody(NOTHING, attributes);

function generic(command: number, ...attributes: (readonly [number, Uint8Array])[]): Uint8Array {
  return encodeBody(Uint8Array.of(command, 1, 0, 0), attributes);
}

export const connected = (index: number, mac: Mac, status = 0): Uint8Array =>
  generic(46, [3, u32(index)], [6, macToBytes(mac)], [72, Uint8Array.of(status, 0)]);

export const roamed = (index: number, mac: Mac): Uint8Array =>
  generic(47, [3, u32(index)], [6, macToBytes(mac)]);

export const signal = (index: number, isLow: boolean, level: number): Uint8Array =>
  generic(64, [3, u32(index)], [94, list([3, u32(isLow ? 0 : 1)], [9, u32(level >>> 0)])]);

export const scanned = (index: number): Uint8Array => generic(34, [3, u32(index)]);

export interface Seen {
  readonly mac: Mac;
  readonly signal: number;
  readonly network?: string;
  readonly isOurs?: boolean;
  readonly age?: number;
}

export function found(index: number, seen: Seen): Uint8Array {
  const name = new TextEncoder().encode(seen.network ?? "mip4");
  const entry = list(
    [1, macToBytes(seen.mac)],
    [6, Uint8Array.of(0, name.length, ...name, 1, 1, 2)],
    [7, u32((seen.signal * 100) >>> 0)],
    [10, u32(seen.age ?? 0)],
    ...(seen.isOurs === true ? [[9, u32(1)] as const] : []),
  );
  return generic(34, [3, u32(index)], [47, entry]);
}

export class RadioKernel {
  /** What a scan has found, by interface. */
  seen: Seen[] = [];
  /** The access point of each station. */
  readonly stations = new Map<number, Mac>();
  /** Commands of requests. */
  readonly asked: number[] = [];
  readonly #handlers = new Set<(message: Uint8Array) => void>();

  readonly open = (): NetlinkSocket => {
    const handlers: ((message: Uint8Array) => void)[] = [];
    return {
      request: async (message) => this.#answer(message),
      onNotification: (handler) => {
        handlers.push(handler);
        this.#handlers.add(handler);
      },
      close: () => {
        for (const handler of handlers) this.#handlers.delete(handler);
      },
    };
  };

  get isWatched(): boolean {
    return this.#handlers.size > 0;
  }

  tell(body: Uint8Array): void {
    const message = encodeMessage({ type: FAMILY, flags: 0, sequence: 0, body });
    for (const handler of this.#handlers) handler(message);
  }

  #answer(request: Uint8Array): Uint8Array[] {
    const [message] = decodeMessages(request);
    const command = message?.body[0] ?? 0;
    const bodies = message?.type === FAMILY ? this.#objects(command) : [familyAnswer()];
    if (message?.type === FAMILY) this.asked.push(command);
    const done = encodeMessage({ type: NLMSG_DONE, flags: 0, sequence: 0, body: u32(0) });
    const answers = bodies.map((body) =>
      encodeMessage({ type: message?.type ?? 0, flags: 0, sequence: 0, body }),
    );
    return [...answers, done];
  }

  #objects(command: number): Uint8Array[] {
    const indexes = [...this.stations];
    if (command === 5) return indexes.map(([index]) => generic(7, [3, u32(index)], [5, u32(2)]));
    if (command === 17) {
      return indexes.map(([index, mac]) =>
        generic(19, [3, u32(index)], [6, macToBytes(mac)], [21, list([7, u8(0xc4)])]),
      );
    }
    return command === 32 ? this.seen.map((one) => found(3, one)) : [];
  }
}

function familyAnswer(): Uint8Array {
  const group = (name: string, id: number) => list([1, text(name)], [2, u32(id)]);
  const groups = list([1, group("mlme", 11)], [2, group("scan", 12)]);
  return generic(1, [1, Uint8Array.of(FAMILY, 0)], [2, text("nl80211")], [7, groups]);
}

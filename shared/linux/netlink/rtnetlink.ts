/** Requests to rtnetlink, or to generic netlink, over one socket: dumps, and changes with their errno as an `IoError`. */

import { constants } from "node:os";
import { IoError, type NetlinkSocket, type PacketIo } from "../packet-io.ts";
import {
  decodeMessages,
  encodeMessage,
  errorNumber,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "./message.ts";

const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, value]) => [value, name]),
);

export class Rtnetlink {
  readonly #socket: NetlinkSocket;
  #sequence = 1;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  static open(io: PacketIo, groups = 0): Rtnetlink {
    return new Rtnetlink(io.openNetlink(groups));
  }

  static openGeneric(io: PacketIo, groups: readonly number[] = []): Rtnetlink {
    return new Rtnetlink(io.openGenericNetlink(groups));
  }

  /** Every object of a kind. `type` is a GET request, `body` its fixed part. */
  async dump(type: number, body: Uint8Array): Promise<Uint8Array[]> {
    const answers = await this.#request(type, NLM_F_DUMP, body, "dump");
    return answers.filter((answer) => answer.type >= 16).map((answer) => answer.body);
  }

  /** One request that the kernel acknowledges or refuses; rejects with an `IoError`. */
  async change(type: number, flags: number, body: Uint8Array, what: string): Promise<void> {
    await this.#request(type, flags | NLM_F_ACK, body, what);
  }

  /** One request that is answered by one object. */
  async get(type: number, body: Uint8Array, what: string): Promise<Uint8Array | undefined> {
    // The acknowledgement makes the end of the answer plain.
    const answers = await this.#request(type, NLM_F_ACK, body, what);
    return answers.find((answer) => answer.type >= 16)?.body;
  }

  onNotification(handler: (message: NetlinkMessage) => void): void {
    this.#socket.onNotification((bytes) => {
      for (const message of decodeMessages(bytes)) handler(message);
    });
  }

  close(): void {
    this.#socket.close();
  }

  async #request(
    type: number,
    flags: number,
    body: Uint8Array,
    what: string,
  ): Promise<NetlinkMessage[]> {
    this.#sequence = (this.#sequence + 1) >>> 0;
    const message = { type, flags: flags | NLM_F_REQUEST, sequence: this.#sequence, body };
    const datagrams = await this.#socket.request(encodeMessage(message));
    const answers = datagrams.flatMap(decodeMessages);
    for (const answer of answers) {
      const errno = errorNumber(answer) ?? 0;
      if (errno !== 0) throw new IoError(ERRNO_NAMES.get(errno) ?? `errno ${errno}`, what);
    }
    return answers.filter((answer) => answer.type !== NLMSG_ERROR && answer.type !== NLMSG_DONE);
  }
}

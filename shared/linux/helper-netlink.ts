/**
 * rtnetlink and generic netlink through the native helper. Requests and notifications have a socket each: a flood of
 * notifications cannot lose an answer, and the notification of a change of our own, which bears
 * the sequence number of our request, cannot be taken for an answer.
 */

import { fillByReceive, HelperDescriptor, type ReceiveBatch } from "./helper-socket.ts";
import {
  AF_NETLINK,
  check,
  errorName,
  int,
  LITTLE_ENDIAN,
  META,
  MSG_TRUNC,
  openSocket,
  SOCK_RAW,
  setReceiveBuffer,
} from "./kernel-call.ts";
import type { Native } from "./native-loader.ts";
import {
  createBatch,
  HEADROOM,
  IoError,
  type NetfilterSocket,
  type NetlinkSocket,
} from "./packet-io.ts";

const NETLINK_ROUTE = 0;
const NETLINK_NETFILTER = 12;
const NETLINK_GENERIC = 16;
const HEADER = 16;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLMSG_OVERRUN = 4;
const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLM_F_DUMP = 0x300;
const RECEIVE_BUFFER = 2 * 1024 * 1024;
/** Requests of one turn of the event loop that are answered at once, before packets have their turn. */
const AT_ONCE = 64;
/** Datagrams of the answer to one request that is no dump, and the room for each. */
const ANSWER = { datagrams: 4, room: 32 * 1024 } as const;

interface Pending {
  readonly message: Uint8Array;
  readonly answers: Uint8Array[];
  readonly resolve: (answers: Uint8Array[]) => void;
  readonly reject: (error: IoError) => void;
  sequence: number;
}

const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;

/** struct sockaddr_nl. */
function netlinkAddress(groups: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_NETLINK, LITTLE_ENDIAN);
  view.setUint32(8, groups, LITTLE_ENDIAN);
  return bytes;
}

/** The messages of one datagram, as copies; a wrong length ends it. */
function* messages(batch: ReceiveBatch, i: number): Generator<Uint8Array> {
  const meta = i * META.size;
  // Only what the kernel sent: any process may send to a netlink socket.
  if (batch.metaView.getUint32(meta + META.netlinkPort, LITTLE_ENDIAN) !== 0) return;
  let at = batch.offsets[i] ?? 0;
  const end = at + (batch.lengths[i] ?? 0);
  const view = new DataView(batch.slab.buffer, batch.slab.byteOffset);
  while (end - at >= HEADER) {
    const length = view.getUint32(at, LITTLE_ENDIAN);
    if (length < HEADER || length > end - at) return;
    yield batch.slab.slice(at, at + length);
    at += (length + 3) & ~3;
  }
}

function header(message: Uint8Array): DataView {
  return new DataView(message.buffer, message.byteOffset, message.length);
}

function isCut(batch: ReceiveBatch, i: number): boolean {
  const flags = batch.metaView.getUint32(i * META.size + META.flags, LITTLE_ENDIAN);
  return (flags & MSG_TRUNC) !== 0;
}

/** What a reader gets in place of the notifications that were lost. */
function overrun(): Uint8Array {
  const message = new Uint8Array(HEADER);
  const view = header(message);
  view.setUint32(0, HEADER, LITTLE_ENDIAN);
  view.setUint16(4, NLMSG_OVERRUN, LITTLE_ENDIAN);
  return message;
}

/** Which netlink, and what of it is notified of: a bit mask, and groups beyond it by number. */
interface Source {
  readonly protocol: number;
  readonly mask: number;
  readonly groups: readonly number[];
}

function open(native: Native, { protocol, mask, groups }: Source): HelperDescriptor {
  const what = "netlink socket";
  const fd = openSocket(native, what, [AF_NETLINK, SOCK_RAW, protocol], (descriptor) => {
    setReceiveBuffer(native, descriptor, RECEIVE_BUFFER);
    check(native.bind(descriptor, netlinkAddress(mask)), what);
    for (const group of groups) {
      check(native.setOption(descriptor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, int(group)), what);
    }
  });
  return new HelperDescriptor(native, fd, what);
}

let answers: ReceiveBatch | undefined;

/** Not the batch that all sockets share: somebody may be reading that while a request is made. */
function answerBatch(): ReceiveBatch {
  const meta = new Uint8Array(ANSWER.datagrams * META.size);
  answers ??= {
    ...createBatch(ANSWER.datagrams, HEADROOM + ANSWER.room),
    meta,
    metaView: new DataView(meta.buffer),
  };
  return answers;
}

/**
 * Requests go to the kernel one at a time (it runs one dump a socket), in the order they were made.
 * Each gets NLM_F_REQUEST and NLM_F_ACK, so that every request has a last answer. The kernel does
 * what is no dump before `sendto` returns, so its answer is read at once: many small changes take no
 * turn of the event loop, in which packets would find some of them done and others not.
 */
class HelperNetlink implements NetlinkSocket {
  readonly #native: Native;
  readonly #requests: HelperDescriptor;
  readonly #notifications: HelperDescriptor | undefined;
  readonly #queue: Pending[] = [];
  #sequence = 0;
  #polling = false;
  /** Requests answered at once in this turn of the event loop. */
  #atOnce = 0;

  constructor(native: Native, source: Source) {
    this.#native = native;
    this.#requests = open(native, { ...source, mask: 0, groups: [] });
    const hasGroups = source.mask !== 0 || source.groups.length > 0;
    try {
      this.#notifications = hasGroups ? open(native, source) : undefined;
    } catch (error) {
      this.#requests.close();
      throw error;
    }
  }

  request(message: Uint8Array): Promise<Uint8Array[]> {
    return new Promise((resolve, reject) => {
      if (this.#requests.fd < 0) {
        reject(new IoError("EBADF", "netlink request after close"));
        return;
      }
      this.#queue.push({ message: message.slice(), answers: [], resolve, reject, sequence: 0 });
      if (this.#queue.length === 1) this.#sendNext();
    });
  }

  onNotification(handler: (message: Uint8Array) => void): void {
    const socket = this.#notifications;
    if (socket === undefined) throw new IoError("EINVAL", "netlink socket opened without groups");
    socket.poll(
      fillByReceive(this.#native),
      (batch) => {
        for (let i = 0; i < batch.count; i++) {
          if (isCut(batch, i)) handler(overrun());
          for (const message of messages(batch, i)) {
            if (socket.fd < 0) return;
            handler(message);
          }
        }
      },
      { failed: () => handler(overrun()) },
    );
  }

  close(): void {
    this.#requests.close();
    this.#notifications?.close();
    for (const pending of this.#queue.splice(0)) {
      pending.reject(new IoError("ECANCELED", "netlink request"));
    }
  }

  #sendNext(): void {
    for (let pending = this.#queue[0]; pending !== undefined; pending = this.#queue[0]) {
      this.#listen();
      this.#sequence = (this.#sequence + 1) >>> 0 || 1;
      pending.sequence = this.#sequence;
      const view = header(pending.message);
      view.setUint16(
        6,
        view.getUint16(6, LITTLE_ENDIAN) | NLM_F_REQUEST | NLM_F_ACK,
        LITTLE_ENDIAN,
      );
      view.setUint32(8, pending.sequence, LITTLE_ENDIAN);
      const sent = this.#native.sendTo(this.#requests.fd, pending.message, netlinkAddress(0), -1);
      if (sent >= 0) {
        this.#answerAtOnce(view);
        return;
      }
      this.#queue.shift();
      pending.reject(new IoError(errorName(sent), "netlink request"));
    }
  }

  #listen(): void {
    if (this.#polling) return;
    this.#polling = true;
    this.#requests.poll(fillByReceive(this.#native), (batch) => this.#receive(batch), {
      failed: (error) => this.#fail(error),
    });
  }

  /** What is not there yet, or is a dump, is left to polling. */
  #answerAtOnce(request: DataView): void {
    const isDump = (request.getUint16(6, LITTLE_ENDIAN) & NLM_F_DUMP) === NLM_F_DUMP;
    if (isDump || this.#atOnce >= AT_ONCE) return;
    if (this.#atOnce++ === 0) setImmediate(() => (this.#atOnce = 0));
    const batch = answerBatch();
    batch.count = Math.max(0, fillByReceive(this.#native)(this.#requests.fd, batch));
    this.#receive(batch);
  }

  #receive(batch: ReceiveBatch): void {
    // Copied out first: what an answer sets off may not find the batch in use.
    const received: Uint8Array[] = [];
    for (let i = 0; i < batch.count; i++) {
      if (isCut(batch, i)) this.#fail("EMSGSIZE");
      received.push(...messages(batch, i));
    }
    for (const message of received) {
      const pending = this.#queue[0];
      const view = header(message);
      if (pending === undefined || view.getUint32(8, LITTLE_ENDIAN) !== pending.sequence) continue;
      pending.answers.push(message);
      const type = view.getUint16(4, LITTLE_ENDIAN);
      if (type !== NLMSG_DONE && type !== NLMSG_ERROR) continue;
      this.#queue.shift();
      pending.resolve(pending.answers);
      this.#sendNext();
    }
  }

  /** An answer was lost: the request that waits for it fails, and the next one goes out. */
  #fail(error: string): void {
    this.#queue.shift()?.reject(new IoError(error, "netlink request"));
    this.#sendNext();
  }
}

class HelperNetfilter implements NetfilterSocket {
  readonly #native: Native;
  readonly #socket: HelperDescriptor;

  constructor(native: Native) {
    this.#native = native;
    this.#socket = open(native, { protocol: NETLINK_NETFILTER, mask: 0, groups: [] });
  }

  transact(octets: Uint8Array): Uint8Array[] {
    const { fd } = this.#socket;
    const batch = answerBatch();
    check(this.#native.sendTo(fd, octets, netlinkAddress(0), -1), "netfilter request");
    const answers: Uint8Array[] = [];
    for (;;) {
      batch.count = fillByReceive(this.#native)(fd, batch);
      const isOver = batch.count === 0 || (batch.count < 0 && errorName(batch.count) === "EAGAIN");
      if (isOver) return answers;
      check(batch.count, "netfilter answer");
      for (let i = 0; i < batch.count; i++) answers.push(...messages(batch, i));
    }
  }

  close(): void {
    this.#socket.close();
  }
}

export function openHelperNetfilter(native: Native): NetfilterSocket {
  return new HelperNetfilter(native);
}

export function openHelperNetlink(native: Native, groups: number): NetlinkSocket {
  return new HelperNetlink(native, { protocol: NETLINK_ROUTE, mask: groups, groups: [] });
}

export function openHelperGenericNetlink(native: Native, groups: readonly number[]): NetlinkSocket {
  return new HelperNetlink(native, { protocol: NETLINK_GENERIC, mask: 0, groups });
}

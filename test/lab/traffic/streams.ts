/** Streams between two hosts, as a test sees them. */

import { fileURLToPath } from "node:url";
import type { Arrival, Departure } from "../gaps.ts";
import type { Host } from "../host.ts";
import type { LabProcess } from "../process.ts";
import { sleep } from "../wait.ts";
import type { TcpEnd, TcpJob, UdpJob } from "./job.ts";

const SCRIPTS = {
  udp: fileURLToPath(new URL("./udp.js", import.meta.url)),
  tcp: fileURLToPath(new URL("./tcp.js", import.meta.url)),
};

function start(host: Host, script: keyof typeof SCRIPTS, job: UdpJob | TcpJob): LabProcess {
  const argv = [process.execPath, SCRIPTS[script], JSON.stringify(job)];
  return host.spawn(argv, { name: `${host.name}: ${script} ${job.role}` });
}

export interface UdpOptions {
  readonly from: Host;
  readonly to: Host;
  /** Address of the receiver. */
  readonly address: string;
  readonly port: number;
  /** Source address of the sender. */
  readonly source?: string;
  /** Packets a second. */
  readonly rate: number;
  /** Octets of UDP payload, at least 12. */
  readonly size?: number;
  /** The ends keep their figures until `stop`, so that telling costs the machine nothing meanwhile. */
  readonly tellsLate?: boolean;
}

/** A running UDP stream; both lists grow while it runs, or when it has been stopped. */
export class UdpStream {
  readonly departures: Departure[] = [];
  readonly arrivals: Arrival[] = [];
  readonly #sender: LabProcess;
  readonly #receiver: LabProcess;
  readonly #listeners: ((arrival: Arrival) => void)[] = [];

  constructor(sender: LabProcess, receiver: LabProcess) {
    this.#sender = sender;
    this.#receiver = receiver;
    const read = (text: string, add: (a: number, b: number, c: number) => void): void => {
      const [a = 0, b = 0, c = 0] = text.split(" ").map(Number);
      if (text !== "ready") add(a, b, c);
    };
    receiver.onLine(({ text }) =>
      read(text, (sequence, sentAt, at) => {
        const arrival = { sequence, sentAt, at };
        this.arrivals.push(arrival);
        for (const listener of this.#listeners) listener(arrival);
      }),
    );
    sender.onLine(({ text }) =>
      read(text, (sequence, at, refused) =>
        this.departures.push({ sequence, at, refused: refused === 1 }),
      ),
    );
  }

  /** Calls back for each packet received from now on. */
  onArrival(listener: (arrival: Arrival) => void): void {
    this.#listeners.push(listener);
  }

  /** Stops the sender, waits for what is on its way, stops the receiver. */
  async stop(drainMs = 300): Promise<void> {
    await this.#sender.stop();
    await sleep(drainMs);
    await this.#receiver.stop();
  }
}

/** Starts a UDP stream; it flows when this returns. */
export async function startUdp(options: UdpOptions): Promise<UdpStream> {
  const { from, to, address, port, source, rate, size = 64, tellsLate = false } = options;
  const receiver = start(to, "udp", { role: "receive", address, port, tellsLate });
  await receiver.waitForLine(/^ready/);
  const sender = start(from, "udp", { role: "send", address, port, source, rate, size, tellsLate });
  const stream = new UdpStream(sender, receiver);
  await sender.waitForLine(/^ready/);
  return stream;
}

export interface TcpOptions {
  /** Connects; sends unless `reverse`. */
  readonly from: Host;
  readonly to: Host;
  readonly address: string;
  readonly port: number;
  readonly source?: string;
  /** The listening side sends: a download. */
  readonly reverse?: boolean;
  readonly bytes?: number;
  /** Octets a second. */
  readonly rate?: number;
}

export interface TcpReport {
  readonly sender: TcpEnd;
  readonly receiver: TcpEnd;
  /** Same number of octets, same SHA-256, no error on either side. */
  readonly intact: boolean;
  readonly bitsPerSecond: number;
  /** Longest time between two arrivals of data, in ms. */
  readonly longestStallMs: number;
}

/** A running TCP transfer. */
export class TcpTransfer {
  /** Total octets received by a time; at most one entry for 10 ms. */
  readonly progress: { readonly at: number; readonly total: number }[] = [];
  readonly #sender: LabProcess;
  readonly #receiver: LabProcess;

  constructor(sender: LabProcess, receiver: LabProcess) {
    this.#sender = sender;
    this.#receiver = receiver;
    receiver.onLine(({ text }) => {
      if (!/^\d/.test(text)) return;
      const [total = 0, at = 0] = text.split(" ").map(Number);
      this.progress.push({ at, total });
    });
  }

  /** Waits for the end of a transfer of a given size. */
  async finished(timeoutMs = 30_000): Promise<TcpReport> {
    const [sender, receiver] = await Promise.all(
      [this.#sender, this.#receiver].map(async (child) => {
        const line = await child.waitForLine(/^\{/, timeoutMs);
        return JSON.parse(line.text) as TcpEnd;
      }),
    );
    if (sender === undefined || receiver === undefined) throw new Error("unreachable");
    return this.#report(sender, receiver);
  }

  /** Makes the sender finish, and waits for the end. */
  stop(timeoutMs = 30_000): Promise<TcpReport> {
    this.#sender.signal("SIGTERM");
    return this.finished(timeoutMs);
  }

  #report(sender: TcpEnd, receiver: TcpEnd): TcpReport {
    let longestStallMs = 0;
    for (let i = 1; i < this.progress.length; i++) {
      const stall = (this.progress[i]?.at ?? 0) - (this.progress[i - 1]?.at ?? 0);
      longestStallMs = Math.max(longestStallMs, stall);
    }
    const intact =
      sender.error === undefined &&
      receiver.error === undefined &&
      sender.bytes === receiver.bytes &&
      sender.sha256 === receiver.sha256;
    const seconds = (receiver.endedAt - receiver.startedAt) / 1000;
    const bitsPerSecond = seconds > 0 ? (receiver.bytes * 8) / seconds : 0;
    return { sender, receiver, intact, bitsPerSecond, longestStallMs };
  }
}

/** Starts a TCP transfer; the connection is open when this returns. */
export async function startTcp(options: TcpOptions): Promise<TcpTransfer> {
  const { from, to, address, port, source, bytes, rate, reverse = false } = options;
  const common = { address, port, source, bytes, rate };
  const listenMode = reverse ? "send" : "receive";
  const server = start(to, "tcp", { role: "listen", mode: listenMode, ...common });
  await server.waitForLine(/^ready/);
  const mode = reverse ? "receive" : "send";
  const client = start(from, "tcp", { role: "connect", mode, ...common });
  const transfer = reverse ? new TcpTransfer(server, client) : new TcpTransfer(client, server);
  await client.waitForLine(/^ready/);
  return transfer;
}

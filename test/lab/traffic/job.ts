/** What the traffic programs are told, as JSON in their only argument. */

export type UdpJob =
  | {
      readonly role: "send";
      readonly address: string;
      readonly port: number;
      readonly source: string | undefined;
      readonly rate: number;
      readonly size: number;
      readonly tellsLate: boolean;
    }
  | {
      readonly role: "receive";
      readonly address: string;
      readonly port: number;
      /** What it has to say waits for the end: until then nothing more than the packets costs time. */
      readonly tellsLate: boolean;
    };

export interface RequestsJob {
  readonly homeAgent: string;
  /** This host's own. */
  readonly careOfAddress: string;
  readonly homeAddresses: readonly string[];
  readonly spi: number;
  /** In hex. */
  readonly key: string;
  /** Requests a second. */
  readonly rate: number;
  /** One request, in hex, in the place of all that. */
  readonly octets?: string;
}

export interface TcpJob {
  readonly role: "listen" | "connect";
  readonly mode: "send" | "receive";
  readonly address: string;
  readonly port: number;
  readonly source: string | undefined;
  /** Sender: stop after this many octets; absent means until SIGTERM. */
  readonly bytes: number | undefined;
  /** Sender: octets a second; absent means as fast as TCP takes them. */
  readonly rate: number | undefined;
}

/** The last line of each end of a TCP transfer. */
export interface TcpEnd {
  readonly bytes: number;
  readonly sha256: string;
  /** Monotonic milliseconds of the first and last octets. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly error: string | undefined;
}

export function readJob<Job>(): Job {
  return JSON.parse(process.argv[2] ?? "null") as Job;
}

export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What every forwarding driver offers to the daemon, and what it must be told. */

import type { Ipv4 } from "../base/address.ts";
import type { JsonObject } from "../base/result.ts";
import type { DfPolicy } from "./ipip.ts";
import type { ForwardingState } from "./state.ts";

export interface DriverConfig {
  readonly role: "fa" | "mn" | "ha";
  /**
   * What carries tunnelled packets; `tun` when absent. `auto` is the first of `ebpf`, `kernel` and
   * `tun` that works here.
   */
  readonly driver?: "auto" | "ebpf" | "kernel" | "tun";
  /** How `ebpf` forwards: through the kernel's own forwarding, or past it; `stack` when absent. */
  readonly ebpfMode?: "stack" | "fast";
  readonly routeTable: number;
  readonly rulePriority: number;
  /** MTU of the tunnels; 0 takes what the uplink leaves. */
  readonly mtu: number;
  readonly df: DfPolicy;
  /** Lower the MSS that TCP connections through the tunnels ask for to what fits. */
  readonly mssClamp: boolean;
}

/** Where a half-bound tunnel has turned out to end (RFC 3519 §4.6). */
export interface Bound {
  readonly homeAddress: Ipv4;
  readonly local: Ipv4;
  readonly remote: Ipv4;
  readonly remotePort: number;
}

/** Nothing comes back any more by the way of a care-of address, or it does again. */
export interface PathNews {
  readonly careOfAddress: Ipv4;
  readonly homeAgent: Ipv4;
  readonly isLost: boolean;
}

/** What a driver has to say. */
export interface DriverEvents {
  /** For people: `tunnel-up`, `tunnel-down`, `dropped`, `forwarding-failed`, `forwarding-note`. */
  readonly report: (event: string, fields: JsonObject) => void;
  /** For the core, whose next state may be applied before this returns. */
  readonly bound: (bound: Bound) => void;
  /** For the core, too. */
  readonly path: (news: PathNews) => void;
}

export interface Driver {
  /**
   * Finds what an earlier run left, and makes what is there whatever is forwarded. Rejects when
   * there can be no forwarding at all; a part that fails is reported and tried again.
   */
  start(): Promise<void>;
  /**
   * Makes the machine forward as declared. Rejects with a `ForwardingError` when parts of it could
   * not be done; the rest is done, and those parts are tried again at the next call and when a link
   * changes.
   */
  apply(state: ForwardingState): Promise<void>;
  /** Resolves when the kernel has been brought to what has been applied until now, or has refused. */
  inForce(): Promise<void>;
  /** What has a limited lifetime in the kernel gets it anew. */
  renew(): void;
  /**
   * Gives up at once what has a limited lifetime, and all that depends on it; a state without it
   * is to be applied next.
   */
  fence(): void;
  /** Removes everything it made. */
  stop(): Promise<void>;
  /** Local tunnel ends on which tunnel packets are accepted even before there is a tunnel. */
  setTunnelAddresses(addresses: readonly Ipv4[]): void;
  /** For `status`: `driver`, `interface`, `mtu`, and what could not be done. */
  status(): JsonObject;
  /** Rows of `tunnels --json`. */
  tunnels(): readonly JsonObject[];
  /** Packets and drops by reason. */
  counters(): Readonly<Record<string, number>>;
}

/** Some operations failed; one line each. */
export class ForwardingError extends Error {
  readonly failures: readonly string[];

  constructor(failures: readonly string[]) {
    super(failures.join("; "));
    this.failures = failures;
  }
}

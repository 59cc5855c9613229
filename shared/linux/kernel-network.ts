/** The part of the kernel's network configuration that forwarding changes, behind one interface. */

import type {
  AddressObject,
  KernelObject,
  Marks,
  RouteObject,
} from "../forwarding/kernel-objects.ts";
import type { Operation } from "../forwarding/plan.ts";

/** Objects that one request makes: no settings (/proc/sys), nft elements or taken addresses. */
export type NetworkObject = Exclude<
  KernelObject,
  { kind: "sysctl" | "visitor" | "passage" | "exclusive-address" }
>;

/** What the system, and not this program, has configured. */
export interface SystemObjects {
  readonly addresses: readonly AddressObject[];
  /** Unicast routes, each with its `protocol`. */
  readonly routes: readonly RouteObject[];
}

export interface NetworkOperation extends Operation {
  readonly object: NetworkObject;
}

export interface KernelNetwork {
  /** Everything there that bears the marks. */
  read(marks: Marks): Promise<NetworkObject[]>;
  /** Everything there that does not, of what can depend on an address. */
  readSystem(marks: Marks): Promise<SystemObjects>;
  /**
   * Does one operation; what is as wanted already is no failure. Rejects with an `IoError`. The
   * request leaves before this returns, and operations are done in the order of the calls.
   */
  execute(operation: NetworkOperation, marks: Marks): Promise<void>;
  setMtu(name: string, mtu: number): Promise<void>;
  /** Names of all devices. */
  devices(): Promise<readonly string[]>;
  /** Deletes a device; none of that name is no failure. */
  deleteLink(name: string): Promise<void>;
  /** The MTU of the interface that holds the default route, if there is one. */
  uplinkMtu(): Promise<number | undefined>;
  /** Calls when an interface came, went, or changed its state or addresses, or a setting changed. */
  onChange(handler: () => void): void;
  close(): void;
}

/** Errors of a removal that mean: it is gone. */
export const GONE: ReadonlySet<string> = new Set([
  "ENOENT",
  "ESRCH",
  "ENODEV",
  "EADDRNOTAVAIL",
  "ENXIO",
]);

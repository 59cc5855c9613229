/** What realizing makes of declared items, and what all of it is made with. */

import { type Ipv4, type Prefix, UNSPECIFIED } from "../base/address.ts";
import type { KernelObject } from "./kernel-objects.ts";
import type { Encapsulation, GroupService } from "./state.ts";
import type { TunnelEntry } from "./tunnel-table.ts";

export interface RealizeConfig {
  readonly role: "fa" | "mn" | "ha";
  readonly routeTable: number;
  readonly rulePriority: number;
  /** Without nft a visitor is told from others by one rule each, without its link-layer address. */
  readonly hasNft: boolean;
}

/** A visitor that encapsulates what it sends to the agent (RFC 3024 §5.2). */
export interface Delivery {
  readonly device: string;
  readonly plane: number;
  /** Outer and inner source. */
  readonly homeAddress: Ipv4;
  /** Taken beside IP-in-IP, which always is. */
  readonly encapsulation: Encapsulation;
  /** Firewall mark that its packets bear; without nft none. */
  readonly mark: number | undefined;
}

/** A binding whose node wants what its home link has for all or for groups. */
export interface HomeListener extends GroupService {
  readonly device: string;
  readonly homeAddress: Ipv4;
  readonly careOfAddress: Ipv4;
}

export interface Realized {
  readonly objects: readonly KernelObject[];
  readonly tunnels: readonly TunnelEntry[];
  readonly deliveries: readonly Delivery[];
  readonly listener?: HomeListener | undefined;
}

export const DEFAULT: Prefix = { address: UNSPECIFIED, length: 0 };

export function host(address: Ipv4): Prefix {
  return { address, length: 32 };
}

export function setting(path: string, value: string, precedence = 0): KernelObject {
  const object = { kind: "sysctl", path: `net/ipv4/${path}`, value } as const;
  return precedence === 0 ? object : { ...object, precedence };
}

export function only(objects: readonly KernelObject[]): Realized {
  return { objects, tunnels: [], deliveries: [] };
}

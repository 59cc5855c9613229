/**
 * The mobility binding list (RFC 5944 §3.8.1). A registration costs the same with 100,000 bindings
 * as with one, but for the logarithm of the expiry heap.
 */

import { formatIpv4, formatPrefix, type Ipv4, type Prefix } from "../../shared/base/address.ts";
import { Deadlines } from "../../shared/base/deadlines.ts";
import { flat } from "../../shared/base/flat.ts";
import type { Json } from "../../shared/base/result.ts";
import { type Instant, type Now, secondsLeft } from "../../shared/base/time.ts";
import {
  type BindingItem,
  type GroupService,
  HALF_BOUND,
  sameForm,
  type TunnelForm,
} from "../../shared/forwarding/state.ts";
import type { TunnelBound } from "../../shared/protocol/core.ts";
import type { ReplayMethod } from "../../shared/security/association.ts";
import type { BindingRevocation } from "./binding-revocation.ts";
import { AllocatedNetworks, type BoundNetwork } from "./bound-networks.ts";
import type { HaCoreConfig, HomeNetwork } from "./config.ts";

/** Bindings of one node that may be in force at once; code 135 beyond (RFC 5944 §3.8.2.3). */
export const MAX_SIMULTANEOUS_BINDINGS = 4;

export interface Binding extends TunnelForm {
  /** `binding/<home address>/<care-of address>`: in the journal and in the forwarding state. */
  readonly key: string;
  readonly homeAddress: Ipv4;
  /** Of the node; a dynamic one has no other lasting name (RFC 2794). */
  readonly nai: string | undefined;
  /** As the request has it, and as a later one names it (RFC 5944 §3.8.2.2). */
  readonly careOfAddress: Ipv4;
  /** Where the tunnel ends: the care-of address, or what a NAT has made of it (RFC 3519 §4.6). */
  readonly effectiveCareOfAddress: Ipv4;
  /** The Home Agent field of the reply, which is the outer source of the tunnel. */
  readonly homeAgent: Ipv4;
  /** Of the Registration Reply (RFC 5944 §3.8.1). */
  readonly identification: bigint;
  /** With timestamps the Identification is the node's, and the greatest that was accepted of it. */
  readonly replay: ReplayMethod;
  readonly reverse: boolean;
  /** The care-of address is the node's own (the D bit of RFC 5944 §3.3). */
  readonly colocated: boolean;
  /** Mobile networks behind it (RFC 5177 §6.2.1). */
  readonly networks: readonly BoundNetwork[];
  /** B: broadcasts of the home network go to the node. */
  readonly broadcasts: boolean;
  /** Granted, in seconds; 0xffff is infinity. */
  readonly lifetime: number;
  readonly expiresAt: Instant | undefined;
  /** `undefined`: not negotiated (RFC 3543 §4.2.1). */
  readonly revocation: BindingRevocation | undefined;
}

export function bindingKey(homeAddress: Ipv4, careOfAddress: Ipv4): string {
  return flat(`binding/${formatIpv4(homeAddress)}/${formatIpv4(careOfAddress)}`);
}

const NO_NETWORKS: readonly BoundNetwork[] = [];

export class BindingTable {
  readonly #byNode = new Map<Ipv4, readonly Binding[]>();
  readonly #byKey = new Map<string, Binding>();
  readonly #expiry = new Deadlines<string>();
  readonly #allocated = new AllocatedNetworks();

  get size(): number {
    return this.#byKey.size;
  }

  /** In the order in which they were made; at most MAX_SIMULTANEOUS_BINDINGS. */
  of(homeAddress: Ipv4): readonly Binding[] {
    return this.#byNode.get(homeAddress) ?? [];
  }

  get(homeAddress: Ipv4, careOfAddress: Ipv4): Binding | undefined {
    return this.of(homeAddress).find((binding) => binding.careOfAddress === careOfAddress);
  }

  /** Is this prefix given out (RFC 6626)? */
  isAllocated(prefix: Prefix): boolean {
    return this.#allocated.has(prefix);
  }

  /** The newest one whose tunnel waits for its first keepalive from there. */
  halfBound({ homeAddress, local, remote }: TunnelBound): Binding | undefined {
    return this.of(homeAddress).findLast(
      (binding) =>
        binding.udpPort === HALF_BOUND &&
        binding.homeAgent === local &&
        binding.effectiveCareOfAddress === remote,
    );
  }

  all(): IterableIterator<Binding> {
    return this.#byKey.values();
  }

  set(binding: Binding): void {
    const { key, homeAddress, expiresAt, networks } = binding;
    const all = this.of(homeAddress);
    const before = all.find((other) => other.key === key);
    const others = before === undefined ? all : all.filter((other) => other !== before);
    this.#allocated.swap(before?.networks ?? NO_NETWORKS, networks);
    this.#byNode.set(homeAddress, others.length === 0 ? [binding] : [...others, binding]);
    this.#byKey.set(key, binding);
    if (expiresAt === undefined) this.#expiry.delete(key);
    else this.#expiry.set(key, expiresAt);
  }

  delete({ key, homeAddress }: Binding): void {
    const left = this.of(homeAddress).filter((other) => other.key !== key);
    if (left.length > 0) this.#byNode.set(homeAddress, left);
    else this.#byNode.delete(homeAddress);
    this.#allocated.swap(this.#byKey.get(key)?.networks ?? NO_NETWORKS, NO_NETWORKS);
    this.#byKey.delete(key);
    this.#expiry.delete(key);
  }

  nextExpiry(): Instant | undefined {
    return this.#expiry.next();
  }

  /** Takes out the bindings whose lifetime is over, and only those (RFC 5944 §4.2.3). */
  takeExpired(now: Instant): Binding[] {
    const expired: Binding[] = [];
    for (const key of this.#expiry.takeDue(now)) {
      const binding = this.#byKey.get(key);
      if (binding === undefined) continue;
      this.delete(binding);
      expired.push(binding);
    }
    return expired;
  }
}

/** What forwarding needs to know of a binding. */
export function bindingItem(
  binding: Binding,
  network: HomeNetwork | undefined,
  config: Pick<HaCoreConfig, "address" | "sharing" | "broadcasts" | "multicast">,
): BindingItem {
  const hasLink = network?.interface !== undefined;
  const item = {
    kind: "binding",
    homeAddress: binding.homeAddress,
    homeAgent: binding.homeAgent,
    careOfAddress: binding.effectiveCareOfAddress,
    encapsulation: binding.encapsulation,
    greKeyIn: binding.greKeyIn,
    greKeyOut: binding.greKeyOut,
    udpPort: binding.udpPort,
    reverse: binding.reverse,
    homeInterface: network?.interface,
    groups: hasLink ? groupService(binding, network, config) : undefined,
    dependsOn: config.sharing === undefined ? undefined : config.address,
  } as const;
  if (binding.networks.length === 0) return item;
  const networks = binding.networks.map(({ prefix }) => prefix);
  return { ...item, networks, byAgent: !binding.colocated };
}

/** RFC 5944 §4.3, §4.4: broadcasts by the B bit, groups by IGMP, which needs a reverse tunnel. */
function groupService(
  { colocated, broadcasts, reverse }: Binding,
  { prefix }: HomeNetwork,
  config: Pick<HaCoreConfig, "broadcasts" | "multicast">,
): GroupService | undefined {
  const wanted = broadcasts ? config.broadcasts : undefined;
  if (wanted === undefined && !reverse) return undefined;
  return {
    homePrefix: prefix,
    isNested: !colocated,
    broadcasts: wanted,
    multicast: reverse && config.multicast,
  };
}

function sameGroups(a: GroupService | undefined, b: GroupService | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.homePrefix.address === b.homePrefix.address &&
    a.homePrefix.length === b.homePrefix.length &&
    a.isNested === b.isNested &&
    String(a.broadcasts) === String(b.broadcasts) &&
    a.multicast === b.multicast
  );
}

/** Nothing changes for forwarding when a binding is only renewed. */
export function sameItem(a: BindingItem, b: BindingItem): boolean {
  return (
    a.homeAgent === b.homeAgent &&
    a.careOfAddress === b.careOfAddress &&
    sameForm(a, b) &&
    a.reverse === b.reverse &&
    a.homeInterface === b.homeInterface &&
    a.dependsOn === b.dependsOn &&
    a.byAgent === b.byAgent &&
    sameNetworks(a.networks, b.networks) &&
    sameGroups(a.groups, b.groups)
  );
}

function sameNetworks(a: BindingItem["networks"], b: BindingItem["networks"]): boolean {
  return a === b || namesOf(a) === namesOf(b);
}

function namesOf(networks: readonly Prefix[] = []): string {
  return networks.map(formatPrefix).join(" ");
}

/** The fields by which events name a binding; `bindings --json` has the same and more. */
export function bindingFields(binding: Binding): { [key: string]: Json } {
  return {
    home_address: formatIpv4(binding.homeAddress),
    nai: binding.nai ?? null,
    care_of_address: formatIpv4(binding.effectiveCareOfAddress),
    requested_care_of_address: formatIpv4(binding.careOfAddress),
    home_agent: formatIpv4(binding.homeAgent),
    lifetime: binding.lifetime,
    encapsulation: binding.encapsulation,
    reverse_tunnel: binding.reverse,
    udp_tunnel: binding.udpPort !== undefined,
    networks: binding.networks.map(({ prefix }) => formatPrefix(prefix)),
    broadcasts: binding.broadcasts,
  };
}

/** One row of `bindings --json`. */
export function bindingRow(binding: Binding, now: Now): Json {
  const { expiresAt } = binding;
  const remaining = expiresAt === undefined ? null : secondsLeft(expiresAt, now.monotonic);
  return { ...bindingFields(binding), lifetime_remaining: remaining };
}

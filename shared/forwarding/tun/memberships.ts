/**
 * Which nodes of a home link are members of which groups (RFC 5944 §4.4), and which of them still say
 * so: the home agent is to them the router that asks (RFC 3376 §4.1, §8).
 */

import type { Ipv4 } from "../../base/address.ts";

/** Groups that one node may be a member of, and all of them on one link. */
const MAX_GROUPS_OF_NODE = 32;
const MAX_GROUPS_OF_LINK = 512;
/** RFC 3376 §8.1, the Robustness Variable: so many queries without a report end a membership. */
const ROBUSTNESS = 2;

export interface Membership {
  readonly homeAddress: Ipv4;
  readonly group: Ipv4;
}

export class Memberships {
  /** By group and home address: queries since the last report. */
  readonly #groups = new Map<Ipv4, Map<Ipv4, number>>();

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  has(group: Ipv4): boolean {
    return this.#groups.has(group);
  }

  groups(): Ipv4[] {
    return [...this.#groups.keys()];
  }

  membersOf(group: Ipv4): Iterable<Ipv4> {
    return this.#groups.get(group)?.keys() ?? [];
  }

  /** A node is a member, or says so again; false: there is no room. */
  join({ homeAddress, group }: Membership): boolean {
    const members = this.#groups.get(group);
    if (members?.has(homeAddress) !== true) {
      let own = 0;
      for (const each of this.#groups.values()) if (each.has(homeAddress)) own++;
      const isFull = members === undefined && this.#groups.size >= MAX_GROUPS_OF_LINK;
      if (own >= MAX_GROUPS_OF_NODE || isFull) return false;
    }
    if (members === undefined) this.#groups.set(group, new Map([[homeAddress, 0]]));
    else members.set(homeAddress, 0);
    return true;
  }

  /** True: it was the last member. */
  leave({ homeAddress, group }: Membership): boolean {
    const members = this.#groups.get(group);
    if (members?.delete(homeAddress) !== true || members.size > 0) return false;
    return this.#groups.delete(group);
  }

  /** The nodes that are to be asked now; what they answer is a report. */
  ask(): ReadonlySet<Ipv4> {
    const nodes = new Set<Ipv4>();
    for (const members of this.#groups.values()) {
      for (const [homeAddress, queries] of members) {
        members.set(homeAddress, queries + 1);
        nodes.add(homeAddress);
      }
    }
    return nodes;
  }

  /** Those that have been asked often enough in vain. */
  silent(): Membership[] {
    return [...this.#groups].flatMap(([group, members]) =>
      [...members]
        .filter(([, queries]) => queries >= ROBUSTNESS)
        .map(([homeAddress]) => ({ homeAddress, group })),
    );
  }
}

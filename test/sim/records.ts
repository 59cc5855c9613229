/** What is on record about each node of a run: what it has asked for, and what it was granted. */

import type { Ipv4, Mac } from "../../shared/base/address.ts";
import { type RegistrationRequest, RequestFlag } from "../../shared/wire/control.ts";
import type { Member, Roster } from "./roster.ts";

/** A registration as the home agent answered it. */
export interface Grant {
  readonly request: RegistrationRequest;
  readonly homeAddress: Ipv4;
  readonly lifetime: number;
}

/** About one node, from outside. */
export class Dossier {
  /** By the whole Identification: everything the mobile node ever asked and signed. */
  readonly asked = new Map<bigint, RegistrationRequest>();
  /** By the low half, as a reply names it. */
  readonly granted = new Map<number, Grant>();
  /** Identifications of replies that the node has acted upon. */
  readonly acceptedReplies = new Set<number>();
  lastAccepted: bigint | undefined;
}

export class Records {
  readonly #roster: Roster;
  readonly #dossiers = new Map<Member, Dossier>();

  constructor(roster: Roster) {
    this.#roster = roster;
    for (const member of roster.members) this.#dossiers.set(member, new Dossier());
  }

  of(member: Member | undefined): Dossier | undefined {
    return member && this.#dossiers.get(member);
  }

  /** Of the node with this home address, or of all that might have been assigned it. */
  withHome(home: Ipv4): readonly Dossier[] {
    const all = [...this.#dossiers].filter(([member]) => (member.home ?? home) === home);
    return all.map(([, dossier]) => dossier);
  }

  /** Has the node with this interface an address, or has had it? `undefined`: nobody can have it. */
  mayHave(mac: Mac, address: Ipv4): boolean | undefined {
    const member = this.#roster.withMac(mac);
    const dossier = this.of(member);
    if (member !== undefined && dossier !== undefined && isOf(address, member, dossier))
      return true;
    return this.isSomebodys(address) ? false : undefined;
  }

  isSomebodys(address: Ipv4): boolean {
    if (this.#roster.isHome(address)) return true;
    return [...this.#dossiers].some(([member, dossier]) => isOf(address, member, dossier));
  }
}

/** Its home address, one that it has been given, or one of its own that it has registered. */
function isOf(address: Ipv4, { home }: Member, { asked, granted }: Dossier): boolean {
  return (
    address === home ||
    [...granted.values()].some(({ homeAddress }) => homeAddress === address) ||
    [...asked.values()].some(({ careOfAddress, flags }) => {
      return careOfAddress === address && (flags & RequestFlag.D) !== 0;
    })
  );
}

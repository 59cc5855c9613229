/**
 * Who is who in a run: the mobile nodes by their home addresses or, where the home agent assigns
 * those, by their NAIs.
 */

import { formatIpv4, type Ipv4, parseIpv4 } from "../../shared/base/address.ts";
import type { Json } from "../../shared/base/result.ts";
import { naiIn } from "../../shared/protocol/identity.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import type { SimNode } from "./node.ts";
import type { Plan } from "./plan.ts";
import { assignedAddresses, homeAddress, naiOf } from "./topology.ts";
import { itemsOf } from "./traffic.ts";

export interface Member {
  readonly name: string;
  /** `undefined`: its home agent assigns it. */
  readonly home: Ipv4 | undefined;
  readonly nai: string | undefined;
}

interface Named {
  readonly homeAddress: Ipv4;
  readonly extensions: readonly ControlExtension[];
}

export class Roster {
  readonly members: readonly Member[];
  readonly #plan: Plan;
  /** The node itself, once it is built. */
  readonly #node: (name: string) => SimNode | undefined;

  constructor(plan: Plan, node: (name: string) => SimNode | undefined) {
    this.#plan = plan;
    this.#node = node;
    this.members = Array.from({ length: plan.mobileNodes }, (_, index) => ({
      name: `mn${index + 1}`,
      home: plan.assignsAddresses ? undefined : homeAddress(index),
      nai: plan.assignsAddresses ? naiOf(index) : undefined,
    }));
  }

  /** Whom a request or a reply is about. */
  of({ homeAddress: home, extensions }: Named): Member | undefined {
    const nai = naiIn(extensions);
    return this.members.find((each) =>
      each.nai === undefined ? each.home === home : each.nai === nai,
    );
  }

  named(name: string): Member | undefined {
    return this.members.find((each) => each.name === name);
  }

  /** May this be the home address of a node? */
  isHome(address: Ipv4): boolean {
    const { first, last } = assignedAddresses(this.#plan);
    return address >= first && address <= last;
  }

  node({ name }: Member): SimNode | undefined {
    return this.#node(name);
  }

  /** Whose this interface is. */
  withMac(mac: string): Member | undefined {
    return this.members.find((each) => this.node(each)?.ports.some((port) => port.mac === mac));
  }

  /** Who is at home with an address that it has been assigned. */
  atHomeWith(address: Ipv4): Member | undefined {
    // A home agent that was set up without its nodes for a while has forgotten who had what.
    if (!this.#plan.assignsAddresses || this.#plan.denial !== undefined) return undefined;
    return this.members.find((member) => {
      const node = this.node(member);
      if (node === undefined || itemsOf(node, "at-home").length === 0) return false;
      return this.homeOf(member) === address;
    });
  }

  /** The home address that a node has now, by its own word; `undefined`: none. */
  homeOf(member: Member): Ipv4 | undefined {
    if (member.home !== undefined) return member.home;
    const node = this.node(member);
    const status = node?.core?.query("status", node.now) as { [key: string]: Json } | undefined;
    const address = status?.home_address;
    return typeof address === "string" ? parseIpv4(address) : undefined;
  }

  /** Whose bindings the home agent has for this home address: the node's number, or -1. */
  boundTo(homeAgent: SimNode, home: Ipv4): number {
    const isTheirs = ({ home_address: address }: Row): boolean => address === formatIpv4(home);
    const rows = this.#plan.assignsAddresses ? rowsOf(homeAgent) : [];
    const nai = rows.find(isTheirs)?.nai;
    return this.members.findIndex((each) =>
      nai === undefined ? each.home === home : each.nai === nai,
    );
  }
}

type Row = { readonly [key: string]: Json | undefined };

function rowsOf(homeAgent: SimNode): readonly Row[] {
  return (homeAgent.core?.query("bindings", homeAgent.now) ?? []) as readonly Row[];
}

/**
 * The nft map that tells visitors from others: packets that come in by one link from one link-layer
 * address with one source address get a firewall mark. It lives in a table of its own, so that
 * removing the table removes everything. The table is made by `nft`; a visitor comes and goes by
 * netlink, since a program takes longer to start than a node to change its link.
 */

import { formatIpv4, macToBytes } from "../base/address.ts";
import type { Marks, VisitorObject } from "../forwarding/kernel-objects.ts";
import { addressBytes } from "./netlink/attributes.ts";
import { u32 } from "./netlink/message.ts";
import { changeMap, concatenated, interfaceName, type MapElement } from "./netlink/nf-tables.ts";
import { IoError, type NetfilterSocket } from "./packet-io.ts";
import { runCommand } from "./run-command.ts";

function keyOf({ device, mac, address }: VisitorObject): string {
  return `"${device}" . ${mac} . ${formatIpv4(address)}`;
}

function elements(visitors: readonly VisitorObject[]): string {
  return `{ ${visitors.map((visitor) => `${keyOf(visitor)} : ${visitor.mark}`).join(", ")} }`;
}

const MAP = "visitors";

function elementOf({ device, mac, address, mark }: VisitorObject): MapElement {
  const key = concatenated(interfaceName(device), macToBytes(mac), addressBytes(address));
  return { key, value: u32(mark) };
}

function tableScript({ nftTable }: Marks, visitors: readonly VisitorObject[]): string {
  const lines = [
    `add table ip ${nftTable}`,
    `delete table ip ${nftTable}`,
    `add table ip ${nftTable}`,
    `add map ip ${nftTable} ${MAP} { type ifname . ether_addr . ipv4_addr : mark; }`,
    `add chain ip ${nftTable} prerouting { type filter hook prerouting priority mangle; }`,
    `add rule ip ${nftTable} prerouting meta mark set iifname . ether saddr . ip saddr map @${MAP}`,
  ];
  if (visitors.length > 0) {
    lines.push(`add element ip ${nftTable} ${MAP} ${elements(visitors)}`);
  }
  return `${lines.join("\n")}\n`;
}

export class NftVisitors {
  readonly #marks: Marks;
  readonly #open: (() => NetfilterSocket) | undefined;
  #socket: NetfilterSocket | undefined;
  #isMade = false;

  /** Without a socket all is done by `nft`. */
  constructor(marks: Marks, open: (() => NetfilterSocket) | undefined) {
    this.#marks = marks;
    this.#open = open;
  }

  /** Is there an nft, and a kernel that understands it? */
  async isUsable(): Promise<boolean> {
    return (await runCommand("nft", ["list", "tables"])).code === 0;
  }

  /** Brings the map from what it was to `wanted` in one transaction. */
  async update(
    added: readonly VisitorObject[],
    removed: readonly VisitorObject[],
    wanted: () => readonly VisitorObject[],
  ): Promise<void> {
    const { nftTable } = this.#marks;
    if (this.#isMade && this.#change(added, removed)) return;
    if (this.#isMade && this.#open === undefined) {
      const lines: string[] = [];
      if (removed.length > 0) {
        const keys = removed.map(keyOf).join(", ");
        lines.push(`delete element ip ${nftTable} ${MAP} { ${keys} }`);
      }
      if (added.length > 0) lines.push(`add element ip ${nftTable} ${MAP} ${elements(added)}`);
      if ((await runCommand("nft", ["-f", "-"], `${lines.join("\n")}\n`)).code === 0) return;
    }
    // The first time, or somebody else changed the table: the whole of it, atomically.
    const result = await runCommand("nft", ["-f", "-"], tableScript(this.#marks, wanted()));
    if (result.code !== 0) {
      throw new IoError("EINVAL", `nft table ${nftTable}: ${result.stderr.trim().split("\n")[0]}`);
    }
    this.#isMade = true;
  }

  /** False: it cannot be done this way, or somebody else has changed the table. */
  #change(added: readonly VisitorObject[], removed: readonly VisitorObject[]): boolean {
    const change = { added: added.map(elementOf), removed: removed.map(elementOf) };
    try {
      this.#socket ??= this.#open?.();
      if (this.#socket === undefined) return false;
      changeMap(this.#socket, { table: this.#marks.nftTable, map: MAP, ...change });
      return true;
    } catch (error) {
      if (error instanceof IoError) return false;
      throw error;
    }
  }

  /** Removes the table, also one that an earlier run left. */
  async remove(): Promise<void> {
    const { nftTable } = this.#marks;
    this.#socket?.close();
    this.#socket = undefined;
    const script = `add table ip ${nftTable}\ndelete table ip ${nftTable}\n`;
    await runCommand("nft", ["-f", "-"], script);
    this.#isMade = false;
  }
}

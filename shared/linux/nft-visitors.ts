/**
 * The nft map that tells visitors from others: packets that come in by one link from one link-layer
 * address with one source address get a firewall mark. It lives in a table of its own, so that
 * removing the table removes everything.
 */

import { formatIpv4 } from "../base/address.ts";
import type { Marks, VisitorObject } from "../forwarding/kernel-objects.ts";
import { IoError } from "./packet-io.ts";
import { runCommand } from "./run-command.ts";

function keyOf({ device, mac, address }: VisitorObject): string {
  return `"${device}" . ${mac} . ${formatIpv4(address)}`;
}

function elements(visitors: readonly VisitorObject[]): string {
  return `{ ${visitors.map((visitor) => `${keyOf(visitor)} : ${visitor.mark}`).join(", ")} }`;
}

function tableScript({ nftTable }: Marks, visitors: readonly VisitorObject[]): string {
  const lines = [
    `add table ip ${nftTable}`,
    `delete table ip ${nftTable}`,
    `add table ip ${nftTable}`,
    `add map ip ${nftTable} visitors { type ifname . ether_addr . ipv4_addr : mark; }`,
    `add chain ip ${nftTable} prerouting { type filter hook prerouting priority mangle; }`,
    `add rule ip ${nftTable} prerouting meta mark set iifname . ether saddr . ip saddr map @visitors`,
  ];
  if (visitors.length > 0) {
    lines.push(`add element ip ${nftTable} visitors ${elements(visitors)}`);
  }
  return `${lines.join("\n")}\n`;
}

export class NftVisitors {
  readonly #marks: Marks;
  #isMade = false;

  constructor(marks: Marks) {
    this.#marks = marks;
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
    if (this.#isMade) {
      const lines: string[] = [];
      if (removed.length > 0) {
        const keys = removed.map(keyOf).join(", ");
        lines.push(`delete element ip ${nftTable} visitors { ${keys} }`);
      }
      if (added.length > 0) lines.push(`add element ip ${nftTable} visitors ${elements(added)}`);
      if ((await runCommand("nft", ["-f", "-"], `${lines.join("\n")}\n`)).code === 0) return;
    }
    // The first time, or somebody else changed the table: the whole of it, atomically.
    const result = await runCommand("nft", ["-f", "-"], tableScript(this.#marks, wanted()));
    if (result.code !== 0) {
      throw new IoError("EINVAL", `nft table ${nftTable}: ${result.stderr.trim().split("\n")[0]}`);
    }
    this.#isMade = true;
  }

  /** Removes the table, also one that an earlier run left. */
  async remove(): Promise<void> {
    const { nftTable } = this.#marks;
    const script = `add table ip ${nftTable}\ndelete table ip ${nftTable}\n`;
    await runCommand("nft", ["-f", "-"], script);
    this.#isMade = false;
  }
}

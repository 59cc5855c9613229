/**
 * What guards tunnel devices of the kernel, in an nft table of its own: nothing comes out of one but
 * from, or for, the home addresses that it is for; strangers meet silence, where the kernel would
 * answer `port unreachable` (RFC 5944 §4.2.2); TCP connections are clamped to what fits.
 */

import { formatIpv4 } from "../base/address.ts";
import type { Marks, PassageObject } from "../forwarding/kernel-objects.ts";
import { DEVICE_LETTERS } from "../forwarding/tunnel-device.ts";
import { addressBytes } from "./netlink/attributes.ts";
import { changeMap, concatenated, interfaceName, type MapElement } from "./netlink/nf-tables.ts";
import { IoError, type NetfilterSocket } from "./packet-io.ts";
import { runCommand } from "./run-command.ts";

export interface NftPassagesOptions {
  readonly marks: Marks;
  /** Which address of the inner packet is the home address. */
  readonly match: "saddr" | "daddr";
  readonly open: () => NetfilterSocket;
}

const SETS = ["passages", "exits"] as const;

function elementOf({ device, address }: PassageObject): MapElement {
  return { key: concatenated(interfaceName(device), addressBytes(address)) };
}

/** MTU of a device with headers of so many octets; `undefined`: TCP is not clamped. */
export type ClampTo = ((overhead: number) => number) | undefined;

/** IPv4 and TCP header. */
const TCP_HEADERS = 40;
/** Of the ICMP message: the protocol of the packet that it is about. */
const QUOTED_PROTOCOL = "@th,136,8";
/** RFC 2784 §2.3: who does not know what they mean discards the packet; the kernel does not. */
const GRE_BITS_4_AND_5 = "@th,4,2";

export class NftPassages {
  readonly #options: NftPassagesOptions;
  readonly #table: string;
  #socket: NetfilterSocket | undefined;
  #isMade = false;
  #clampTo: ClampTo;

  constructor(options: NftPassagesOptions) {
    this.#options = options;
    this.#table = `${options.marks.nftTable}t`;
  }

  /** Is there an nft, and a kernel that understands it? */
  async isUsable(): Promise<boolean> {
    return (await runCommand("nft", ["list", "tables"])).code === 0;
  }

  /** The whole of it, atomically. */
  async write(wanted: readonly PassageObject[], clampTo = this.#clampTo): Promise<void> {
    this.#clampTo = clampTo;
    await this.#run(this.script(wanted, clampTo));
    this.#isMade = true;
  }

  /** Where there are no devices of ours, but the kernel knows tunnel packets: strangers meet silence. */
  async writeSilence(): Promise<void> {
    const table = `ip ${this.#table}`;
    await this.#run([...emptied(table), ...silence(table)].join("\n"));
  }

  async #run(script: string): Promise<void> {
    const { code, stderr } = await runCommand("nft", ["-f", "-"], `${script}\n`);
    if (code === 0) return;
    throw new IoError("EINVAL", `nft table ${this.#table}: ${stderr.trim().split("\n")[0]}`);
  }

  /** Brings the set from what it was to `wanted` in one transaction, done when this returns. */
  async update(
    added: readonly PassageObject[],
    removed: readonly PassageObject[],
    wanted: () => readonly PassageObject[],
  ): Promise<void> {
    if (this.#isMade) {
      this.#socket ??= this.#options.open();
      try {
        for (const map of SETS) {
          const elements = (all: readonly PassageObject[]) => inSet(all, map).map(elementOf);
          const change = { added: elements(added), removed: elements(removed) };
          changeMap(this.#socket, { table: this.#table, map, ...change });
        }
        return;
      } catch (error) {
        if (!(error instanceof IoError)) throw error;
      }
    }
    // The first time, or somebody else has changed the table.
    await this.write(wanted());
  }

  /** Removes the table, also one that an earlier run left. */
  async remove(): Promise<void> {
    await runCommand(
      "nft",
      ["-f", "-"],
      `add table ip ${this.#table}\ndelete table ip ${this.#table}\n`,
    );
    this.#isMade = false;
  }

  /**
   * What `nft -f` reads. Each packet of this machine comes by: the rules that most of them end with stand in
   * front. By the type of a link, which takes an eighth of what its name takes; none of our devices is
   * Ethernet's. A packet meets one chain on its way in and one on its way on, since each has a price of its own.
   */
  script(wanted: readonly PassageObject[], clampTo: ClampTo): string {
    const table = `ip ${this.#table}`;
    const { marks, match } = this.#options;
    const into = (chain: string, ...rules: readonly string[]) =>
      rules.map((rule) => `add rule ${table} ${chain} ${rule}`);
    const letters = [...DEVICE_LETTERS];
    const devicesOf = (letter: string): string => `"${marks.anchor}${letter}*"`;
    const clamped = (value: (overhead: number) => string, which: "i" | "o"): string[] => [
      "meta l4proto != tcp accept",
      "tcp flags & syn == 0 accept",
      ...letters.map(
        ([letter, overhead]) =>
          `${which}ifname ${devicesOf(letter)} tcp flags syn tcp option maxseg size set ${value(overhead)}`,
      ),
    ];
    const lines = [
      ...emptied(table),
      ...SETS.map((set) => `add set ${table} ${set} { type ifname . ipv4_addr; }`),
      `add chain ${table} passed`,
      `add chain ${table} into-tunnel`,
      `add chain ${table} out-of-tunnel { type filter hook prerouting priority raw; }`,
      ...into(
        "out-of-tunnel",
        "meta iiftype ether accept",
        `iifname . ip ${match} @passages goto passed`,
        ...letters.map(([letter]) => `iifname ${devicesOf(letter)} drop`),
      ),
      ...into("into-tunnel", "oifname . ip saddr @exits drop"),
      `add chain ${table} forwarded { type filter hook forward priority mangle; }`,
      ...into("forwarded", "meta oiftype ether accept", "goto into-tunnel"),
      `add chain ${table} unknown-gre { type filter hook input priority raw; }`,
      ...into("unknown-gre", `ip protocol gre ${GRE_BITS_4_AND_5} != 0 drop`),
      ...silence(table),
      ...into("silence", "meta oiftype ether accept", "goto into-tunnel"),
    ];
    if (clampTo !== undefined) {
      const size = (overhead: number): string => `${clampTo(overhead) - TCP_HEADERS}`;
      lines.push(...into("passed", ...clamped(size, "i")));
      lines.push(...into("into-tunnel", ...clamped(() => "rt mtu", "o")));
    }
    for (const set of SETS) {
      const some = inSet(wanted, set);
      if (some.length > 0) lines.push(`add element ${table} ${set} ${elements(some)}`);
    }
    return lines.join("\n");
  }
}

function inSet(
  passages: readonly PassageObject[],
  set: PassageObject["set"],
): readonly PassageObject[] {
  return passages.filter((passage) => passage.set === set);
}

function emptied(table: string): string[] {
  return [`add table ${table}`, `delete table ${table}`, `add table ${table}`];
}

/** What the kernel answers to tunnel packets that none of its devices takes does not leave. */
function silence(table: string): string[] {
  return [
    `add chain ${table} silence { type filter hook output priority raw; }`,
    `add rule ${table} silence icmp type destination-unreachable icmp code port-unreachable ${QUOTED_PROTOCOL} { 4, 47 } drop`,
  ];
}

function elements(passages: readonly PassageObject[]): string {
  const list = passages.map(({ device, address }) => `"${device}" . ${formatIpv4(address)}`);
  return `{ ${list.join(", ")} }`;
}

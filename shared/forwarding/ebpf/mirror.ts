/** What of the tunnel table is in the maps of the programs in the kernel, and what these count. */

import type { Ipv4 } from "../../base/address.ts";
import type { BpfMap } from "../../linux/bpf/map.ts";
import type { DfPolicy } from "../ipip.ts";
import type { Tunnel, TunnelEntry, TunnelTable } from "../tunnel-table.ts";
import {
  encodeSettings,
  encodeTunnel,
  IN_KEY,
  IN_VALUE,
  identityOf,
  inKey,
  inValue,
  type Match,
  number,
  OUT_KEY,
  outKey,
  readNumber,
  readTraffic,
  SETTING,
  type Traffic,
  textOf,
} from "./layout.ts";
import { Numbers } from "./numbers.ts";
import { Senders } from "./senders.ts";
import { wantedIn, wantedOut } from "./wanted.ts";

export type TunnelMaps = Readonly<
  Record<"tunnels" | "traffic" | "outgoing" | "incoming" | "visitors" | "settings", BpfMap>
>;

export interface MirrorParts {
  readonly maps: TunnelMaps;
  readonly table: TunnelTable;
  readonly df: DfPolicy;
  readonly mssClamp: boolean;
  /** Interface number of the anchor. */
  readonly anchor: number;
  /** What fits into it. */
  readonly anchorMtu: () => number;
  /**
   * Fast mode: what the programs take as it comes by a link, packets for home addresses or those of
   * visitors; 0: nothing.
   */
  readonly takes: 0 | typeof SETTING.intercepts | typeof SETTING.hasVisitors;
  /** Is somebody between two links here, whose packets wait in the daemon? */
  readonly isHeld: (address: Ipv4) => boolean;
  /** Directed broadcast of the home link of this node, if what it sends to all is looked at. */
  readonly broadcastOf: (address: Ipv4) => Ipv4 | undefined;
}

const MATCHES = ["destination", "source"] as const;
const NOTHING: Traffic = { packetsOut: 0, bytesOut: 0, packetsIn: 0, bytesIn: 0 };
const ZERO = number(0);

export class Mirror {
  readonly #parts: MirrorParts;
  readonly #numbers = new Numbers<Tunnel>();
  readonly #senders: Senders;
  /** What the kernel had counted when it was last asked. */
  readonly #counted = new Map<Tunnel, Traffic>();
  /** Keys that an earlier run left and that nothing has asked for since. */
  readonly #leftOut = new Set<string>();
  readonly #leftIn = new Set<string>();
  /** Some twice: what is staged then is the same. */
  #changedOut: { readonly match: Match; readonly address: Ipv4 }[] = [];
  #changedIn: { readonly match: Match; readonly address: Ipv4; readonly remote: Ipv4 }[] = [];
  /** A key and values as they are staged, which copies them. */
  readonly #outKey = new Uint8Array(OUT_KEY);
  readonly #inKey = new Uint8Array(IN_KEY);
  readonly #inValue = new Uint8Array(IN_VALUE);
  readonly #number = new Uint8Array(4);
  /** Numbers of tunnels whose entries may still be in the maps. */
  #gone: number[] = [];
  #networks = 0;
  #writtenSettings = "";
  /** Entries for which a map had no room; the daemon has them. */
  missing = 0;

  constructor(parts: MirrorParts) {
    this.#parts = parts;
    const { tunnels, outgoing, incoming } = parts.maps;
    for (const [key, value] of tunnels.entries()) {
      this.#numbers.adopt(identityOf(value), readNumber(key));
    }
    for (const [key] of outgoing.entries()) this.#leftOut.add(textOf(key));
    for (const [key] of incoming.entries()) this.#leftIn.add(textOf(key));
    this.#senders = new Senders(parts.maps.visitors);
    this.settingsChanged();
  }

  /** An entry has come into the table, or gone from it. */
  changed(entry: TunnelEntry, by: 1 | -1): void {
    const { direction, match, address, remote, length, sender, plane = 0 } = entry;
    if (sender !== undefined && plane === 0) this.#senders.changed(address, sender, by);
    if (length !== undefined) {
      if (direction !== "out" || match !== "destination") return;
      this.#networks += by;
      this.settingsChanged();
    } else if (direction === "out") {
      this.#changedOut.push({ match, address });
    } else {
      this.#changedIn.push({ match, address, remote });
    }
  }

  /** Whether packets to or from this address wait in the daemon, or its home link, is another now. */
  addressChanged(address: Ipv4): void {
    const { table } = this.#parts;
    this.#senders.addressChanged(address);
    for (const match of MATCHES) {
      this.#changedOut.push({ match, address });
      for (const { tunnel } of table.inAt(match, address)) {
        this.#changedIn.push({ match, address, remote: tunnel.remote });
      }
    }
  }

  /** The path of a tunnel carries less now, or its senders are to be told something. */
  tunnelChanged(tunnel: Tunnel): void {
    const known = this.#numbers.get(tunnel);
    if (known === undefined) return;
    this.#parts.maps.tunnels.stage(number(known), encodeTunnel(tunnel, this.#parts.df));
    this.#parts.maps.tunnels.flush();
  }

  /** What is known of the links of this machine: interface numbers by name. */
  linksChanged(links: ReadonlyMap<string, number>): void {
    this.#senders.setLinks(links);
    this.flush();
  }

  /** What fits into the anchor may be another now. */
  settingsChanged(): void {
    const { maps, mssClamp, anchor, anchorMtu, takes } = this.#parts;
    const networks = this.#networks > 0 ? SETTING.hasNetworks : 0;
    const flags = networks | takes | (mssClamp ? SETTING.clampsMss : 0);
    const settings = encodeSettings(flags, anchor, anchorMtu());
    if (this.#writtenSettings === textOf(settings)) return;
    this.#writtenSettings = textOf(settings);
    maps.settings.stage(ZERO, settings);
    maps.settings.flush();
  }

  /** Its last entry has gone from the table. */
  tunnelGone(tunnel: Tunnel): void {
    this.#counted.delete(tunnel);
    const known = this.#numbers.take(tunnel);
    if (known === undefined) return;
    this.#remove(known);
    this.#gone.push(known);
  }

  /** The maps have what changed. An entry whose tunnel is not there yet, or no more, is passed over. */
  flush(): void {
    const { maps } = this.#parts;
    for (const { match, address } of this.#changedOut) this.#stageOut(match, address);
    for (const { match, address, remote } of this.#changedIn) {
      this.#stageIn(match, address, remote);
    }
    this.#senders.stage((address) => this.#tunnelOfVisitor(address));
    this.#changedOut = [];
    this.#changedIn = [];
    const { traffic, tunnels, outgoing, incoming, visitors } = maps;
    for (const map of [traffic, tunnels, outgoing, incoming, visitors]) {
      this.missing += map.flush();
    }
    this.#numbers.free(this.#gone);
    this.#gone = [];
  }

  /** What an earlier run left and the first state does not have goes. */
  settle(): void {
    const { outgoing, incoming } = this.#parts.maps;
    for (const key of this.#leftOut) outgoing.stage(Buffer.from(key, "latin1"), undefined);
    for (const key of this.#leftIn) incoming.stage(Buffer.from(key, "latin1"), undefined);
    this.#senders.settle();
    for (const left of this.#numbers.takeLeft()) this.#remove(left);
    this.#leftOut.clear();
    this.#leftIn.clear();
    this.flush();
  }

  /** Takes nothing any more: whatever comes is the daemon's. */
  clear(): void {
    const { outgoing, incoming, visitors } = this.#parts.maps;
    for (const map of [outgoing, incoming, visitors]) {
      for (const [key] of [...map.entries()]) map.stage(key, undefined);
      map.flush();
    }
  }

  /** Adds to the tunnel's own figures what the kernel has counted since it was last asked. */
  refresh(tunnel: Tunnel): void {
    const known = this.#numbers.get(tunnel);
    const value = known === undefined ? undefined : this.#parts.maps.traffic.get(number(known));
    if (value === undefined) return;
    const before = this.#counted.get(tunnel) ?? NOTHING;
    const now = readTraffic(value);
    this.#counted.set(tunnel, now);
    tunnel.packetsOut += now.packetsOut - before.packetsOut;
    tunnel.bytesOut += now.bytesOut - before.bytesOut;
    tunnel.packetsIn += now.packetsIn - before.packetsIn;
    tunnel.bytesIn += now.bytesIn - before.bytesIn;
  }

  /** Of all tunnels that have a number. */
  refreshAll(): void {
    for (const [tunnel] of this.#numbers.entries()) this.refresh(tunnel);
  }

  #stageOut(match: Match, address: Ipv4): void {
    const { table, maps, anchor, isHeld } = this.#parts;
    const key = outKey(match, address, anchor, this.#outKey);
    const tunnel = isHeld(address) ? undefined : wantedOut(table, match, address);
    if (this.#leftOut.size > 0) this.#leftOut.delete(textOf(key));
    maps.outgoing.stage(
      key,
      tunnel === undefined ? undefined : number(this.#numberOf(tunnel), this.#number),
    );
  }

  #stageIn(match: Match, address: Ipv4, remote: Ipv4): void {
    const { table, maps, isHeld, broadcastOf } = this.#parts;
    const key = inKey(match, address, remote, this.#inKey);
    const acceptance = isHeld(address) ? undefined : wantedIn(table, match, address, remote);
    if (this.#leftIn.size > 0) this.#leftIn.delete(textOf(key));
    const value =
      acceptance === undefined
        ? undefined
        : this.#inValueOf(acceptance.tunnel, broadcastOf(address) ?? 0);
    maps.incoming.stage(key, value);
  }

  #tunnelOfVisitor(address: Ipv4): number | undefined {
    const { table, isHeld, takes } = this.#parts;
    if (takes !== SETTING.hasVisitors || isHeld(address)) return undefined;
    const tunnel = wantedOut(table, "source", address);
    return tunnel && this.#numberOf(tunnel);
  }

  #inValueOf(tunnel: Tunnel, broadcast: number): Uint8Array {
    return inValue(this.#numberOf(tunnel), this.#parts.anchor, broadcast, this.#inValue);
  }

  /** Gives it one, and puts it into the maps, unless it is there. */
  #numberOf(tunnel: Tunnel): number {
    const known = this.#numbers.get(tunnel);
    if (known !== undefined) return known;
    const { maps, df } = this.#parts;
    const value = encodeTunnel(tunnel, df);
    const [given, isAdopted] = this.#numbers.give(tunnel, identityOf(value));
    const key = number(given);
    const counted = isAdopted ? maps.traffic.get(key) : undefined;
    if (counted === undefined) maps.traffic.stage(key, new Uint8Array(maps.traffic.valueRoom));
    else this.#counted.set(tunnel, readTraffic(counted));
    maps.tunnels.stage(key, value);
    return given;
  }

  #remove(known: number): void {
    this.#parts.maps.tunnels.stage(number(known), undefined);
    this.#parts.maps.traffic.stage(number(known), undefined);
  }
}

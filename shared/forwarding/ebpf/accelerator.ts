/**
 * The accelerator in front of the tun driver: programs in the kernel that encapsulate what leaves by
 * the anchor and decapsulate what comes in by a link, for the entries of the tunnel table that the
 * mirror puts into their maps. The driver goes on to own anchor, sockets, routes and table. Programs
 * and maps are pinned, so that forwarding goes on while the daemon does not run.
 */

import { Attachments, type Place } from "../../linux/bpf/attachments.ts";
import type { BpfCalls } from "../../linux/bpf/calls.ts";
import type { BpfMap } from "../../linux/bpf/map.ts";
import type { BpfMapShape } from "../../linux/bpf/object.ts";
import { bpfObject } from "../../linux/bpf/object-image.ts";
import { openMaps } from "../../linux/bpf/open-maps.ts";
import { Pins } from "../../linux/bpf/pins.ts";
import { LITTLE_ENDIAN } from "../../linux/kernel-call.ts";
import { type LinkKind, readLinkKinds } from "../../linux/netlink/link-kinds.ts";
import { Rtnetlink } from "../../linux/netlink/rtnetlink.ts";
import type { PacketIo } from "../../linux/packet-io.ts";
import type { Marks } from "../kernel-objects.ts";
import { LINK, number, readNumber, SETTING } from "./layout.ts";
import { Mirror, type MirrorParts, type TunnelMaps } from "./mirror.ts";

/** Most entries of each map: an agent of a small router and one of a network operator. */
const ENTRIES = { fa: 16_384, mn: 1024, ha: 131_072 } as const;
const LINKS = 1024;
const ARRAY = 2;
const PERCPU_ARRAY = 6;
/** As tunnel.c has it. */
const WAYS = 256;
/** Devices of ours, of whatever program. */
const OWN_DEVICE = /^mip\d+(p\d+)?$/;
const ARPHRD = { ethernet: 1, ppp: 512, rawIp: 519, none: 65534 } as const;

const NOT_BUILT =
  "there is no BPF program in this build: install clang (Debian: apt-get install clang) and build again";

/** Programs at the ingress of a link, with a link layer and without one, by mode. */
const INGRESS = {
  stack: { [LINK.ethernet]: "decapsulate", [LINK.bare]: "decapsulate_bare" },
  fast: { [LINK.ethernet]: "forward", [LINK.bare]: "forward_bare" },
} as const;
/** What a program takes as it comes by a link. */
const TAKES = { fa: SETTING.hasVisitors, ha: SETTING.intercepts, mn: 0 } as const;

/** What the driver that it works for has. */
export type Accelerated = Pick<
  MirrorParts,
  "table" | "anchor" | "isHeld" | "broadcastOf" | "anchorMtu"
>;

export interface AcceleratorParts extends Omit<MirrorParts, "maps" | "takes"> {
  readonly io: PacketIo;
  readonly marks: Marks;
  readonly role: keyof typeof ENTRIES;
  readonly ebpfMode?: keyof typeof INGRESS;
}

export class Accelerator {
  readonly #parts: AcceleratorParts;
  readonly #mode: keyof typeof INGRESS;
  readonly #calls: BpfCalls;
  readonly #pins: Pins | undefined;
  readonly #maps: ReadonlyMap<string, BpfMap>;
  readonly #programs = new Map<string, number>();
  readonly #attachments: Attachments;
  readonly #rtnetlink: Rtnetlink;
  readonly mirror: Mirror;

  /** Loads the programs; throws an Error that says why it cannot be, and what helps. */
  constructor(parts: AcceleratorParts) {
    this.#parts = parts;
    const { io, marks, role, ebpfMode = "stack" } = parts;
    // What a mobile node sends and gets starts and ends there: nothing is forwarded.
    this.#mode = role === "mn" ? "stack" : ebpfMode;
    const object = bpfObject(LITTLE_ENDIAN ? "LE" : "BE");
    if (object === undefined) throw new Error(NOT_BUILT);
    this.#calls = io.openBpf();
    this.#pins = Pins.open(marks.anchor);
    const sizeOf = (shape: BpfMapShape): number => entriesOf(shape, ENTRIES[role]);
    this.#maps = openMaps(this.#calls, object.maps, sizeOf, this.#pins);
    const descriptors = new Map([...this.#maps].map(([name, { fd }]) => [name, fd]));
    const wanted: readonly string[] = ["encapsulate", ...Object.values(INGRESS[this.#mode])];
    for (const program of object.programs.filter(({ name }) => wanted.includes(name))) {
      this.#programs.set(program.name, this.#calls.load(program, descriptors));
    }
    this.#rtnetlink = Rtnetlink.open(io);
    this.#attachments = new Attachments({
      calls: this.#calls,
      rtnetlink: this.#rtnetlink,
      pins: this.#pins,
      preference: marks.table & 0xffff,
    });
    const maps = Object.fromEntries(this.#maps) as TunnelMaps;
    const takes = this.#mode === "fast" ? TAKES[role] : 0;
    this.mirror = new Mirror({ ...parts, maps, takes });
  }

  /** How programs forward and are attached, and whether they outlive the process. */
  describe() {
    const attached_by = this.#attachments.mechanism;
    return { ebpf_mode: this.#mode, attached_by, pinned: this.#pins !== undefined };
  }

  /** Programs are where they should be, on the links that there are now. */
  async attach(): Promise<void> {
    const { anchor } = this.#parts;
    this.mirror.settingsChanged();
    const places: Place[] = [{ ifindex: anchor, hook: "egress" }];
    const links = (await readLinkKinds(this.#rtnetlink)).filter(
      ({ name }) => !OWN_DEVICE.test(name),
    );
    const known = this.#maps.get("links");
    const kinds = new Map(links.map((link) => [link.index, kindOf(link)]));
    for (const [key] of [...(known?.entries() ?? [])]) {
      if (kinds.get(readNumber(key)) === undefined) known?.stage(key, undefined);
    }
    for (const { index, hasMaster } of links) {
      const kind = kinds.get(index);
      if (kind === undefined) continue;
      known?.stage(number(index), number(kind));
      // What comes by a port comes by its bridge or bond again.
      if (hasMaster) continue;
      places.push({ ifindex: index, hook: "ingress" });
    }
    known?.flush();
    this.mirror.linksChanged(new Map(links.map(({ name, index }) => [name, index])));
    await this.#attachments.keepOnly(places);
    for (const place of places) {
      const kind = kinds.get(place.ifindex) ?? LINK.ethernet;
      const name = place.hook === "egress" ? "encapsulate" : INGRESS[this.#mode][kind];
      await this.#attachments.attach(place, this.#programs.get(name) ?? -1, name);
    }
  }

  /** Takes everything away that it made. */
  async remove(): Promise<void> {
    await this.#attachments.keepOnly([]);
    this.#pins?.removeAll();
    this.close();
  }

  /** What is pinned goes on. */
  close(): void {
    this.#attachments.close();
    this.#rtnetlink.close();
    for (const map of this.#maps.values()) map.close();
    for (const program of this.#programs.values()) this.#calls.close(program);
  }
}

type Kind = (typeof LINK)[keyof typeof LINK];

/** The link's kind in the map; `undefined`: nothing goes there without the stack. */
function kindOf({ type }: LinkKind): Kind | undefined {
  if (type === ARPHRD.ethernet) return LINK.ethernet;
  const isBare = type === ARPHRD.ppp || type === ARPHRD.rawIp || type === ARPHRD.none;
  return isBare ? LINK.bare : undefined;
}

function entriesOf({ type, name }: BpfMapShape, entries: number): number {
  if (type === ARRAY) return 1;
  if (type === PERCPU_ARRAY) return WAYS;
  return name === "links" ? LINKS : entries;
}

/** The tun driver's data path between devices and sockets that only remember. */

import assert from "node:assert/strict";
import type { Ipv4 } from "../../shared/base/address.ts";
import { Counters } from "../../shared/base/counters.ts";
import type { Bound } from "../../shared/forwarding/driver.ts";
import { encapsulate } from "../../shared/forwarding/encapsulate.ts";
import type { DfPolicy } from "../../shared/forwarding/ipip.ts";
import type { Delivery } from "../../shared/forwarding/realized.ts";
import type { TunnelForm } from "../../shared/forwarding/state.ts";
import { DataPath } from "../../shared/forwarding/tun/data-path.ts";
import { type TunnelEntry, TunnelTable } from "../../shared/forwarding/tunnel-table.ts";
import {
  createBatch,
  HEADROOM,
  type LinkFilter,
  type LinkSocket,
  type PacketBatch,
  packetsIn,
  type RawIpOptions,
} from "../../shared/linux/packet-io.ts";
import { NO_IO } from "../no-io.ts";
import { entry, packet, ROOM, TUNNEL, translated } from "./packets.ts";

export function batchOf(packets: readonly Uint8Array[]): PacketBatch {
  const batch = createBatch(packets.length, 2048);
  for (const [i, bytes] of packets.entries()) {
    const at = i * batch.slot + HEADROOM;
    batch.slab.set(bytes, at);
    batch.offsets[i] = at;
    batch.lengths[i] = bytes.length;
  }
  batch.count = packets.length;
  return batch;
}

/** Packets that stand for many: of each list the first is in the batch. */
export function batchOfRuns(lists: readonly (readonly Uint8Array[])[]): PacketBatch {
  const places = lists.map((_, i) => i);
  const listOf = (i: number) => lists[places[i] ?? -1] ?? [];
  const runs = {
    countOf: (i: number) => listOf(i).length,
    octetsOf: (i: number) => listOf(i).reduce((sum, bytes) => sum + innerLength(bytes), 0),
    move: (from: number, to: number) => {
      places[to] = places[from] ?? -1;
    },
    spread: (i: number) => batchOf(listOf(i)),
    from: () => runs,
  };
  return { ...batchOf(lists.flatMap(([first]) => first ?? [])), runs };
}

/** Of what is in a tunnel of IP-in-IP in UDP, or in none. */
const innerLength = (bytes: Uint8Array): number => bytes.length - (bytes[9] === 17 ? 32 : 0);

export function packetsOf({ slab, offsets, lengths, count }: PacketBatch): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const start = offsets[i] ?? 0;
    return slab.slice(start, start + (lengths[i] ?? 0));
  });
}

export interface Setup {
  readonly entries?: readonly TunnelEntry[];
  readonly clampTo?: number;
  readonly df?: DfPolicy;
  /** The registrations' UDP socket can be shared; it is open or not. */
  readonly share?: { readonly isOpen: boolean };
  readonly refuses?: (packet: Uint8Array) => boolean;
  readonly deliveries?: readonly Delivery[];
  readonly openLink?: (name: string, filter: LinkFilter) => LinkSocket;
  readonly onBound?: (bound: Bound, table: TunnelTable) => void;
}

export function openPath(setup: Setup = {}) {
  const { entries = [entry()], clampTo, refuses = () => false, deliveries = [] } = setup;
  let fromTun = (_: PacketBatch): void => {};
  /** By protocol, and by device where the socket is bound to one. */
  const handlers = new Map<string, (batch: PacketBatch) => void>();
  const opened: RawIpOptions[] = [];
  const sent: Uint8Array[] = [];
  const delivered: Uint8Array[] = [];
  const tooBig: [Ipv4, number][] = [];
  const strangers: string[] = [];
  const bounds: Bound[] = [];
  const drained = { count: 0 };
  const tun = {
    name: "tun",
    index: 1,
    onPackets: (handler: (batch: PacketBatch) => void) => {
      fromTun = handler;
    },
    write: (batch: PacketBatch) => {
      delivered.push(...packetsOf(batch));
      return packetsIn(batch);
    },
    drain: () => {
      drained.count++;
    },
    close: () => {},
  };
  const take = (bytes: Uint8Array): boolean => {
    if (refuses(bytes)) return false;
    sent.push(bytes.slice());
    return true;
  };
  const openRawIp = (options: RawIpOptions) => {
    opened.push(options);
    return {
      onPackets: (handler: (batch: PacketBatch) => void) => {
        handlers.set(`${options.protocol} ${options.device ?? ""}`, handler);
      },
      send: (batch: PacketBatch) => packetsOf(batch).filter(take).length,
      sendOne: (bytes: Uint8Array) => (take(bytes) ? undefined : "EPERM"),
      close: () => {},
    };
  };
  /** Packets by the share, and whether it is taken now. */
  const shared = { sent: [] as Uint8Array[], isTaken: false };
  const shareUdpPort = () => ({
    get isOpen() {
      return setup.share?.isOpen ?? false;
    },
    onPackets: (handler: (batch: PacketBatch) => void) => {
      shared.isTaken = true;
      handlers.set("17 ", handler);
    },
    send: (batch: PacketBatch) => {
      shared.sent.push(...packetsOf(batch));
      return packetsIn(batch);
    },
    sendOne: () => "EIO",
    close: () => {
      shared.isTaken = false;
    },
  });
  const table = new TunnelTable();
  for (const one of entries) table.add(one);
  const counters = new Counters();
  const path = new DataPath({
    io: {
      ...NO_IO,
      openTun: () => tun,
      openRawIp,
      openLink: setup.openLink ?? NO_IO.openLink,
      ...(setup.share === undefined ? {} : { shareUdpPort }),
    },
    tun,
    table,
    df: setup.df ?? "copy",
    counters,
    mtu: () => clampTo ?? 1480,
    mssClamp: clampTo !== undefined,
    onTooBig: (destination, mtu) => tooBig.push([destination, mtu]),
    onStranger: (reason) => strangers.push(reason),
    onTunnelChanged: () => {},
    onBound: (bound) => {
      bounds.push(bound);
      setup.onBound?.(bound, table);
    },
  });
  const planes: Uint8Array[][] = [[], []];
  path.addPlane(1, {
    ...tun,
    onPackets: () => {},
    write: (batch: PacketBatch) => {
      planes[1]?.push(...packetsOf(batch));
      return batch.count;
    },
  });
  for (const one of deliveries) path.deliveries.add(one);
  path.listen(new Set([TUNNEL.local]), table.udpEnds());
  return {
    enter: (...packets: Uint8Array[]) => fromTun(batchOf(packets)),
    enterRuns: (...lists: Uint8Array[][]) => fromTun(batchOfRuns(lists)),
    arriveRuns: (...lists: Uint8Array[][]) => handlers.get("17 ")?.(batchOfRuns(lists)),
    arrive: (...packets: Uint8Array[]) => {
      for (const bytes of packets) handlers.get(`${bytes[9]} `)?.(batchOf([bytes]));
    },
    arriveTogether: (...packets: Uint8Array[]) => handlers.get("4 ")?.(batchOf(packets)),
    deliver: (device: string, ...packets: Uint8Array[]) => {
      for (const bytes of packets) handlers.get(`${bytes[9]} ${device}`)?.(batchOf([bytes]));
    },
    planes,
    shared,
    /** As the driver does when the table has changed. */
    listenAgain: () => path.listen(new Set([TUNNEL.local]), table.udpEnds()),
    path,
    sent,
    delivered,
    opened,
    counters,
    tooBig,
    strangers,
    bounds,
    drained,
    table,
  };
}

/** Packets to 10.1.0.7, numbered in their last octet. */
export function numbered(number: number): Uint8Array {
  return packet({ payload: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, number) }).slice(ROOM);
}

export const numbersIn = (packets: readonly Uint8Array[]) => packets.map((bytes) => bytes.at(-1));

/** What the other end of a tunnel of this form sends to us. */
export function fromPeer({ greKeyIn, ...form }: TunnelForm, inner: Uint8Array): Uint8Array {
  const table = new TunnelTable();
  const swapped = { local: TUNNEL.remote, remote: TUNNEL.local };
  const tunnel = table.add({ ...entry(), ...form, ...swapped, greKeyOut: greKeyIn });
  assert.ok(tunnel !== undefined);
  const bytes = new Uint8Array(ROOM + inner.length);
  bytes.set(inner, ROOM);
  const start = encapsulate(bytes, ROOM, tunnel, "copy", 3);
  translated(bytes, start);
  if (form.udpPort !== undefined) new DataView(bytes.buffer).setUint16(start + 20, form.udpPort);
  return bytes.slice(start);
}

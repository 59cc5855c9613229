/**
 * What the tunnel costs in TypeScript alone: the tun driver's data path between a device and
 * sockets that do nothing, so without a single system call.
 */

import { type Ipv4, ipv4 } from "../../shared/base/address.ts";
import { Counters } from "../../shared/base/counters.ts";
import { OUTER_HEADER } from "../../shared/forwarding/ipip.ts";
import { PROTOCOL_IPIP } from "../../shared/forwarding/packet.ts";
import { DataPath } from "../../shared/forwarding/tun/data-path.ts";
import { TunnelTable } from "../../shared/forwarding/tunnel-table.ts";
import {
  createBatch,
  HEADROOM,
  type PacketBatch,
  type PacketIo,
  type RawIpSocket,
} from "../../shared/linux/packet-io.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { NO_IO } from "../no-io.ts";
import { nanosecondsEach } from "./stopwatch.ts";
import type { Row } from "./table.ts";

const BATCH = 64;
const PACKET = 64;
const LOCAL = ipv4("198.51.100.1");
const REMOTE = ipv4("192.0.2.1");
const CORRESPONDENT = ipv4("203.0.113.10");
/** Bindings in the table; packets go round among them. */
const HOMES = Array.from({ length: 1000 }, (_, i) => (ipv4("10.1.0.0") + i) as Ipv4);

function header(source: Ipv4, destination: Ipv4, protocol: number, total: number): Uint8Array {
  const bytes = new Uint8Array(OUTER_HEADER);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x4500);
  view.setUint16(2, total);
  view.setUint16(8, (64 << 8) | protocol);
  view.setUint32(12, source);
  view.setUint32(16, destination);
  view.setUint16(10, internetChecksum(bytes));
  return bytes;
}

/** The data path and the two handlers that packets enter by. */
function open() {
  let fromTun = (_: PacketBatch): void => {};
  let fromTunnel = (_: PacketBatch): void => {};
  const take = (batch: PacketBatch): number => batch.count;
  const socket = (protocol: number): RawIpSocket => ({
    onPackets: (handler) => {
      if (protocol === PROTOCOL_IPIP) fromTunnel = handler;
    },
    send: take,
    sendOne: () => undefined,
    close: () => {},
  });
  const tun = {
    name: "none",
    index: 1,
    onPackets: (handler: (batch: PacketBatch) => void) => {
      fromTun = handler;
    },
    write: take,
    close: () => {},
  };
  const io: PacketIo = {
    ...NO_IO,
    openTun: () => tun,
    openRawIp: ({ protocol }) => socket(protocol),
  };
  const table = new TunnelTable();
  const ends = { local: LOCAL, remote: REMOTE, encapsulation: "ipip" } as const;
  for (const address of HOMES) {
    table.add({ ...ends, direction: "out", match: "destination", address });
    table.add({ ...ends, direction: "in", match: "source", address });
  }
  const counters = new Counters();
  const ignore = (): void => {};
  const options = {
    io,
    tun,
    table,
    counters,
    onTooBig: ignore,
    onStranger: ignore,
    onBound: ignore,
    onTunnelChanged: ignore,
  };
  const config = { df: "copy", mtu: () => 1480, mssClamp: true } as const;
  new DataPath({ ...options, ...config }).listen(new Set([LOCAL]));
  return { fromTun, fromTunnel };
}

export function headerRows(): Row[] {
  const { fromTun, fromTunnel } = open();
  const batch = createBatch(BATCH, 2048);
  let next = 0;
  const fill = (write: (home: Ipv4, at: number) => number): void => {
    for (let i = 0; i < BATCH; i++) {
      const at = i * batch.slot + HEADROOM;
      next = (next + 1) % HOMES.length;
      batch.offsets[i] = at;
      batch.lengths[i] = write(HOMES[next] as Ipv4, at);
    }
    batch.count = BATCH;
  };
  const plain = HOMES.map((home) => header(CORRESPONDENT, home, 17, PACKET));
  const inner = HOMES.map((home) => header(home, CORRESPONDENT, 17, PACKET));
  const outer = header(REMOTE, LOCAL, PROTOCOL_IPIP, PACKET + OUTER_HEADER);
  const out = (home: Ipv4, at: number): number => {
    batch.slab.set(plain[home - (HOMES[0] ?? 0)] ?? outer, at);
    return PACKET;
  };
  const back = (home: Ipv4, at: number): number => {
    batch.slab.set(outer, at);
    batch.slab.set(inner[home - (HOMES[0] ?? 0)] ?? outer, at + OUTER_HEADER);
    return PACKET + OUTER_HEADER;
  };
  const times = nanosecondsEach({
    fillOut: () => fill(out),
    out: () => {
      fill(out);
      fromTun(batch);
    },
    fillBack: () => fill(back),
    back: () => {
      fill(back);
      fromTunnel(batch);
    },
  });
  const each = (whole: string, fill: string): string =>
    `${(((times[whole] ?? Number.NaN) - (times[fill] ?? Number.NaN)) / BATCH).toFixed(0)} ns`;
  return [
    ["encapsulate, 1000 home addresses", each("out", "fillOut"), "check, look up, outer header"],
    ["decapsulate, 1000 home addresses", each("back", "fillBack"), "check both headers, look up"],
  ];
}

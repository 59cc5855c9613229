/** What a data path is made with. */

import type { Ipv4 } from "../../base/address.ts";
import type { PacketIo, TunDevice } from "../../linux/packet-io.ts";
import type { DriverEvents } from "../driver.ts";
import type { ArrivalDrop, Tunnel, TunnelTable } from "../tunnel-table.ts";
import type { EntranceOptions } from "./entrance.ts";

export interface DataPathOptions extends EntranceOptions {
  readonly io: PacketIo;
  readonly tun: TunDevice;
  readonly table: TunnelTable;
  /** A packet came to a tunnel end from nobody who may use it (RFC 3024 §4.3.2). */
  readonly onStranger: (reason: ArrivalDrop, remote: Ipv4, innerSource: Ipv4) => void;
  /** What an error from inside a tunnel said of it, or that this is no longer so. */
  readonly onTunnelChanged: (tunnel: Tunnel) => void;
  /** The first keepalive of a half-bound tunnel; a tunnel declared at once takes it. */
  readonly onBound: DriverEvents["bound"];
}

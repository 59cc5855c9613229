/** A home link that remembers what it was asked, for the tests of broadcasts and groups. */

import { formatIpv4, ipv4, type Mac } from "../../shared/base/address.ts";
import type { HomeListener } from "../../shared/forwarding/realized.ts";
import type { TunnelEntry } from "../../shared/forwarding/tunnel-table.ts";
import {
  type Frame,
  IoError,
  type LinkFilter,
  type LinkSocket,
} from "../../shared/linux/packet-io.ts";
import { openPath } from "./fake-path.ts";
import { entry, HOME, TUNNEL } from "./packets.ts";

export const LISTENER: HomeListener = {
  device: "home0",
  homeAddress: HOME,
  careOfAddress: TUNNEL.remote,
  homePrefix: { address: ipv4("10.1.0.0"), length: 24 },
  isNested: true,
  broadcasts: [],
  multicast: true,
};

/** A home link that remembers, and a data path with bindings of two nodes on it. */
export function openHomeLink(
  listeners: readonly HomeListener[] = [LISTENER],
  form: Partial<TunnelEntry> = {},
) {
  const frames: { destination: Mac; payload: Uint8Array }[] = [];
  const joined = new Set<string>();
  const filters: LinkFilter[] = [];
  const steps: string[] = [];
  let hear = (_: Frame): void => {};
  const link = { isStale: false, isBroken: false };
  const sockets = new Set<Set<string>>();
  const openLink = (name: string, filter: LinkFilter): LinkSocket => {
    filters.push(filter);
    const own = new Set<string>();
    sockets.add(own);
    const note = () => {
      joined.clear();
      for (const each of sockets) for (const group of each) joined.add(group);
    };
    return {
      interface: name,
      get isStale() {
        return link.isStale;
      },
      onFrame: (handler) => {
        hear = handler;
      },
      send: (destination, _etherType, payload) => {
        frames.push({ destination, payload });
        return undefined;
      },
      takeLost: () => 0,
      joinGroups: (groups) => {
        if (link.isBroken) throw new IoError("ENOBUFS", "joining groups");
        for (const group of groups) own.add(formatIpv4(group));
        steps.push(`${filter.heard} joins`);
        note();
      },
      leaveGroups: (groups) => {
        for (const group of groups) own.delete(formatIpv4(group));
        note();
      },
      close: () => {
        steps.push(`${filter.heard} closes`);
        sockets.delete(own);
        note();
      },
    };
  };
  const entries = listeners.flatMap(({ homeAddress: address, careOfAddress: remote }) => [
    entry({ ...form, address, remote }),
    entry({ ...form, address, remote, direction: "in", match: "source" }),
  ]);
  const path = openPath({ entries, openLink });
  for (const each of listeners) path.path.homeGroups.add(each);
  path.path.homeGroups.listen();
  return {
    ...path,
    groups: path.path.homeGroups,
    frames,
    link,
    joined,
    filters,
    steps,
    onLink: (bytes: Uint8Array) =>
      hear({
        linkSource: "02:00:00:00:00:09" as Mac,
        linkDestination: "ff:ff:ff:ff:ff:ff" as Mac,
        etherType: 0x0800,
        payload: bytes,
      }),
  };
}

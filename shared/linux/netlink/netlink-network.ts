/** `KernelNetwork` by rtnetlink. */

import type { Prefix } from "../../base/address.ts";
import {
  type AddressObject,
  isOurAddress,
  MAIN_TABLE,
  type Marks,
  mayHoldOurs,
  type RouteObject,
} from "../../forwarding/kernel-objects.ts";
import { operationText } from "../../forwarding/text.ts";
import {
  GONE,
  type KernelNetwork,
  type NetworkObject,
  type NetworkOperation,
  type SystemObjects,
} from "../kernel-network.ts";
import { IoError, type PacketIo } from "../packet-io.ts";
import { AddressNews } from "./address-news.ts";
import { netlinkSnapshot } from "./host-snapshot.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "./message.ts";
import {
  decodeAddress,
  decodeLink,
  decodeNeighbor,
  decodeRoute,
  encodeAddress,
  encodeFamily,
  encodeLink,
  encodeNeighbor,
  encodeNeighborDump,
  encodeRoute,
  ROUTE_UNICAST,
  type RouteMessage,
  RTM,
  RTMGRP,
} from "./objects.ts";
import { Rtnetlink } from "./rtnetlink.ts";
import { decodeRule, encodeRule } from "./rules.ts";

const SCOPE = { global: 0, link: 253, host: 254, nowhere: 255 } as const;
type ScopeName = "link" | "host" | undefined;

interface Request {
  readonly make: number;
  readonly remove: number;
  readonly body: Uint8Array;
}

export class NetlinkNetwork implements KernelNetwork {
  readonly #rtnetlink: Rtnetlink;
  /** Emptied at every notification about links. */
  readonly #indexes = new Map<string, number>();
  /** Index to what of a link matters here, to tell real changes from statistics. */
  readonly #states = new Map<number, string>();
  readonly #addresses = new AddressNews();
  readonly #handlers: (() => void)[] = [];

  constructor(io: PacketIo) {
    this.#rtnetlink = Rtnetlink.open(io, RTMGRP.link | RTMGRP.address | RTMGRP.netconf);
    this.#rtnetlink.onNotification(({ type, body }) => {
      if (type === RTM.newLink && !this.#isNewState(body)) return;
      if (!this.#addresses.isNews(type, body)) return;
      this.#indexes.clear();
      for (const handler of this.#handlers) handler();
    });
  }

  async read(marks: Marks): Promise<NetworkObject[]> {
    const names = await this.#readNames();
    const addresses = await this.#readAddresses(names);
    return [
      // What matters of our own is that it is there.
      ...addresses
        .filter((address) => isOurAddress(marks, address))
        .map(({ kind, device, prefix }) => ({ kind, device, prefix })),
      ...(await this.#readNeighbors(marks, names)),
      ...(await this.#readRoutes(marks, names)),
      ...(await this.#readRules(marks)),
    ];
  }

  async readSystem(marks: Marks): Promise<SystemObjects> {
    const names = await this.#readNames();
    const routes: RouteObject[] = [];
    for (const body of await this.#rtnetlink.dump(RTM.getRoute, encodeFamily(12))) {
      if (body[5] === marks.protocol || body[7] !== ROUTE_UNICAST) continue;
      const found = decodeRoute(body);
      const route = found && routeObject(found, names);
      if (found === undefined || route === undefined) continue;
      const metric = found.priority === undefined ? {} : { metric: found.priority };
      routes.push({ ...route, protocol: found.protocol, ...metric });
    }
    const addresses = await this.#readAddresses(names);
    return { addresses: addresses.filter(({ device }) => device !== marks.anchor), routes };
  }

  async execute(operation: NetworkOperation, marks: Marks): Promise<void> {
    const what = operationText(operation);
    const isRemoval = operation.action === "remove";
    try {
      const request = this.#requestFor(operation.object, marks, isRemoval);
      // No await between here and the request when the index is known: see `execute` above.
      const { make, remove, body } = request instanceof Promise ? await request : request;
      if (isRemoval) return await this.#rtnetlink.change(remove, 0, body, what);
      return await this.#rtnetlink.change(make, NLM_F_CREATE | makeFlag(operation), body, what);
    } catch (error) {
      if (!(error instanceof IoError)) throw error;
      if (isRemoval && GONE.has(error.code)) return;
      if (!isRemoval && error.code === "EEXIST" && operation.object.kind !== "route") return;
      throw new IoError(error.code, what);
    }
  }

  async setMtu(name: string, mtu: number): Promise<void> {
    const body = encodeLink({ index: 0, name, mtu });
    await this.#rtnetlink.change(RTM.newLink, 0, body, `link set ${name} mtu ${mtu}`);
  }

  async deleteLink(name: string): Promise<void> {
    const body = encodeLink({ index: 0, name });
    try {
      await this.#rtnetlink.change(RTM.deleteLink, 0, body, `link delete ${name}`);
    } catch (error) {
      if (!(error instanceof IoError && GONE.has(error.code))) throw error;
    }
  }

  async uplinkMtu(): Promise<number | undefined> {
    const { links, defaultInterface } = await netlinkSnapshot(this.#rtnetlink);
    return defaultInterface === undefined ? undefined : links.get(defaultInterface)?.mtu;
  }

  onChange(handler: () => void): void {
    this.#handlers.push(handler);
  }

  close(): void {
    this.#rtnetlink.close();
  }

  #isNewState(body: Uint8Array): boolean {
    const link = decodeLink(body);
    if (link === undefined) return true;
    // With its link-layer address an interface loses its neighbour entries.
    const state = `${link.name} ${link.isUp} ${link.isRunning} ${link.mtu} ${link.mac}`;
    const isNew = this.#states.get(link.index) !== state;
    this.#states.set(link.index, state);
    return isNew;
  }

  /** What to send; a promise only when the device's index has to be asked for. */
  #requestFor(object: NetworkObject, marks: Marks, isRemoval: boolean): Request | Promise<Request> {
    if (object.kind === "rule") return ruleRequest(object, marks);
    // A route is removed by its table and destination: its device may be gone.
    if (object.kind === "route" && isRemoval && object.protocol === undefined) {
      return routeRequest(object, marks, undefined);
    }
    const known = this.#indexes.get(object.device);
    if (known !== undefined) return deviceRequest(object, marks, known);
    return this.#askIndex(object.device).then((index) => deviceRequest(object, marks, index));
  }

  async #askIndex(name: string): Promise<number> {
    const body = encodeLink({ index: 0, name });
    const answer = await this.#rtnetlink.get(RTM.getLink, body, `interface ${name}`);
    const link = answer === undefined ? undefined : decodeLink(answer);
    if (link === undefined) throw new IoError("ENODEV", `interface ${name}`);
    this.#indexes.set(name, link.index);
    return link.index;
  }

  async devices(): Promise<readonly string[]> {
    return [...(await this.#readNames()).values()];
  }

  async #readNames(): Promise<ReadonlyMap<number, string>> {
    const names = new Map<number, string>();
    for (const body of await this.#rtnetlink.dump(RTM.getLink, new Uint8Array(16))) {
      const link = decodeLink(body);
      if (link?.name !== undefined) names.set(link.index, link.name);
    }
    return names;
  }

  async #readAddresses(names: ReadonlyMap<number, string>): Promise<AddressObject[]> {
    const objects: AddressObject[] = [];
    for (const body of await this.#rtnetlink.dump(RTM.getAddress, encodeFamily(8))) {
      const found = decodeAddress(body);
      const device = names.get(found?.index ?? 0);
      if (found === undefined || device === undefined) continue;
      const { broadcast, label } = found;
      const prefix: Prefix = { address: found.address, length: found.prefixLength };
      const scope = scopeName(found.scope);
      objects.push({
        kind: "address",
        device,
        prefix,
        ...(scope === undefined ? {} : { scope }),
        ...(broadcast === undefined ? {} : { broadcast }),
        ...(label === undefined ? {} : { label }),
        ...(found.noPrefixRoute === true ? { noPrefixRoute: true } : {}),
      });
    }
    return objects;
  }

  async #readNeighbors(marks: Marks, names: ReadonlyMap<number, string>): Promise<NetworkObject[]> {
    const objects: NetworkObject[] = [];
    for (const isProxy of [false, true]) {
      for (const body of await this.#rtnetlink.dump(RTM.getNeighbor, encodeNeighborDump(isProxy))) {
        const found = decodeNeighbor(body);
        const device = names.get(found?.index ?? 0);
        if (found?.protocol !== marks.protocol || device === undefined) continue;
        const { address, mac } = found;
        if (isProxy) objects.push({ kind: "proxy-neighbor", device, address });
        else if (mac !== undefined) objects.push({ kind: "neighbor", device, address, mac });
      }
    }
    return objects;
  }

  async #readRoutes(marks: Marks, names: ReadonlyMap<number, string>): Promise<NetworkObject[]> {
    const objects: NetworkObject[] = [];
    for (const body of await this.#rtnetlink.dump(RTM.getRoute, encodeFamily(12))) {
      if (body[5] !== marks.protocol) continue;
      const found = decodeRoute(body);
      const route = found && routeObject(found, names);
      if (route !== undefined && mayHoldOurs(marks, route.table)) objects.push(route);
    }
    return objects;
  }

  async #readRules(marks: Marks): Promise<NetworkObject[]> {
    const objects: NetworkObject[] = [];
    for (const body of await this.#rtnetlink.dump(RTM.getRule, encodeFamily(12))) {
      const found = decodeRule(body);
      if (found?.protocol !== marks.protocol) continue;
      const { priority, table, from, to, iif, fwmark, suppressPrefixLength } = found;
      objects.push({
        kind: "rule",
        priority,
        table,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(iif === undefined ? {} : { iif }),
        ...(fwmark === undefined ? {} : { fwmark }),
        ...(suppressPrefixLength === undefined ? {} : { suppressPrefixLength }),
      });
    }
    return objects;
  }
}

function scopeName(scope: number): ScopeName {
  return scope === SCOPE.link ? "link" : scope === SCOPE.host ? "host" : undefined;
}

function routeObject(
  found: RouteMessage,
  names: ReadonlyMap<number, string>,
): RouteObject | undefined {
  const device = names.get(found.index ?? 0);
  if (device === undefined) return undefined;
  return {
    kind: "route",
    table: found.table,
    destination: { address: found.destination, length: found.prefixLength },
    device,
    scope: found.scope === SCOPE.link ? "link" : "global",
    ...(found.gateway === undefined ? {} : { gateway: found.gateway }),
    ...(found.source === undefined ? {} : { source: found.source }),
    ...(found.mtu === undefined ? {} : { mtu: found.mtu }),
    ...(found.onlink ? { onlink: true } : {}),
  };
}

/**
 * In the main table a route that somebody else made is not taken over; everything else that is
 * ours may be written again.
 */
function makeFlag({ action, object }: NetworkOperation): number {
  const isRenewable = object.kind === "address" && object.lifetime !== undefined;
  if (object.kind === "rule" || (object.kind === "address" && !isRenewable)) return NLM_F_EXCL;
  const isFirst = object.kind === "route" && object.table === MAIN_TABLE && action === "add";
  return isFirst ? NLM_F_EXCL : NLM_F_REPLACE;
}

function ruleRequest(rule: NetworkObject & { kind: "rule" }, { protocol }: Marks): Request {
  const body = encodeRule({ ...rule, protocol });
  return { make: RTM.newRule, remove: RTM.deleteRule, body };
}

function routeRequest(route: RouteObject, marks: Marks, index: number | undefined): Request {
  const { table, destination, gateway, source, mtu, protocol = marks.protocol } = route;
  const message: RouteMessage = {
    table,
    protocol,
    scope: index === undefined ? SCOPE.nowhere : SCOPE[route.scope],
    type: ROUTE_UNICAST,
    destination: destination.address,
    prefixLength: destination.length,
    onlink: route.onlink === true && index !== undefined,
    // For a removal table, destination and our protocol number say which.
    ...(index === undefined ? {} : { index, gateway, source, mtu, priority: route.metric }),
  };
  return { make: RTM.newRoute, remove: RTM.deleteRoute, body: encodeRoute(message) };
}

function deviceRequest(
  object: Exclude<NetworkObject, { kind: "rule" }>,
  marks: Marks,
  index: number,
): Request {
  if (object.kind === "route") return routeRequest(object, marks, index);
  if (object.kind === "address") {
    const { address, length } = object.prefix;
    const message = {
      index,
      address,
      prefixLength: length,
      scope: SCOPE[object.scope ?? "global"],
      isSecondary: false,
      broadcast: object.broadcast,
      label: object.label,
      noPrefixRoute: object.noPrefixRoute,
      lifetime: object.lifetime,
    };
    return { make: RTM.newAddress, remove: RTM.deleteAddress, body: encodeAddress(message) };
  }
  const isProxy = object.kind === "proxy-neighbor";
  const { address } = object;
  const { protocol } = marks;
  const message = { index, address, isProxy, isPermanent: true, protocol };
  const body = encodeNeighbor(isProxy ? message : { ...message, mac: object.mac });
  return { make: RTM.newNeighbor, remove: RTM.deleteNeighbor, body };
}

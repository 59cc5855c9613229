/**
 * `KernelNetwork` by the `ip` command of iproute2, for the provider that has no rtnetlink. Changes
 * use plain forms; reading uses its JSON. Nothing notifies, so a change of a link is only noticed
 * when somebody applies a state.
 */

import {
  formatIpv4,
  formatPrefix,
  type Prefix,
  parseIpv4,
  parseMac,
  parsePrefix,
} from "../base/address.ts";
import type { Json } from "../base/result.ts";
import {
  type AddressObject,
  isOurAddress,
  MAIN_TABLE,
  type Marks,
  mayHoldOurs,
  type RouteObject,
  type RuleObject,
} from "../forwarding/kernel-objects.ts";
import { operationText } from "../forwarding/text.ts";
import {
  GONE,
  type KernelNetwork,
  type NetworkObject,
  type NetworkOperation,
  type SystemObjects,
} from "./kernel-network.ts";
import { fileSnapshot } from "./netlink/host-snapshot.ts";
import { IoError } from "./packet-io.ts";
import { runCommand } from "./run-command.ts";

/** Numbers as `ip -N` writes them. */
const UNICAST = "1";
const LINK_SCOPE = "253";

type Row = { readonly [key: string]: Json | undefined };

/** What `ip` says, and the errno it means. */
const ERRORS: readonly (readonly [text: string, code: string])[] = [
  ["File exists", "EEXIST"],
  ["Address already assigned", "EEXIST"],
  ["No such process", "ESRCH"],
  ["No such file", "ENOENT"],
  ["Cannot find device", "ENODEV"],
  ["No such device", "ENODEV"],
  ["Cannot assign requested address", "EADDRNOTAVAIL"],
  ["Operation not permitted", "EPERM"],
  ["Network is down", "ENETDOWN"],
  ["Network is unreachable", "ENETUNREACH"],
];

async function ip(argv: readonly string[], what: string): Promise<string> {
  const { code, stdout, stderr } = await runCommand("ip", argv);
  if (code === 0) return stdout;
  const known = ERRORS.find(([text]) => stderr.includes(text))?.[1];
  throw new IoError(known ?? "EINVAL", known === undefined ? `${what}: ${stderr.trim()}` : what);
}

async function rows(argv: readonly string[]): Promise<readonly Row[]> {
  const text = await ip(["-j", ...argv], `ip ${argv.join(" ")}`);
  const parsed: unknown = text.trim() === "" ? [] : JSON.parse(text);
  return Array.isArray(parsed) ? (parsed as Row[]) : [];
}

export class IpCommandNetwork implements KernelNetwork {
  async read(marks: Marks): Promise<NetworkObject[]> {
    const protocol = String(marks.protocol);
    const objects: NetworkObject[] = (await readAddresses())
      .filter((address) => isOurAddress(marks, address))
      // What matters of our own is that it is there.
      .map(({ kind, device, prefix }) => ({ kind, device, prefix }));
    const argv = ["-N", "-d", "-4", "route", "show", "table", "all", "proto", protocol];
    for (const row of await rows(argv)) {
      const table = Number(row.table ?? MAIN_TABLE);
      const route = mayHoldOurs(marks, table) ? routeOf(row, table) : undefined;
      if (route !== undefined) objects.push(route);
    }
    for (const row of await rows(["-d", "rule", "show"])) {
      if (row.protocol === protocol) objects.push(ruleOf(row));
    }
    objects.push(...(await readNeighbors(protocol)));
    return objects;
  }

  async readSystem(marks: Marks): Promise<SystemObjects> {
    const routes: RouteObject[] = [];
    for (const row of await rows(["-N", "-d", "-4", "route", "show", "table", "all"])) {
      const protocol = Number(row.protocol);
      const route = routeOf(row, Number(row.table ?? MAIN_TABLE));
      if (route === undefined || row.type !== UNICAST || protocol === marks.protocol) continue;
      const metric = typeof row.metric === "number" ? { metric: row.metric } : {};
      routes.push({ ...route, protocol, ...metric });
    }
    const addresses = await readAddresses();
    return { addresses: addresses.filter(({ device }) => device !== marks.anchor), routes };
  }

  async execute(operation: NetworkOperation, marks: Marks): Promise<void> {
    const what = operationText(operation);
    const isRemoval = operation.action === "remove";
    try {
      await ip(argvFor(operation, marks), what);
    } catch (error) {
      if (!(error instanceof IoError)) throw error;
      if (isRemoval && GONE.has(error.code)) return;
      if (!isRemoval && error.code === "EEXIST" && operation.object.kind !== "route") return;
      throw error;
    }
  }

  async setMtu(name: string, mtu: number): Promise<void> {
    await ip(["link", "set", "dev", name, "mtu", String(mtu)], `link set ${name} mtu ${mtu}`);
  }

  async devices(): Promise<readonly string[]> {
    return (await rows(["link", "show"])).map(({ ifname }) => String(ifname));
  }

  async deleteLink(name: string): Promise<void> {
    try {
      await ip(["link", "del", "dev", name], `link delete ${name}`);
    } catch (error) {
      if (!(error instanceof IoError && GONE.has(error.code))) throw error;
    }
  }

  async uplinkMtu(): Promise<number | undefined> {
    const { links, defaultInterface } = fileSnapshot();
    return defaultInterface === undefined ? undefined : links.get(defaultInterface)?.mtu;
  }

  onChange(): void {}

  close(): void {}
}

async function readAddresses(): Promise<AddressObject[]> {
  const objects: AddressObject[] = [];
  for (const row of await rows(["-4", "addr", "show"])) {
    for (const found of Array.isArray(row.addr_info) ? (row.addr_info as Row[]) : []) {
      const prefix = parsePrefix(`${found.local}/${found.prefixlen}`);
      if (prefix === undefined || typeof row.ifname !== "string") continue;
      const { scope, label } = found;
      const broadcast = parseIpv4(String(found.broadcast));
      objects.push({
        kind: "address",
        device: row.ifname,
        prefix,
        ...(scope === "host" || scope === "link" ? { scope } : {}),
        ...(broadcast === undefined ? {} : { broadcast }),
        ...(typeof label === "string" ? { label } : {}),
        ...(found.noprefixroute === true ? { noPrefixRoute: true } : {}),
      });
    }
  }
  return objects;
}

async function readNeighbors(protocol: string): Promise<NetworkObject[]> {
  const objects: NetworkObject[] = [];
  for (const words of [
    ["neigh", "show"],
    ["neigh", "show", "proxy"],
  ]) {
    for (const row of await rows(words)) {
      const address = parseIpv4(String(row.dst));
      if (String(row.protocol) !== protocol || address === undefined) continue;
      const device = String(row.dev);
      const mac = parseMac(String(row.lladdr));
      if (words.length === 3) objects.push({ kind: "proxy-neighbor", device, address });
      else if (mac !== undefined) objects.push({ kind: "neighbor", device, address, mac });
    }
  }
  return objects;
}

function destinationOf(text: string): Prefix | undefined {
  if (text === "default") return parsePrefix("0.0.0.0/0");
  return parsePrefix(text.includes("/") ? text : `${text}/32`);
}

function routeOf(row: Row, table: number): RouteObject | undefined {
  const destination = destinationOf(String(row.dst));
  const gateway = parseIpv4(String(row.gateway));
  const source = parseIpv4(String(row.prefsrc));
  const [metrics] = Array.isArray(row.metrics) ? (row.metrics as Row[]) : [];
  if (destination === undefined || typeof row.dev !== "string") return undefined;
  const isOnlink = Array.isArray(row.flags) && row.flags.includes("onlink");
  return {
    kind: "route",
    table,
    destination,
    device: row.dev,
    scope: row.scope === "link" || row.scope === LINK_SCOPE ? "link" : "global",
    ...(gateway === undefined ? {} : { gateway }),
    ...(source === undefined ? {} : { source }),
    ...(typeof metrics?.mtu === "number" ? { mtu: metrics.mtu } : {}),
    ...(isOnlink ? { onlink: true } : {}),
  };
}

function ruleOf(row: Row): RuleObject {
  const from = parseIpv4(String(row.src));
  const to = parsePrefix(`${row.dst}/${row.dstlen ?? 32}`);
  const suppress = Number(row.suppress_prefixlen ?? Number.NaN);
  return {
    kind: "rule",
    priority: Number(row.priority),
    table: row.table === "main" ? MAIN_TABLE : Number(row.table),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(typeof row.iif === "string" ? { iif: row.iif } : {}),
    ...(row.fwmark === undefined ? {} : { fwmark: Number(row.fwmark) }),
    ...(suppress >= 0 ? { suppressPrefixLength: suppress } : {}),
  };
}

function routeWords(route: RouteObject): string[] {
  const { gateway, source, mtu, metric } = route;
  const words = [formatPrefix(route.destination)];
  if (gateway !== undefined) words.push("via", formatIpv4(gateway));
  words.push("dev", route.device, "table", String(route.table), "scope", route.scope);
  if (source !== undefined) words.push("src", formatIpv4(source));
  if (mtu !== undefined) words.push("mtu", String(mtu));
  if (metric !== undefined) words.push("metric", String(metric));
  if (route.onlink === true) words.push("onlink");
  return words;
}

function ruleWords(rule: RuleObject): string[] {
  const words = ["pref", String(rule.priority)];
  words.push("from", rule.from === undefined ? "all" : formatIpv4(rule.from));
  if (rule.to !== undefined) words.push("to", formatPrefix(rule.to));
  if (rule.iif !== undefined) words.push("iif", rule.iif);
  if (rule.fwmark !== undefined) words.push("fwmark", String(rule.fwmark));
  words.push("lookup", String(rule.table));
  if (rule.suppressPrefixLength !== undefined) {
    words.push("suppress_prefixlength", String(rule.suppressPrefixLength));
  }
  return words;
}

function addressWords({ prefix, device, scope, ...more }: AddressObject): string[] {
  const words = [formatPrefix(prefix), "dev", device];
  if (scope !== undefined) words.push("scope", scope);
  if (more.broadcast !== undefined) words.push("broadcast", formatIpv4(more.broadcast));
  if (more.label !== undefined) words.push("label", more.label);
  if (more.noPrefixRoute === true) words.push("noprefixroute");
  const { lifetime } = more;
  if (lifetime !== undefined)
    words.push("valid_lft", `${lifetime}`, "preferred_lft", `${lifetime}`);
  return words;
}

/** The words of an `ip` command that does one operation. */
export function argvFor({ action, object }: NetworkOperation, marks: Marks): string[] {
  const isRemoval = action === "remove";
  const verb = isRemoval ? "del" : "add";
  const protocol = ["proto", String(marks.protocol)];
  switch (object.kind) {
    case "address":
      // Only a new lifetime can be given to an address that is there.
      if (!isRemoval && object.lifetime !== undefined) {
        return ["addr", "replace", ...addressWords(object)];
      }
      return ["addr", verb, ...addressWords(object)];
    case "rule":
      return ["rule", verb, ...ruleWords(object), "protocol", String(marks.protocol)];
    case "neighbor": {
      const words = [formatIpv4(object.address), "dev", object.device];
      if (isRemoval) return ["neigh", "del", ...words];
      return ["neigh", "replace", ...words, "lladdr", object.mac, "nud", "permanent", ...protocol];
    }
    case "proxy-neighbor": {
      const words = ["proxy", formatIpv4(object.address), "dev", object.device];
      return ["neigh", verb, ...words, ...(isRemoval ? [] : protocol)];
    }
    case "route": {
      if (object.protocol !== undefined) {
        const words = routeWords(object);
        return ["route", isRemoval ? "del" : "add", ...words, "proto", String(object.protocol)];
      }
      if (isRemoval) {
        const table = ["table", String(object.table)];
        return ["route", "del", formatPrefix(object.destination), ...table, ...protocol];
      }
      // A route in the main table that somebody else made is not taken over.
      const isFirst = object.table === MAIN_TABLE && action === "add";
      return ["route", isFirst ? "add" : "replace", ...routeWords(object), ...protocol];
    }
  }
}

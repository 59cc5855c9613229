/** Kernel objects and operations as `ip`-style text, for logs and for goldens in tests. */

import { formatIpv4, formatPrefix } from "../base/address.ts";
import {
  type AddressObject,
  type KernelObject,
  MAIN_TABLE,
  type RouteObject,
  type RuleObject,
} from "./kernel-objects.ts";
import type { Operation } from "./plan.ts";

function routeText(route: RouteObject): string {
  const words = [
    "route",
    route.destination.length === 0 ? "default" : formatPrefix(route.destination),
  ];
  if (route.gateway !== undefined) words.push("via", formatIpv4(route.gateway));
  words.push("dev", route.device);
  words.push("table", route.table === MAIN_TABLE ? "main" : String(route.table));
  if (route.scope === "link") words.push("scope", "link");
  if (route.source !== undefined) words.push("src", formatIpv4(route.source));
  if (route.mtu !== undefined) words.push("mtu", String(route.mtu));
  if (route.onlink === true) words.push("onlink");
  if (route.protocol !== undefined) words.push("proto", String(route.protocol));
  if (route.metric !== undefined) words.push("metric", String(route.metric));
  return words.join(" ");
}

function addressText({ prefix, device, scope }: AddressObject): string {
  const words = ["address", formatPrefix(prefix), "dev", device];
  return [...words, ...(scope === undefined ? [] : ["scope", scope])].join(" ");
}

function ruleText(rule: RuleObject): string {
  const words = ["rule", "pref", String(rule.priority)];
  words.push("from", rule.from === undefined ? "all" : formatIpv4(rule.from));
  if (rule.to !== undefined) words.push("to", formatPrefix(rule.to));
  if (rule.iif !== undefined) words.push("iif", rule.iif);
  if (rule.fwmark !== undefined) words.push("fwmark", String(rule.fwmark));
  words.push("lookup", rule.table === MAIN_TABLE ? "main" : String(rule.table));
  if (rule.suppressPrefixLength !== undefined) {
    words.push("suppress_prefixlength", String(rule.suppressPrefixLength));
  }
  return words.join(" ");
}

export function objectText(object: KernelObject): string {
  switch (object.kind) {
    case "address":
      return addressText(object);
    case "exclusive-address":
      return `address ${formatIpv4(object.address)} nowhere else`;
    case "route":
      return routeText(object);
    case "rule":
      return ruleText(object);
    case "neighbor":
      return `neigh ${formatIpv4(object.address)} lladdr ${object.mac} dev ${object.device} nud permanent`;
    case "proxy-neighbor":
      return `neigh proxy ${formatIpv4(object.address)} dev ${object.device}`;
    case "sysctl":
      return `sysctl ${object.path}=${object.value}`;
    case "passage":
      return `nft ${object.set} ${object.device} . ${formatIpv4(object.address)}`;
    case "visitor":
      return `nft visitor ${object.device} . ${object.mac} . ${formatIpv4(object.address)} : ${object.mark}`;
  }
}

export function operationText(operation: Operation): string {
  return `${operation.action} ${objectText(operation.object)}`;
}

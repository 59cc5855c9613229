/** What the journal keeps of a visitor, so that a restart or a crash ends no visit. */

import {
  formatIpv4,
  type Ipv4,
  isUsableUnicast,
  parseIpv4,
  parseMac,
} from "../../../shared/base/address.ts";
import { addressText } from "../../../shared/base/address-text.ts";
import type { Json } from "../../../shared/base/result.ts";
import { after, type Now } from "../../../shared/base/time.ts";
import type { Encapsulation } from "../../../shared/forwarding/state.ts";
import { restoreTerms, termsRecord } from "../../../shared/protocol/revocation-terms.ts";
import { INFINITE_LIFETIME } from "../../../shared/wire/control.ts";
import { type Visitor, visitorKey } from "./visitors.ts";

type JournalRecord = { readonly [key: string]: Json | undefined };

const ENCAPSULATIONS: readonly Encapsulation[] = ["ipip", "minimal", "gre"];

/**
 * Journal form: the expiry by the wall clock, since the monotonic one does not survive. What most
 * visitors do not have is left out; the store keeps every record in memory.
 */
export function visitorRecord(visitor: Visitor, now: Now): Json {
  const { expiresAt, nai, greKeyIn, greKeyOut, udpPort, keepalive, revocation } = visitor;
  const record: { [key: string]: Json } = {
    home_address: formatIpv4(visitor.homeAddress),
    home_agent: addressText(visitor.homeAgent),
    care_of_address: addressText(visitor.careOfAddress),
    mac: visitor.mac,
    interface: visitor.interface,
    encapsulation: visitor.encapsulation,
    reverse_tunnel: visitor.reverse,
    lifetime: visitor.lifetime,
    expires: expiresAt === undefined ? null : Math.round(now.wall + expiresAt - now.monotonic),
  };
  if (nai !== undefined) record.nai = nai;
  if (visitor.delivery === "encapsulating") record.delivery_style = visitor.delivery;
  if (visitor.colocated) record.colocated = true;
  if (greKeyIn !== undefined) record.gre_key_in = greKeyIn;
  if (greKeyOut !== undefined) record.gre_key_out = greKeyOut;
  if (udpPort !== undefined) record.udp_port = udpPort;
  if (keepalive !== undefined) record.keepalive = keepalive;
  if (revocation !== undefined) record.revocation = termsRecord(revocation);
  return record;
}

/**
 * Reads a journal record; `undefined` when it is over, or not one of ours. Its plane is 0: which
 * is free depends on the others.
 */
export function restoreVisitor(value: Json, now: Now): Visitor | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  const record = value as JournalRecord;
  const homeAddress = addressOf(record.home_address);
  const homeAgent = addressOf(record.home_agent);
  const careOfAddress = addressOf(record.care_of_address);
  const mac = parseMac(String(record.mac));
  const encapsulation = ENCAPSULATIONS.find((known) => known === record.encapsulation);
  const time = remainingTime(record, now);
  const terms = restoreTerms(record.revocation);
  if (homeAddress === undefined || homeAgent === undefined || careOfAddress === undefined) {
    return undefined;
  }
  if (mac === undefined || encapsulation === undefined || time === undefined) return undefined;
  if (typeof record.interface !== "string") return undefined;
  return {
    kind: "visitor",
    key: visitorKey(homeAgent, homeAddress),
    interface: record.interface,
    mac,
    homeAddress,
    nai: typeof record.nai === "string" ? record.nai : undefined,
    homeAgent,
    careOfAddress,
    encapsulation,
    greKeyIn: numberOf(record.gre_key_in),
    greKeyOut: numberOf(record.gre_key_out),
    udpPort: numberOf(record.udp_port),
    keepalive: numberOf(record.keepalive),
    reverse: record.reverse_tunnel === true,
    delivery: record.delivery_style === "encapsulating" ? "encapsulating" : "direct",
    colocated: record.colocated === true,
    plane: 0,
    revocation: terms && { ...terms, registeredAt: undefined },
    ...time,
  };
}

/** A wall clock that stepped must not lengthen what the home agent granted. */
function remainingTime(
  { lifetime, expires }: JournalRecord,
  now: Now,
): Pick<Visitor, "lifetime" | "expiresAt"> | undefined {
  if (typeof lifetime !== "number") return undefined;
  if (typeof expires !== "number") {
    return lifetime === INFINITE_LIFETIME ? { lifetime, expiresAt: undefined } : undefined;
  }
  const left = expires - now.wall;
  if (left <= 0 || left > lifetime * 1000) return undefined;
  return { lifetime, expiresAt: after(now.monotonic, left) };
}

function addressOf(value: Json | undefined): Ipv4 | undefined {
  const address = typeof value === "string" ? parseIpv4(value) : undefined;
  return address !== undefined && isUsableUnicast(address) ? address : undefined;
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;
}

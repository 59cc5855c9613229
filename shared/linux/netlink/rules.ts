/** Policy rules in rtnetlink (rtnetlink(7), linux/fib_rules.h): IPv4 only, known fields only. */

import type { Ipv4, Prefix } from "../../base/address.ts";
import { type AttributeList, addressBytes, put, readIpv4, TABLE_UNSPEC } from "./attributes.ts";
import {
  decodeAttributes,
  encodeBody,
  fixedPart,
  fixedView,
  readText,
  readU8,
  readU32,
  text,
  u8,
  u32,
} from "./message.ts";
import { AF_INET } from "./objects.ts";

const RULE_TO_TABLE = 1;

export interface RuleMessage {
  readonly table: number;
  readonly priority: number;
  readonly protocol: number;
  readonly from?: Ipv4 | undefined;
  readonly to?: Prefix | undefined;
  readonly iif?: string | undefined;
  readonly fwmark?: number | undefined;
  readonly suppressPrefixLength?: number | undefined;
}

export function encodeRule(rule: RuleMessage): Uint8Array {
  const attributes: AttributeList = [];
  put(attributes, 1, rule.to?.address, addressBytes);
  put(attributes, 2, rule.from, addressBytes);
  put(attributes, 3, rule.iif, text);
  put(attributes, 6, rule.priority, u32);
  put(attributes, 10, rule.fwmark, u32);
  put(attributes, 14, rule.suppressPrefixLength, u32);
  put(attributes, 15, rule.table, u32);
  put(attributes, 21, rule.protocol, u8);
  const fixed = fixedPart(12, (view) => {
    view.setUint8(0, AF_INET);
    view.setUint8(1, rule.to?.length ?? 0);
    view.setUint8(2, rule.from === undefined ? 0 : 32);
    view.setUint8(4, rule.table < 256 ? rule.table : TABLE_UNSPEC);
    view.setUint8(7, RULE_TO_TABLE);
  });
  return encodeBody(fixed, attributes);
}

export function decodeRule(body: Uint8Array): RuleMessage | undefined {
  const view = fixedView(body, 12);
  if (view === undefined || view.getUint8(0) !== AF_INET) return undefined;
  const attributes = decodeAttributes(body, 12);
  const suppress = readU32(attributes.get(14));
  const destination = readIpv4(attributes.get(1));
  return {
    table: readU32(attributes.get(15)) ?? view.getUint8(4),
    priority: readU32(attributes.get(6)) ?? 0,
    protocol: readU8(attributes.get(21)) ?? 0,
    from: readIpv4(attributes.get(2)),
    to: destination === undefined ? undefined : { address: destination, length: view.getUint8(1) },
    iif: readText(attributes.get(3)),
    fwmark: readU32(attributes.get(10)),
    // The kernel reports -1 when it is not set.
    suppressPrefixLength: suppress === undefined || suppress > 32 ? undefined : suppress,
  };
}

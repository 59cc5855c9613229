/** Codes and other numbers with meanings against the registry: the same numbers, alike in words. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as codes from "../../shared/wire/codes.ts";
import type { NumberNames } from "../../shared/wire/field.ts";
import { REPLY_CODES, replyOrigin } from "../../shared/wire/reply-code.ts";
import { type Entry, registry } from "./registry.ts";

/** The registry's name of each list, and ours. */
const LISTS: readonly (readonly [string, NumberNames])[] = [
  ["reply_codes", REPLY_CODES],
  ["fback_codes", codes.FBACK_CODES],
  ["hack_codes", codes.HACK_CODES],
  ["prrtadv_codes", codes.PRRTADV_CODES],
  ["handoff_reply_codes", codes.HANDOFF_REPLY_CODES],
  ["notification_ack_codes", codes.NOTIFICATION_ACK_CODES],
  ["notification_md", codes.NOTIFICATION_DIRECTIONS],
  ["udp_tunnel_reply_codes", codes.UDP_TUNNEL_REPLY_CODES],
  ["udp_tunnel_encapsulation", codes.UDP_TUNNEL_ENCAPSULATIONS],
  ["mobile_network_ack_codes", codes.MOBILE_NETWORK_ACK_CODES],
  ["ipv6_prefix_reply_codes", codes.IPV6_PREFIX_REPLY_CODES],
  ["route_optimization_reply_codes", codes.ROUTE_OPTIMIZATION_REPLY_CODES],
  ["replay_protection_styles", codes.REPLAY_PROTECTION_STYLES],
  ["replay_methods", codes.REPLAY_METHODS],
  ["authentication_algorithms", codes.AUTHENTICATION_ALGORITHMS],
  ["reserved_spis", codes.RESERVED_SPIS],
  ["pmipv4_auth_methods", codes.PMIPV4_AUTH_METHODS],
  ["pmipv4_device_id_types", codes.PMIPV4_DEVICE_ID_TYPES],
  ["pmipv4_subscriber_id_types", codes.PMIPV4_SUBSCRIBER_ID_TYPES],
  ["pmipv4_access_technology_types", codes.PMIPV4_ACCESS_TECHNOLOGY_TYPES],
  ["multipath_actions", codes.MULTIPATH_ACTIONS],
  ["multipath_ts_formats", codes.MULTIPATH_TS_FORMATS],
];

const words = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .replace(/nn(?=ing|ed)/g, "n")
    .replace(/ll(?=ing|ed)/g, "l")
    .match(/[a-z0-9]{2,}/g) ?? [];

/** Do two wordings of one meaning share a word of two letters or more? */
function areAlike(ours: string, { name, meaning = "" }: Entry): boolean {
  const theirs = new Set([...words(name), ...words(meaning)]);
  return words(ours).some((word) => theirs.has(word));
}

for (const [list, ours] of LISTS) {
  test(`registry: ${list}: the same numbers, alike in words`, () => {
    const entries = (registry[list] as readonly Entry[]).toSorted((a, b) => a.number - b.number);
    assert.deepEqual(
      Object.keys(ours).map(Number),
      entries.map(({ number }) => number),
    );
    for (const entry of entries) {
      const wording = ours[entry.number] ?? "";
      assert.ok(areAlike(wording, entry), `${entry.number}: ${wording}, not ${entry.name}`);
    }
  });
}

test("registry: the status of an FA Error Extension is a reply code of a foreign agent's", () => {
  const expected = Object.entries(REPLY_CODES).filter(([code]) => +code >= 64 && +code <= 127);
  assert.deepEqual(Object.entries(codes.FA_ERROR_STATUS), expected);
});

test("registry: who sent a reply follows from the range of its code", () => {
  const origins: Readonly<Record<string, string>> = {
    success: "home-agent",
    "denied by the foreign agent": "foreign-agent",
    "denied by the home agent": "home-agent",
    "denied by the gateway foreign agent": "gateway-foreign-agent",
    "denied by the correspondent node": "correspondent-node",
    "no guideline": "unknown",
  };
  interface Range {
    readonly first: number;
    readonly last: number;
    readonly meaning: string;
  }
  for (const { first, last, meaning } of registry.reply_code_ranges as readonly Range[]) {
    for (let code = first; code <= last; code++) {
      // RFC 5944 prints 194 where it means 116 (EID 3116): an old foreign agent's.
      const expected = code === 194 ? "foreign-agent" : origins[meaning];
      assert.equal(replyOrigin(code), expected, `code ${code}`);
    }
  }
});

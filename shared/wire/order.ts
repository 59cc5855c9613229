/**
 * The order of extensions, as data: what the RFCs demand, pair by pair, and the whole order that a
 * sender follows. Order matters because an authenticator covers only what stands before it.
 */

import { type AnyMessage, type MessageSpace, messageTable } from "./message.ts";

/** Both in one message: `first` must stand before `second`. */
export interface OrderRule {
  /** The messages that it is about, by name. */
  readonly messages: readonly string[];
  /** Names of extensions, or of sub-types. */
  readonly first: string;
  readonly second: string;
  readonly rfc: string;
}

const REQUEST = ["registration-request"];
const REPLY = ["registration-reply"];
const REGISTRATION = [...REQUEST, ...REPLY];
const HANDOFF = ["handoff-request"];

const MN_HA = "mobile-home-authentication-extension";
const MN_FA = "mobile-foreign-authentication-extension";
const FA_HA = "foreign-home-authentication-extension";
const MN_AAA = "mn-aaa-authentication-subtype";
const CHALLENGE = "mobile-foreign-challenge-extension";
const NAI = "mobile-node-nai-extension";
const SERVICE = "service-selection-extension";

function rule(
  messages: readonly string[],
  first: string,
  second: string | readonly string[],
  rfc: string,
): OrderRule[] {
  return [second].flat().map((each) => ({ messages, first, second: each, rfc }));
}

/** What the RFCs say with MUST about two extensions of one message, whoever added them. */
export const ORDER_RULES: readonly OrderRule[] = [
  ...rule(REQUEST, MN_HA, [MN_FA, FA_HA], "RFC 5944 §3.6.1.3, §3.7.2.2"),
  ...rule(REPLY, MN_HA, [FA_HA, MN_FA], "RFC 5944 §3.8.3.3, §3.7.3.2"),
  ...rule(REQUEST, NAI, [MN_HA, MN_FA], "RFC 2794 §2"),
  ...rule(REQUEST, MN_HA, "encapsulating-delivery-style-extension", "RFC 3024 §3.3"),
  ...rule(REQUEST, "encapsulating-delivery-style-extension", MN_FA, "RFC 3024 §3.3"),
  ...rule(REQUEST, MN_HA, [CHALLENGE, MN_AAA], "RFC 4721 §3.1, §6"),
  ...rule(REQUEST, CHALLENGE, [MN_AAA, MN_FA, FA_HA], "RFC 4721 §3.1, §3.2"),
  ...rule(REQUEST, MN_AAA, [MN_FA, FA_HA], "RFC 4721 §3.1, §3.2"),
  ...rule(REPLY, MN_HA, CHALLENGE, "RFC 4721 §3.4"),
  ...rule(REQUEST, "udp-tunnel-request-extension", FA_HA, "RFC 3519 §4.5"),
  ...rule(REQUEST, "mn-fa-keygen-request", MN_AAA, "RFC 3957 §6.1"),
  ...rule(REQUEST, "mn-ha-keygen-request", MN_AAA, "RFC 3957 §6.3"),
  ...rule(REPLY, "mn-fa-keygen-reply", MN_FA, "RFC 3957 §6.2"),
  ...rule(REPLY, "mn-ha-keygen-reply", MN_HA, "RFC 3957 §6.4"),
  ...rule(REQUEST, "gfa-ip-address-extension", FA_HA, "RFC 4857 §9.1"),
  ...rule(REPLY, "gfa-ip-address-extension", MN_HA, "RFC 4857 §9.1"),
  ...rule(REPLY, "regional-registration-lifetime-extension", MN_FA, "RFC 4857 §9.4"),
  ...rule(REGISTRATION, "mobile-network-extension", MN_HA, "RFC 5177 §10"),
  ...rule(REGISTRATION, NAI, SERVICE, "RFC 5446 §3"),
  ...rule(REQUEST, SERVICE, FA_HA, "RFC 5446 §3"),
  ...rule(REQUEST, "dual-stack-mobile-ipv4-extension", MN_HA, "RFC 5454 §3.1"),
  ...rule(REQUEST, "multipath-extension", MN_HA, "RFC 7629 §4.2"),
  ...rule(REQUEST, MN_HA, "gre-key-extension", "RFC 6245 §4.1"),
  ...rule(REQUEST, CHALLENGE, "gre-key-extension", "RFC 6245 §4.1"),
  ...rule(REQUEST, MN_AAA, "gre-key-extension", "RFC 6245 §4.1"),
  ...rule(REQUEST, "gre-key-extension", FA_HA, "RFC 6245 §4.1"),
  ...rule([...REPLY, "registration-revocation"], "home-agent", MN_HA, "RFC 4917 §5"),
  ...rule(REPLY, MN_HA, "foreign-agent", "RFC 4917 §5"),
  ...rule(REPLY, "foreign-agent", MN_FA, "RFC 4917 §5"),
  ...rule(HANDOFF, "solicited-ipv4-address", "ethernet-48-bit-mac-address", "RFC 4881 §4.7"),
];

/** What one sender puts into a message, in the order in which it stands on the wire. */
export interface SendingOrder {
  readonly message: string;
  readonly sender: string;
  readonly rfc: string;
  /** Extensions by name; those of one line may stand in any order. */
  readonly lines: readonly (readonly string[])[];
}

/** Of use to the home agent, and to a foreign agent on the way: protected by the first of them. */
const FOR_HOME_AGENT = [
  "nai-carrying-extension",
  "dynamic-ha-extension",
  "udp-tunnel-request-extension",
  "revocation-support-extension",
  "mn-fa-keygen-request",
  "mn-ha-keygen-request",
  "mobile-network-extension",
  "dual-stack-mobile-ipv4-extension",
  "mobile-router-route-optimization-capability-extension",
  "multipath-extension",
  "critical-vendor-organization-specific-extension",
  "normal-vendor-organization-specific-extension",
];

/** Between agents, behind what the mobile node or the home agent protected for each other. */
const BETWEEN_AGENTS = [
  "nai-carrying-extension",
  "service-selection-extension",
  "udp-tunnel-request-extension",
  "udp-tunnel-reply-extension",
  "revocation-support-extension",
  "gfa-ip-address-extension",
  "hierarchical-foreign-agent-extension",
  "pmipv4-non-skippable-extension",
  "pmipv4-skippable-extension",
  "gre-key-extension",
  "critical-vendor-organization-specific-extension",
  "normal-vendor-organization-specific-extension",
];

/** RFC 5944 §3.6.1.3, §3.7.2.2, §3.7.3.2, §3.8.3.3, and what the later RFCs add to their lists. */
export const SENDING_ORDER: readonly SendingOrder[] = [
  {
    message: "registration-request",
    sender: "mobile node",
    rfc: "RFC 5944 §3.6.1.3",
    lines: [
      [NAI],
      [SERVICE],
      FOR_HOME_AGENT,
      [MN_HA],
      ["encapsulating-delivery-style-extension"],
      [
        "generalized-link-layer-and-ipv4-address-registration-extension",
        "hierarchical-foreign-agent-extension",
        "replay-protection-style-extension",
      ],
      [CHALLENGE],
      [MN_AAA],
      [MN_FA],
    ],
  },
  {
    message: "registration-request",
    sender: "foreign agent, behind what the mobile node sent for the home agent",
    rfc: "RFC 5944 §3.7.2.2",
    lines: [[CHALLENGE], [MN_AAA], BETWEEN_AGENTS, [FA_HA]],
  },
  {
    message: "registration-request",
    sender: "mobile router, to a correspondent router",
    rfc: "RFC 6521 §5.3",
    lines: [["mobile-correspondent-authentication-extension"]],
  },
  {
    message: "registration-reply",
    sender: "home agent",
    rfc: "RFC 5944 §3.8.3.3",
    lines: [
      [NAI],
      [SERVICE],
      [
        "nai-carrying-extension",
        "udp-tunnel-reply-extension",
        "dynamic-ha-extension",
        "revocation-support-extension",
        "gfa-ip-address-extension",
        "mn-ha-keygen-reply",
        "mobile-network-extension",
        "trusted-networks-configured-extension",
        "dual-stack-mobile-ipv4-extension",
        "route-optimization-extensions",
        "route-optimization-data",
        "multipath-extension",
        "home-agent",
        "critical-vendor-organization-specific-extension",
        "normal-vendor-organization-specific-extension",
      ],
      [MN_HA],
      [CHALLENGE],
      BETWEEN_AGENTS,
      [FA_HA],
    ],
  },
  {
    message: "registration-reply",
    sender: "foreign agent, behind what the home agent sent for the mobile node",
    rfc: "RFC 5944 §3.7.3.2",
    lines: [
      ["fa-error-extension"],
      ["mn-fa-keygen-reply"],
      ["foreign-agent"],
      ["replay-protection-style-extension"],
      ["regional-registration-lifetime-extension"],
      [CHALLENGE],
      [MN_FA],
    ],
  },
];

/** The rules that a message breaks; its receiver need not mind, its author should. */
export function brokenOrderRules(space: MessageSpace, message: AnyMessage): readonly OrderRule[] {
  const tables = messageTable(space, message).table.extensions;
  if (tables === undefined) return [];
  const familyOf = (name: string) => tables.byName.get(name)?.table.extension;
  const names = message.extensions.map(({ name }) => name);
  const isOne = (wanted: string) => (name: string) => name === wanted || familyOf(name) === wanted;
  return ORDER_RULES.filter(({ messages, first, second }) => {
    if (!messages.includes(message.name)) return false;
    const lastFirst = names.findLastIndex(isOne(first));
    const firstSecond = names.findIndex(isOne(second));
    return firstSecond >= 0 && lastFirst > firstSecond;
  });
}

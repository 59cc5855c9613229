/** The order of extensions, and what authenticators cover: data, and what is made of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ControlMessage,
  controlMessages,
  decodeControl,
  encodeControl,
} from "../../shared/wire/control.ts";
import { controlExtensions } from "../../shared/wire/control-extensions.ts";
import { authenticatorOffset, coveredOctets } from "../../shared/wire/coverage.ts";
import { brokenOrderRules, ORDER_RULES, SENDING_ORDER } from "../../shared/wire/order.ts";

const tables = [...controlExtensions.byName.values()].map(({ table }) => table);
const familyOf = (name: string) => tables.find((table) => table.name === name)?.extension ?? name;

/** What stands in no message that only the base protocol's order could place. */
const ANYWHERE = [
  // Its two sub-types have places, one each.
  "message-string-extension",
  "unknown",
  "one-byte-padding",
  "non-skippable-mobile-ipv4-experimental-extension",
  "skippable-mobile-ipv4-experimental-extension",
  "deprecated",
  "skip-firewall-traversal-extension",
  "reserved",
  // Between other pairs of nodes than those of a registration (RFC 4857 §11, RFC 4988 §5.1).
  "generalized-mobile-ip-authentication-extension",
];

test("order: every name in the rules and the sending orders is an extension or a sub-type", () => {
  const names = new Set(tables.flatMap(({ name, extension }) => [name, extension ?? name]));
  const used = [
    ...ORDER_RULES.flatMap(({ first, second }) => [first, second]),
    ...SENDING_ORDER.flatMap(({ lines }) => lines.flat()),
  ];
  assert.deepEqual(
    used.filter((name) => !names.has(name)),
    [],
  );
  const messages = [
    ...ORDER_RULES.flatMap((rule) => rule.messages),
    ...SENDING_ORDER.map((o) => o.message),
  ];
  assert.ok(messages.every((name) => controlMessages.byName.has(name)));
});

test("order: every extension of a registration has its place in a sending order", () => {
  const placed = new Set(SENDING_ORDER.flatMap(({ lines }) => lines.flat()));
  const missing = tables
    .filter(({ name, extension }) => !placed.has(name) && !placed.has(extension ?? name))
    .map(({ name, extension }) => extension ?? name);
  assert.deepEqual([...new Set(missing)].sort(), [...ANYWHERE].sort());
});

test("order: the sending orders keep every rule [5944-3.6.1.3-01, 5944-3.8.3.3-01, 3024-3.3-03, 4721-3.1-07]", () => {
  let judged = 0;
  for (const { message, lines } of SENDING_ORDER) {
    const line = (name: string) =>
      lines.findIndex((names) => names.includes(name) || names.includes(familyOf(name)));
    for (const { messages, first, second } of ORDER_RULES) {
      if (!messages.includes(message) || line(first) < 0 || line(second) < 0) continue;
      assert.ok(line(first) < line(second), `${message}: ${first}, ${second}`);
      judged++;
    }
  }
  assert.ok(judged > 25, `${judged} rules judged`);
});

test("order: each rule is broken by its pair the wrong way round, and by that alone", () => {
  for (const rule of ORDER_RULES) {
    for (const name of rule.messages) {
      const inOrder = (...names: readonly string[]) =>
        brokenOrderRules(controlMessages, {
          name,
          extensions: names.map((each) => ({ name: each })),
        });
      assert.ok(inOrder(rule.second, rule.first).includes(rule), `${rule.first}, ${rule.second}`);
      assert.ok(!inOrder(rule.first, rule.second).includes(rule));
      assert.deepEqual(inOrder(rule.first), []);
      assert.deepEqual(inOrder(rule.second), []);
    }
  }
  const other = { name: "generic-notification", extensions: [] };
  assert.deepEqual(brokenOrderRules(controlMessages, other), []);
});

test("RFC 4917 §5: a rule for a sub-type leaves the other sub-type alone", () => {
  const reply = (...names: readonly string[]) => ({
    name: "registration-reply",
    extensions: names.map((name) => ({ name })),
  });
  const mobileHome = "mobile-home-authentication-extension";
  assert.equal(brokenOrderRules(controlMessages, reply(mobileHome, "home-agent")).length, 1);
  assert.equal(brokenOrderRules(controlMessages, reply(mobileHome, "foreign-agent")).length, 0);
});

const AUTHENTICATED = new Map([
  ["mobile-home-authentication-extension", 6],
  ["mobile-foreign-authentication-extension", 6],
  ["foreign-home-authentication-extension", 6],
  ["mn-aaa-authentication-subtype", 8],
  ["fa-fa-authentication", 8],
  ["mn-gfa-authentication", 8],
  ["mn-par-auth-extension", 8],
  ["generalized-mobile-ip-authentication-extension", 8],
  ["mobile-correspondent-authentication-extension", 8],
]);

test("coverage: these extensions carry an authenticator, behind these octets, and no others [5944-3.5.1-01, 4721-6-07, 6521-5.3-01]", () => {
  const found = [...controlExtensions.byName].flatMap(([name, compiled]) => {
    const offset = authenticatorOffset(compiled);
    return offset === undefined ? [] : [[name, offset] as const];
  });
  assert.deepEqual(new Map(found), AUTHENTICATED);
});

test("coverage: from the message's first octet to the SPI, never the authenticator [5944-3.5.1-01]", () => {
  const authenticator = new Uint8Array(16).fill(0xee);
  const message: ControlMessage = {
    name: "registration-revocation",
    reserved: 0,
    flags: 2,
    reserved2: 0,
    homeAddress: 0 as never,
    homeDomainAddress: 1 as never,
    foreignDomainAddress: 2 as never,
    revocationIdentifier: 3,
    extensions: [
      { name: "mobile-node-nai-extension", nai: "bob@example.net" },
      { name: "mn-aaa-authentication-subtype", spi: 2, authenticator },
      { name: "foreign-home-authentication-extension", spi: 256, authenticator },
    ],
  };
  const bytes = encodeControl(message);
  const decoded = decodeControl(bytes);
  assert(decoded.ok);
  const covered = [0, 1, 2, 3].map((i) => coveredOctets(controlMessages, decoded.value, i));
  const aaaAt = 20 + 17;
  assert.equal(covered[0], undefined);
  assert.deepEqual(covered[1], bytes.subarray(0, aaaAt + 8));
  assert.deepEqual(covered[2], bytes.subarray(0, bytes.length - 16));
  assert.equal(covered[3], undefined);
});

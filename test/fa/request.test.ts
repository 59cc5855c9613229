/** What the foreign agent relays, denies and ignores of what nodes send: RFC 5944 §3.7.2. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import { checkAuthentication } from "../../shared/security/authenticator.ts";
import { decodeControl, type RegistrationRequest } from "../../shared/wire/control.ts";
import {
  Bench,
  denialOf,
  FA,
  foreignHome,
  HA,
  HOME,
  mobileForeign,
  NODE_MAC,
  oneSend,
  type RequestOptions,
  reports,
  sends,
} from "./harness.ts";

test("RFC 5944 §3.7.2.2: an accepted request is relayed from the care-of address to the Home Agent field, port 434 [5944-3.7-06, 5944-3.7.2-02, 5944-3.7.2.2-01, 5944-3.7.2.2-06, 5944-3.7.2.2-07, 5944-3.7.2.2-08, 5944-F-03, 3024-4.2.2-01]", () => {
  const bench = Bench.up();
  const send = oneSend(bench.request());
  assert.equal(send.link, undefined);
  assert.equal(send.source, FA);
  assert.equal(send.destination, HA);
  assert.equal(send.destinationPort, 434);
  assert.deepEqual(bench.visitors()[0]?.state, "pending");
});

test("RFC 5944 §3.7.2.2: nothing up to extension 32 is changed, what stands behind is removed [5944-3.7.2.2-02, 5944-3.7.2.2-03, 5944-3.4-01]", () => {
  const bench = Bench.up({ mobileNodes: [mobileForeign] });
  const padded: RequestOptions = {
    foreign: [{ name: "unknown", type: 200, data: Uint8Array.of(9) }],
    foreignContext: mobileForeign,
  };
  const original = bench.requestBytes(padded);
  const send = oneSend(bench.deliver(original));
  assert.deepEqual(send.payload, original.subarray(0, 24 + 22));
});

test("RFC 3024 §3.3: without T the delivery style means nothing, and it is never relayed [3024-3.3-02, 3024-3.3-05]", () => {
  const bench = Bench.up();
  const options: RequestOptions = {
    fields: { flags: 0 },
    foreign: [{ name: "encapsulating-delivery-style-extension" }],
  };
  const original = bench.requestBytes(options);
  const send = oneSend(bench.deliver(original));
  assert.equal(original.length, send.payload.length + 2);
  assert.deepEqual(send.payload, original.subarray(0, 46));
});

test("RFC 5944 §3.7.1: with an FA-HA association extension 34 comes last, except on deregistrations and for others' care-of addresses [5944-3.7.1-10, 5944-3.7.2.2-05, 5944-3.5.4-01, 5944-3.5.4-02, 5944-3.5.4-07, 5944-3.5.4-08, 5944-3.8.2.2-09]", () => {
  const bench = Bench.up({ homeAgents: [foreignHome] });
  const outcome = (options: RequestOptions) => {
    const decoded = decodeControl(oneSend(bench.request(options)).payload);
    assert(decoded.ok);
    const name = "foreign-home-authentication-extension";
    return checkAuthentication(decoded.value, name, [foreignHome]).outcome;
  };
  assert.equal(outcome({}), "valid");
  assert.equal(outcome({ fields: { lifetime: 0 } }), "missing");
  assert.equal(outcome({ fields: { lifetime: 0, careOfAddress: HOME } }), "missing");
  const colocated = { flags: 0x20, careOfAddress: ipv4("192.0.2.50") };
  assert.equal(outcome({ fields: colocated }), "missing");
});

test("RFC 5944 §3.7.2.3: a denial copies home address, home agent, Identification and Lifetime and goes to the node's link-layer address [5944-3.7.2-03, 5944-3.7.2.3-01, 5944-3.7.2.3-02, 5944-3.7.2.3-06, 5944-3.7.2.3-07, 5944-3.7.2.3-08, 5944-3.7.2.3-11, 5944-3.7.2.3-12, 5944-3.4-08]", () => {
  const bench = Bench.up();
  const fields = { careOfAddress: ipv4("192.0.2.9"), identification: 0x1234567890abcdefn };
  const { send, reply } = denialOf(bench, { fields });
  assert.equal(reply.code, 77);
  assert.equal(reply.lifetime, 600);
  assert.equal(reply.homeAddress, HOME);
  assert.equal(reply.homeAgent, HA);
  assert.equal(reply.identification, fields.identification);
  assert.equal(send.source, FA);
  assert.equal(send.sourcePort, 434);
  assert.equal(send.destination, HOME);
  assert.equal(send.destinationPort, 40_000);
  assert.deepEqual(send.link, { interface: "lan0", destination: NODE_MAC });
});

test("RFC 5944 §3.7.2.3: a request to 224.0.0.11 is answered from the agent's own address [5944-3.7.2.3-07, 5944-2.3-04]", () => {
  const bench = Bench.up();
  const event = { destination: ipv4("224.0.0.11"), ttl: 1 };
  const { send } = denialOf(bench, { fields: { careOfAddress: ipv4("192.0.2.9") }, event });
  assert.equal(send.source, FA);
});

const codes: readonly [string, number, RequestOptions, Parameters<typeof Bench.up>[0]?][] = [
  [
    "§3.7.2.1: a care-of address that is not offered: 77 [5944-3.7.2.1-03]",
    77,
    { fields: { careOfAddress: ipv4("192.0.2.2") } },
  ],
  [
    "§3.7.2: a Home Agent field that is the agent itself: 116, not 194 [5944-3.7.2-01, 5944-3.7.2-04, 5944-3.7.2-05]",
    116,
    { fields: { homeAgent: FA } },
  ],
  [
    "§3.7.1: home address zero cannot be managed: 96 [5944-3.7.1-04, 5944-3.7.2.3-10]",
    96,
    { fields: { homeAddress: ipv4("0.0.0.0") }, event: { source: ipv4("0.0.0.0") } },
  ],
  ["§3.3: no authorization-enabling extension: 70 [5944-3.3-06]", 70, { context: null }],
  [
    "3024 §4.2.1: GRE asked for and not offered: 72 [3024-4.2.1-01, 5944-4.1-03]",
    72,
    { fields: { flags: 0x0a } },
  ],
  ["3024 §4.2.1: minimal encapsulation not offered: 72", 72, { fields: { flags: 0x10 } }],
  [
    "3024 §4.2.1: encapsulating delivery is not offered: 79 [3024-4.2.1-02, 3024-3.4-06]",
    79,
    { foreign: [{ name: "encapsulating-delivery-style-extension" }] },
    { encapsulatingDelivery: false },
  ],
  [
    "3024 §4.2.1: no T where it is mandatory: 75 [3024-4.2.1-03, 3024-3.4-07, 3024-3.4-01]",
    75,
    { fields: { flags: 0 } },
    { reverseTunnel: "require" },
  ],
  [
    "3024 §3.4: T where it is refused: 74, not 70 [3024-3.4-03, 3024-3.2-01, 3024-4.2.1-07]",
    74,
    {},
    { reverseTunnel: "refuse" },
  ],
  [
    "3024 §4.2.1: T and a TTL other than 255: 76 [3024-4.2.1-04, 3024-4.2.1-05]",
    76,
    { event: { ttl: 254 } },
  ],
  [
    "§3.7.2.1: MN-FA association and no extension 33: 67 [5944-3.7.2.1-04, 5944-3.7.2.1-05, 5944-3.7.2.1-07, 5944-3.7.1-12]",
    67,
    {},
    { mobileNodes: [mobileForeign] },
  ],
];

for (const [rule, code, options, overrides] of codes) {
  test(`RFC 5944 ${rule}`, () => {
    const bench = Bench.up(overrides);
    const { reply, send } = denialOf(bench, options);
    assert.equal(reply.code, code);
    assert.equal(send.destination, code === 96 ? ipv4("255.255.255.255") : HOME);
    assert.deepEqual(bench.visitors(), [], "no state is made");
    assert.equal(bench.counter(`denied-${code}`), 1);
  });
}

test("RFC 5944 §3.7.2.3: a Lifetime above the agent's: 69 with the agent's maximum; infinity too [5944-3.7.2.3-05]", () => {
  for (const lifetime of [1801, 65535]) {
    const { reply } = denialOf(Bench.up(), { fields: { lifetime } });
    assert.equal(reply.code, 69);
    assert.equal(reply.lifetime, 1800);
  }
  const unlimited = Bench.up({ registrationLifetime: 0xffff });
  assert.equal(oneSend(unlimited.request({ fields: { lifetime: 65535 } })).link, undefined);
});

test("RFC 5944 F: code 77 is never for a deregistration, which is relayed whatever its care-of address [5944-F-02, 5944-3.7-06]", () => {
  const bench = Bench.up();
  const fields = { lifetime: 0, careOfAddress: ipv4("203.0.113.9") };
  assert.equal(oneSend(bench.request({ fields })).destination, HA);
});

test("RFC 5944 §3.7.2.1: two extensions 33, or a wrong one: 67, a security exception, nothing relayed [5944-3.7.2.1-05, 5944-3.7.2.1-06]", () => {
  const wrong = { ...mobileForeign, key: Uint8Array.of(1) };
  const extra = {
    name: "mobile-foreign-authentication-extension",
    spi: 2000,
    authenticator: new Uint8Array(20),
  } as const;
  for (const options of [
    { foreignContext: wrong },
    { foreign: [extra], foreignContext: mobileForeign },
  ]) {
    const bench = Bench.up({ mobileNodes: [mobileForeign] });
    const { reply, effects } = denialOf(bench, options);
    assert.equal(reply.code, 67);
    assert.equal(reports(effects, "security-exception").length, 1);
  }
});

test("RFC 5944 §3.7.1: what goes to a node with an association carries extension 33 [5944-3.7.1-13, 5944-3.7.3.2-09, 3024-4-01]", () => {
  const bench = Bench.up({ mobileNodes: [mobileForeign] });
  const denial = oneSend(bench.request({ foreignContext: mobileForeign, event: { ttl: 3 } }));
  const relayed = oneSend(bench.request({ foreignContext: mobileForeign }));
  const accepted = oneSend(bench.reply(relayed));
  for (const send of [denial, accepted]) {
    const decoded = decodeControl(send.payload);
    assert(decoded.ok);
    const name = "mobile-foreign-authentication-extension";
    assert.equal(checkAuthentication(decoded.value, name, [mobileForeign]).outcome, "valid");
    assert.equal(decoded.value.message.extensions.at(-1)?.name, name);
  }
});

test("RFC 5944 §3.7.2: at most one denial a second to one node [5944-3.7.2-03, 3024-4.2.1-06]", () => {
  const bench = Bench.up();
  const bad = { event: { ttl: 1 } };
  assert.equal(sends(bench.request(bad)).length, 1);
  assert.equal(sends(bench.request(bad)).length, 0);
  bench.pass(0.999);
  assert.equal(sends(bench.request(bad)).length, 0);
  const other = { event: { ttl: 1, linkSource: "02:00:00:00:00:99" as Mac } };
  assert.equal(sends(bench.request(other)).length, 1);
  bench.pass(0.001);
  assert.equal(sends(bench.request(bad)).length, 1);
  assert.equal(bench.counter("denied-76"), 5);
  assert.equal(bench.counter("denials-over-rate"), 2);
});

test("RFC 5944 §1.8: malformed requests and unknown extensions 0..127 get silence and a count [5944-1.8-05, 5944-1.7-01, 5944-1.7-02]", () => {
  const bench = Bench.up();
  const bytes = bench.requestBytes();
  for (const cut of [1, 10, 23, bytes.length - 1]) {
    assert.deepEqual(sends(bench.deliver(bytes.subarray(0, cut))), []);
  }
  assert.deepEqual(sends(bench.deliver(Uint8Array.of(...bytes, 99, 1, 0))), []);
  assert.equal(bench.counter("discarded-request-truncated"), 4);
  assert.equal(bench.counter("discarded-request-unknown-mandatory-extension"), 1);
  assert.deepEqual(bench.visitors(), []);
});

test("RFC 5944 §3.3: r and x are no reason to deny [5944-3.7.2.1-02, 5944-3.7.2.3-03, 5944-3.7.2.3-04]", () => {
  assert.equal(oneSend(Bench.up().request({ fields: { flags: 0x07 } })).destination, HA);
});

test("what passes through, or is for another agent, or is a reply from the link, is left alone [5944-3.7-02, 5944-3.7-03]", () => {
  const bench = Bench.up();
  assert.deepEqual(bench.request({ event: { destination: HA } }), []);
  assert.deepEqual(bench.request({ event: { interface: "eth9" } }), []);
  const relayed = oneSend(bench.request());
  assert.deepEqual(sends(bench.deliver(bench.replyTo(relayed))), []);
  assert.equal(bench.visitors()[0]?.state, "pending");
});

test("any octets from the link: never throws, never more than one datagram out for one in", () => {
  const bench = Bench.up();
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.tuple(fc.nat(60), fc.nat(255)).map(([at, value]) => {
      const bytes = bench.requestBytes();
      bytes[at % bytes.length] = value;
      return bytes;
    }),
  );
  fc.assert(
    fc.property(noise, fc.boolean(), fc.nat(255), (payload, toLink, ttl) => {
      bench.pass(0.1);
      const effects = toLink ? bench.deliver(payload, { ttl }) : bench.replyBytes(payload);
      assert(sends(effects).length <= 1);
    }),
    { numRuns: 3000 },
  );
  assert(bench.visitors().length <= 256);
});

test("a request that may be relayed names the fields of the contract in `visitors`", () => {
  const bench = Bench.up();
  const fields: Partial<RegistrationRequest> = { lifetime: 100 };
  bench.request({ fields });
  assert.deepEqual(bench.visitors(), [
    {
      home_address: "10.1.0.7",
      nai: null,
      home_agent: "198.51.100.1",
      care_of_address: "192.0.2.1",
      mac: NODE_MAC,
      interface: "lan0",
      encapsulation: "ipip",
      reverse_tunnel: true,
      delivery_style: "direct",
      udp_tunnel: false,
      state: "pending",
      renewing: false,
      lifetime: 100,
      lifetime_remaining: null,
    },
  ]);
});

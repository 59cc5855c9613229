/** A foreign agent behind a NAT: UDP tunnels by RFC 3519. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { SendUdp } from "../../shared/protocol/core.ts";
import { UdpTunnelRequestFlag } from "../../shared/wire/control/udp-tunnel.ts";
import { decodeControl, RequestFlag } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import { advertisedFlags } from "./advertised.ts";
import {
  Bench,
  denialOf,
  FA,
  foreignHome,
  HA,
  lan0,
  oneSend,
  type RequestOptions,
  replyIn,
} from "./harness.ts";

const { T, M, G, D } = RequestFlag;
/** As config.ts resolves `udp_tunneling = true`. */
const BEHIND_NAT = {
  udpTunneling: true,
  reverseTunnel: "require",
  encapsulations: ["ipip", "minimal", "gre"],
  links: [{ ...lan0, udpTunneling: true }],
} as const;

const answer = (replyCode: number, keepaliveInterval = 0): ControlExtension => ({
  name: "regular-udp-tunnel-reply-extension",
  replyCode,
  flags: 0,
  keepaliveInterval,
});

function extensionsOf(send: SendUdp): readonly ControlExtension[] {
  const decoded = decodeControl(send.payload);
  assert(decoded.ok && decoded.value.message.name === "registration-request");
  return decoded.value.message.extensions;
}

function askedOf(send: SendUdp) {
  return extensionsOf(send).find(({ name }) => name === "regular-udp-tunnel-request-extension");
}

function itemOf(bench: Bench) {
  const [item] = bench.agent.forwarding().values();
  assert(item?.kind === "visitor");
  return item;
}

test("RFC 3519 §3.4: U is advertised only where UDP tunnelling is configured, which is for agents behind a NAT [3519-3.4-01, 3519-3.4-02]", () => {
  assert.notEqual(advertisedFlags(BEHIND_NAT) & AdvertisementFlag.U, 0);
  assert.equal(advertisedFlags({}) & AdvertisementFlag.U, 0);
});

test("RFC 3519 §4.5: the agent's UDP Tunnel Request stands behind extension 32 and before 34, and the request comes from the care-of address [3519-4.5-01, 3519-4.5-03, 3519-4.5-04, 3519-4.5-05]", () => {
  const bench = Bench.up({ ...BEHIND_NAT, homeAgents: [foreignHome] });
  const send = oneSend(bench.request());
  assert.deepEqual(
    extensionsOf(send).map(({ name }) => name),
    [
      "mobile-home-authentication-extension",
      "regular-udp-tunnel-request-extension",
      "foreign-home-authentication-extension",
    ],
  );
  assert.equal(send.source, FA);
  assert.equal(askedOf(oneSend(Bench.up().request())), undefined);
});

test("RFC 3519 §3.1: neither F nor R is the agent's to set; the encapsulation is the one that M and G ask for", () => {
  for (const [bits, encapsulation] of [
    [0, 4],
    [M, 55],
    [G, 47],
  ] as const) {
    const asked = askedOf(oneSend(Bench.up(BEHIND_NAT).request({ fields: { flags: T | bits } })));
    assert.deepEqual(asked, {
      name: "regular-udp-tunnel-request-extension",
      reserved1: 0,
      flags: 0,
      encapsulation,
      reserved3: 0,
    });
  }
  const keyed = Bench.up({ ...BEHIND_NAT, greKeys: "always" });
  const asked = askedOf(oneSend(keyed.request()));
  assert(asked?.name === "regular-udp-tunnel-request-extension");
  assert.equal(asked.encapsulation, 47);
});

test("RFC 3519 §4.5: nothing is added for a co-located care-of address, and the node's own extension stays untouched [3519-4.5-02]", () => {
  const bench = Bench.up(BEHIND_NAT);
  const own = ipv4("192.0.2.40");
  const mine: ControlExtension = {
    name: "regular-udp-tunnel-request-extension",
    reserved1: 0,
    flags: UdpTunnelRequestFlag.R,
    encapsulation: 0,
    reserved3: 0,
  };
  const fields = { flags: T | D, careOfAddress: own, extensions: [mine] };
  const original = bench.requestBytes({ fields });
  const send = oneSend(bench.deliver(original, { source: own }));
  assert.deepEqual(send.payload, original);
  const reply = oneSend(bench.reply(send, { extensions: [answer(0)] }));
  assert.equal(replyIn(reply).extensions[0]?.name, "regular-udp-tunnel-reply-extension");
  assert.equal(bench.agent.forwarding().size, 0);
});

test("RFC 3519 §4.5: what does not come from the care-of address would look like a NAT: no extension there", () => {
  const bench = Bench.up(BEHIND_NAT);
  const fields = { lifetime: 0, careOfAddress: ipv4("203.0.113.9") };
  assert.equal(askedOf(oneSend(bench.request({ fields }))), undefined);
  const ours = { lifetime: 0 };
  assert.notEqual(askedOf(oneSend(bench.request({ fields: ours }))), undefined);
});

test("RFC 3519 §4.5: a NAT of unknown behaviour: no T, code 75; a NAT that leaves public addresses alone: relayed [3519-4.5-06, 3519-4.5-07]", () => {
  const triangular: RequestOptions = { fields: { flags: 0 } };
  assert.equal(denialOf(Bench.up(BEHIND_NAT), triangular).reply.code, 75);
  const known = Bench.up({ ...BEHIND_NAT, reverseTunnel: "allow" });
  assert.equal(oneSend(known.request(triangular)).destination, HA);
});

test("RFC 3519 §3.2.1, §4.7: codes 0 to 63 make a UDP tunnel, others and no answer do not [3519-3.2.1-01, 3519-4.7-01, 3519-3.1.5-02]", () => {
  for (const [code, udp] of [
    [0, true],
    [63, true],
    [64, false],
    [255, false],
  ] as const) {
    for (const inside of [true, false]) {
      const bench = Bench.up(BEHIND_NAT);
      const relayed = oneSend(bench.request());
      const own = [answer(code)];
      if (inside) bench.reply(relayed, { extensions: own });
      else bench.reply(relayed, {}, undefined, own);
      assert.equal(itemOf(bench).udpPort, udp ? 434 : undefined);
      assert.equal(itemOf(bench).reverse, true, "T was set");
      assert.equal(bench.visitors()[0]?.udp_tunnel, udp);
    }
  }
  const silent = Bench.up(BEHIND_NAT);
  silent.register();
  assert.equal(itemOf(silent).udpPort, undefined);
  const unasked = Bench.up();
  unasked.reply(oneSend(unasked.request()), { extensions: [answer(0)] });
  assert.equal(itemOf(unasked).udpPort, undefined);
});

test("RFC 3519 §4.9: the data path is told when a keepalive is due: the reply's interval, or 110 s, for each binding", () => {
  for (const [interval, seconds] of [
    [0, 110],
    [20, 20],
  ] as const) {
    const bench = Bench.up(BEHIND_NAT);
    bench.reply(oneSend(bench.request()), { extensions: [answer(0, interval)] });
    assert.equal(itemOf(bench).keepalive, seconds);
    assert.equal(itemOf(bench).udpPort, 434, "the port of the registration");
  }
  const known = Bench.up({ ...BEHIND_NAT, udpKeepalive: 25 });
  known.reply(oneSend(known.request()), { extensions: [answer(0, 200)] });
  assert.equal(itemOf(known).keepalive, 25);
  const plain = Bench.up();
  plain.register();
  assert.equal(itemOf(plain).keepalive, undefined);
});

test("RFC 3519 §4.2, §4.7: a renewal is not tunnelled, and the tunnel ends with the binding [3519-4.2-01, 3519-4.7-04]", () => {
  const bench = Bench.up(BEHIND_NAT);
  bench.reply(oneSend(bench.request({ fields: { lifetime: 100 } })), { extensions: [answer(0)] });
  const renewal = oneSend(bench.request());
  assert.deepEqual(
    [renewal.source, renewal.destination, renewal.destinationPort, renewal.payload[0]],
    [FA, HA, 434, 1],
  );
  bench.reply(renewal, { code: 133 });
  assert.equal(itemOf(bench).udpPort, 434);
  bench.run(101);
  assert.equal(bench.agent.forwarding().size, 0);
});

test("a UDP tunnel and its keepalive outlive a restart", () => {
  const bench = Bench.up(BEHIND_NAT);
  const relayed = oneSend(bench.request());
  const effects = bench.reply(relayed, { extensions: [answer(0, 30)] });
  const entries = effects.flatMap((e) => (e.type === "persist" ? [[e.key, e.value] as const] : []));
  const later = Bench.up(BEHIND_NAT);
  later.agent.handle({ type: "restore", entries }, later.now);
  assert.deepEqual(itemOf(later), itemOf(bench));
});

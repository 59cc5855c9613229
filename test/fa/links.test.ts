/** Several links, and several care-of addresses on one: RFC 5944 §2.1.1, §3.7.2. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { Effect, SendIcmp } from "../../shared/protocol/core.ts";
import { decodeIcmp } from "../../shared/wire/icmp.ts";
import { Bench, FA, HA, lan0, oneSend, replyIn } from "./harness.ts";

const SECOND = ipv4("192.0.2.2");
const ELSEWHERE = ipv4("203.0.113.65");
const ON_LAN1 = ipv4("192.0.2.65");
const lan1 = { ...lan0, interface: "lan1", careOfAddresses: [ELSEWHERE] };
const links = [{ ...lan0, careOfAddresses: [FA, SECOND] }, lan1];

function lan1Up(bench: Bench): Effect[] {
  const addresses = [{ address: ON_LAN1, length: 26 }];
  const link = { up: true, mac: "02:00:00:00:00:02" as Mac, mtu: 1500, addresses };
  return bench.agent.handle({ type: "link", interface: "lan1", link }, bench.now);
}

/** From which address on which link, with which care-of addresses. */
function advertised(effects: readonly Effect[]) {
  return effects
    .filter((effect): effect is SendIcmp => effect.type === "send-icmp")
    .map(({ link: { interface: name }, source, payload }) => {
      const decoded = decodeIcmp(payload);
      assert(decoded.ok && decoded.value.name === "router-advertisement");
      const [extension] = decoded.value.extensions;
      assert(extension?.name === "mobility-agent-advertisement-extension");
      return {
        name,
        source,
        careOf: extension.careOfAddresses,
        sequence: extension.sequenceNumber,
      };
    });
}

test("RFC 5944 §2.1.1: each link has its own care-of addresses, in their order, and its own sequence numbers [5944-2.1.1-07, 5944-2.3.2-01]", () => {
  const bench = new Bench({ links });
  assert.deepEqual(advertised(bench.linkUp()), [
    { name: "lan0", source: FA, careOf: [FA, SECOND], sequence: 0 },
  ]);
  bench.pass(20);
  bench.agent.handle({ type: "tick" }, bench.now);
  assert.deepEqual(advertised(lan1Up(bench)), [
    { name: "lan1", source: ON_LAN1, careOf: [ELSEWHERE], sequence: 0 },
  ]);
});

test("RFC 5944 §3.7.2.2: any of a link's care-of addresses will do: the request leaves from it, and the tunnel ends at it [5944-3.7.2.2-06, 3024-5.1.2-01]", () => {
  const bench = Bench.up({ links });
  for (const careOfAddress of [FA, SECOND]) {
    const relayed = oneSend(bench.request({ fields: { careOfAddress } }));
    assert.deepEqual([relayed.source, relayed.destination], [careOfAddress, HA]);
    bench.reply(relayed);
    const items = [...bench.agent.forwarding().values()];
    assert.deepEqual(
      items.map((item) => item.kind === "visitor" && item.careOfAddress),
      [careOfAddress],
    );
  }
});

test("RFC 5944 §3.7.2.1: a care-of address of another link is none here: 77 [5944-3.7.2.1-03]", () => {
  const bench = Bench.up({ links });
  lan1Up(bench);
  const on = (name: string, careOfAddress: typeof FA) =>
    bench.request({ fields: { careOfAddress }, event: { interface: name, destination: FA } });
  assert.equal(replyIn(oneSend(on("lan0", ELSEWHERE))).code, 77);
  bench.pass(2);
  assert.equal(replyIn(oneSend(on("lan1", SECOND))).code, 77);
  assert.equal(oneSend(on("lan1", ELSEWHERE)).source, ELSEWHERE);
});

test("RFC 5944 §3.7.2.3: the reply goes out on the link of the request, whichever link has the care-of address's subnet [5944-3.7.2.3-07]", () => {
  const bench = Bench.up({ links });
  lan1Up(bench);
  const event = { interface: "lan1", destination: ipv4("224.0.0.11") };
  const relayed = oneSend(bench.request({ fields: { careOfAddress: ELSEWHERE }, event }));
  const reply = oneSend(bench.reply(relayed));
  assert.equal(reply.link?.interface, "lan1");
  assert.equal(reply.source, ON_LAN1);
  assert.equal(bench.visitors()[0]?.interface, "lan1");
});

/** Reverse tunnels and the two delivery styles: RFC 3024. What forwarding says; never a packet. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import type { SendUdp } from "../../shared/protocol/core.ts";
import { type RegistrationRequest, RequestFlag } from "../../shared/wire/control.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import { advertisedFlags } from "./advertised.ts";
import { Bench, FA, HA, lan0, oneSend, type RequestOptions, replyIn, sends } from "./harness.ts";

const { T } = RequestFlag;
const style = { name: "encapsulating-delivery-style-extension" } as const;
const encapsulating: RequestOptions = { foreign: [style] };

function itemOf(bench: Bench) {
  const [item] = bench.agent.forwarding().values();
  assert(item?.kind === "visitor");
  return item;
}

test("RFC 3024 §3.1, §3.3: an agent that advertises T serves both delivery styles [3024-3.1-02, 3024-3.1-03, 3024-3.3-07, 3024-A.4-05, 5944-4.2.2-10]", () => {
  assert.notEqual(advertisedFlags({}) & AdvertisementFlag.T, 0);
  const bench = Bench.up();
  bench.register();
  assert.deepEqual([itemOf(bench).reverse, itemOf(bench).delivery], [true, "direct"]);
  bench.register(encapsulating);
  assert.deepEqual([itemOf(bench).reverse, itemOf(bench).delivery], [true, "encapsulating"]);
  assert.equal(bench.visitors()[0]?.delivery_style, "encapsulating");
});

test("RFC 3024 §4.2.2: the tunnel of a visitor goes from the care-of address to the Home Agent field, in either style, while the entry is valid [3024-4.2.2-03]", () => {
  for (const options of [{}, encapsulating]) {
    const bench = Bench.up();
    bench.register(options);
    const { careOfAddress, homeAgent } = itemOf(bench);
    assert.deepEqual([careOfAddress, homeAgent], [FA, HA]);
    bench.run(601);
    assert.equal(bench.agent.forwarding().size, 0);
  }
});

test("RFC 3024 §3.3: without T the style is nothing, and each registration says it anew", () => {
  const bench = Bench.up();
  bench.register(encapsulating);
  bench.register({ ...encapsulating, fields: { flags: 0 } });
  assert.deepEqual([itemOf(bench).reverse, itemOf(bench).delivery], [false, "direct"]);
  assert.equal(bench.visitors()[0]?.delivery_style, null);
});

test("RFC 3024 §3.3: extension 130 stays here although the style is served", () => {
  const bench = Bench.up();
  const original = bench.requestBytes(encapsulating);
  const relayed = oneSend(bench.deliver(original));
  assert.deepEqual(relayed.payload, original.subarray(0, original.length - 2));
});

test("RFC 3024 §A.4: where only the node's address is private, a request without T is denied with 75 [3024-A.4-06]", () => {
  const [globalCareOf, globalHomeAgent] = [ipv4("193.0.6.1"), ipv4("8.20.1.1")];
  const links = [{ ...lan0, careOfAddresses: [globalCareOf, FA] }];
  const ask = (fields: Partial<RegistrationRequest>, privateNeedsReverseTunnel = true) => {
    const ends = { careOfAddress: globalCareOf, homeAgent: globalHomeAgent };
    const bench = Bench.up({ links, privateNeedsReverseTunnel });
    return oneSend(bench.request({ fields: { flags: 0, ...ends, ...fields } }));
  };
  const codeOf = (send: SendUdp): number | undefined =>
    send.link === undefined ? undefined : replyIn(send).code;
  for (const home of ["10.1.0.7", "172.31.255.1", "192.168.0.9"].map(ipv4)) {
    assert.equal(codeOf(ask({ homeAddress: home })), 75);
    // With T, where the operator says so, and where the network itself is private.
    for (const fields of [{ flags: T }, { careOfAddress: FA }, { homeAgent: HA }]) {
      assert.equal(codeOf(ask({ homeAddress: home, ...fields })), undefined);
    }
    assert.equal(codeOf(ask({ homeAddress: home }, false)), undefined);
  }
  for (const home of ["203.0.113.8", "172.32.0.1", "192.169.0.1", "11.0.0.1"].map(ipv4)) {
    assert.equal(codeOf(ask({ homeAddress: home })), undefined);
  }
});

test("RFC 5944 §2.1, §2.3.1: what is forwarded for a visitor does not depend on what is advertised [5944-2.1-07, 5944-2.3.1-03]", () => {
  const usual = Bench.up();
  usual.register();
  for (const change of [{ mobilityOnly: true }, { prefixLengths: false }]) {
    const bench = Bench.up({ links: [{ ...lan0, ...change }] });
    bench.register();
    assert.deepEqual([...bench.agent.forwarding()], [...usual.agent.forwarding()]);
  }
});

test("RFC 5944 §4.2.2: nobody else hears of a visitor: the reply goes to it alone, and advertisements say the same as before [5944-4.2.2-06]", () => {
  const bench = Bench.up();
  const advertised = (): unknown[] => {
    const solicitation = Uint8Array.of(10, 0, 0xf5, 0xff, 0, 0, 0, 0);
    const event = {
      type: "icmp",
      interface: "lan0",
      linkSource: "02:00:00:00:00:55" as Mac,
      source: ipv4("192.0.2.5"),
      destination: ipv4("224.0.0.2"),
      ttl: 1,
      payload: solicitation,
    } as const;
    return bench.agent.handle(event, bench.now).map((effect) => {
      assert(effect.type === "send-icmp");
      // All but the checksum and the sequence number (RFC 5944 §2.1.1).
      return effect.payload.filter((_, i) => i !== 2 && i !== 3 && i !== 18 && i !== 19);
    });
  };
  const before = advertised();
  assert.equal(before.length, 1);
  const effects = bench.register();
  assert.equal(sends(effects).length, 1);
  assert.equal(replyIn(oneSend(effects)).code, 0);
  assert.deepEqual(
    effects.filter(({ type }) => type === "send-arp" || type === "send-icmp"),
    [],
  );
  assert.deepEqual(advertised(), before);
});

/** Two nodes with the same private home address, and one node in two places: RFC 3024 Appendix A. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import { MAX_PLANE } from "../../shared/forwarding/kernel-objects.ts";
import {
  Bench,
  FA,
  HA,
  HOME,
  lan0,
  NODE_MAC,
  oneSend,
  type RequestOptions,
  replyIn,
  reports,
  sends,
} from "./harness.ts";

const HA2 = ipv4("203.0.113.5");
const MAC2 = "02:00:00:00:00:08" as Mac;
const second: RequestOptions = { fields: { homeAgent: HA2 }, event: { linkSource: MAC2 } };

const items = (bench: Bench) =>
  [...bench.agent.forwarding().values()].flatMap((item) => (item.kind === "visitor" ? item : []));

test("RFC 3024 §A.2, §A.3: equal home addresses of two home agents live side by side, told apart by link-layer address and tunnel ends [3024-A.2-01, 3024-A.3-01, 3024-A.4-07, 3024-A.4-08]", () => {
  const bench = Bench.up();
  bench.register();
  const first = bench.agent.forwarding();
  bench.register(second);
  assert.deepEqual(
    items(bench).map(({ homeAddress, homeAgent, careOfAddress, mac, plane }) => [
      homeAddress,
      homeAgent,
      careOfAddress,
      mac,
      plane,
    ]),
    [
      [HOME, HA, FA, NODE_MAC, 0],
      [HOME, HA2, FA, MAC2, 1],
    ],
  );
  const key = "visitor/198.51.100.1/10.1.0.7";
  assert.equal(bench.agent.forwarding().get(key), first.get(key), "the first is undisturbed");
  assert.deepEqual(
    bench.visitors().map((row) => [row.home_agent, row.mac, row.renewing]),
    [
      ["198.51.100.1", NODE_MAC, false],
      ["203.0.113.5", MAC2, false],
    ],
  );
});

test("a visitor keeps its plane; one that is free again goes to the next", () => {
  const bench = Bench.up();
  bench.register();
  bench.register(second);
  bench.register({ fields: { lifetime: 0 } });
  assert.deepEqual(
    items(bench).map(({ plane }) => plane),
    [1],
  );
  bench.register(second);
  assert.deepEqual(
    items(bench).map(({ plane }) => plane),
    [1],
  );
  bench.register();
  assert.deepEqual(
    items(bench)
      .map(({ plane }) => plane)
      .sort(),
    [0, 1],
  );
  // Another home address has planes of its own.
  const other = { homeAddress: ipv4("10.1.0.9") };
  bench.register({ fields: other, event: { source: other.homeAddress } });
  assert.equal(items(bench).find((item) => item.homeAddress === other.homeAddress)?.plane, 0);
});

test("each of two such visitors deregisters and expires by itself", () => {
  const bench = Bench.up();
  bench.register({ fields: { lifetime: 100 } });
  bench.register(second);
  const end = bench.run(101);
  assert.equal(reports(end, "visitor-removed").length, 1);
  assert.deepEqual(
    items(bench).map(({ homeAgent }) => homeAgent),
    [HA2],
  );
});

test("RFC 5944 §3.7.3.1: replies of two home agents with equal low bits reach their own nodes [5944-3.7.3.1-05]", () => {
  const bench = Bench.up();
  const identification = 0xaaaaaaaa00000005n;
  const one = oneSend(bench.request({ fields: { identification } }));
  const two = oneSend(bench.request({ ...second, fields: { ...second.fields, identification } }));
  const elsewhere = ipv4("203.0.113.99");
  const stray = bench.replyBytes(bench.replyTo(two, { homeAgent: elsewhere }), elsewhere);
  assert.deepEqual(sends(stray), [], "from neither home agent");
  const answer = oneSend(bench.replyBytes(bench.replyTo(two), HA2));
  assert.equal(answer.link?.destination, MAC2);
  assert.equal(oneSend(bench.reply(one)).link?.destination, NODE_MAC);
});

test("a node that comes back with another card is the same visitor, at the new link-layer address once the home agent accepts", () => {
  const bench = Bench.up();
  bench.register();
  const relayed = oneSend(bench.request({ event: { linkSource: MAC2 } }));
  assert.equal(items(bench)[0]?.mac, NODE_MAC);
  assert.deepEqual(
    bench.visitors().map(({ renewing }) => renewing),
    [true],
  );
  const effects = bench.reply(relayed);
  assert.equal(reports(effects, "visitor-updated").length, 1);
  assert.deepEqual(
    items(bench).map(({ mac, plane }) => [mac, plane]),
    [[MAC2, 0]],
  );
});

test("a node that moves to another link of the agent is the same visitor there", () => {
  const care = ipv4("192.0.2.65");
  const lan1 = { ...lan0, interface: "lan1", careOfAddresses: [care] };
  const bench = Bench.up({ links: [lan0, lan1] });
  bench.agent.handle(
    {
      type: "link",
      interface: "lan1",
      link: {
        up: true,
        mac: "02:00:00:00:00:02" as Mac,
        mtu: 1500,
        addresses: [{ address: care, length: 26 }],
      },
    },
    bench.now,
  );
  bench.register();
  const event = { interface: "lan1", destination: care };
  const effects = bench.register({ fields: { careOfAddress: care }, event });
  assert.equal(oneSend(effects).link?.interface, "lan1");
  assert.deepEqual(
    items(bench).map(({ interface: name, careOfAddress }) => [name, careOfAddress]),
    [["lan1", care]],
  );
});

test("a node that goes over to another home agent with the same home address leaves the first", () => {
  const bench = Bench.up();
  bench.register();
  const effects = bench.register({ fields: { homeAgent: HA2 } });
  assert.equal(reports(effects, "visitor-removed").length, 1);
  assert.deepEqual(
    items(bench).map(({ homeAgent, plane }) => [homeAgent, plane]),
    [[HA2, 0]],
  );
});

test("when no plane is left the node is told 66, and those who are there stay", () => {
  const bench = Bench.up();
  const nth = (n: number): RequestOptions => ({
    fields: { homeAgent: ipv4(`203.0.113.${n + 1}`) },
    event: { linkSource: `02:00:00:00:09:${n.toString(16).padStart(2, "0")}` as Mac },
  });
  for (let n = 0; n <= MAX_PLANE; n++) bench.register(nth(n));
  assert.equal(items(bench).length, MAX_PLANE + 1);
  const reply = replyIn(oneSend(bench.register(nth(MAX_PLANE + 1))));
  assert.equal(reply.code, 0, "the home agent's own word is left alone");
  const status = { name: "fa-error-indication-to-mn", status: 66 };
  assert.deepEqual(reply.extensions.at(-1), status);
  assert.equal(items(bench).length, MAX_PLANE + 1);
});

test("a reloaded configuration without the link or the care-of address ends the visits there", () => {
  for (const links of [[], [{ ...lan0, careOfAddresses: [ipv4("192.0.2.2")] }]]) {
    const bench = Bench.up();
    bench.register();
    const effects = bench.agent.reconfigure({ ...bench.agent.config, links }, bench.now);
    assert.equal(reports(effects, "visitor-removed").length, 1);
    assert.equal(bench.agent.forwarding().size, 0);
  }
  const bench = Bench.up();
  bench.register();
  assert.deepEqual(bench.agent.reconfigure(bench.agent.config, bench.now), []);
  assert.equal(bench.agent.forwarding().size, 1);
});

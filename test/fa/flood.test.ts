/** Floods of invented requests: those who are served go on being served, and nobody is hit. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Mac, toIpv4 } from "../../shared/base/address.ts";
import { seededRandom } from "../../shared/base/random.ts";
import type { SendUdp } from "../../shared/protocol/core.ts";
import { Bench, HA, HOME, mobileForeign, NODE_MAC, oneSend, reports, sends } from "./harness.ts";

const REQUESTS_A_SECOND = 10_000;
/** Between two looks at the clock. */
const BATCH = 100;

/** Requests with random link-layer, home and home agent addresses; returns what was sent. */
function flood(bench: Bench, seconds: number, seed = 1): SendUdp[] {
  const random = seededRandom(seed);
  const template = bench.requestBytes();
  const sent: SendUdp[] = [];
  for (let i = 0; i < REQUESTS_A_SECOND * seconds; i++) {
    if (i % BATCH === 0) sent.push(...sends(bench.run(BATCH / REQUESTS_A_SECOND)));
    const payload = template.slice();
    const view = new DataView(payload.buffer);
    const home = (0x0a000000 | (random.u32() >>> 8)) >>> 0;
    view.setUint32(4, home);
    view.setUint32(8, (0xc0000000 | (random.u32() >>> 8)) >>> 0);
    view.setUint32(20, random.u32());
    sent.push(
      ...sends(
        bench.deliver(payload, { linkSource: randomMac(random.u32()), source: toIpv4(home) }),
      ),
    );
  }
  return sent;
}

function randomMac(value: number): Mac {
  const hex = value.toString(16).padStart(8, "0");
  return `02:00:${hex.match(/../g)?.join(":")}` as Mac;
}

test("flood: 10,000 invented requests a second for 8 s: a visitor renews, deregisters and comes back as if there were none", () => {
  const bench = Bench.up();
  bench.register();
  const before = bench.agent.forwarding();
  flood(bench, 4);
  assert.equal(bench.agent.forwarding(), before);
  const renewal = oneSend(bench.request());
  assert.equal(renewal.destination, HA, "relayed, not denied");
  flood(bench, 1);
  assert.equal(reports(bench.reply(renewal), "visitor-updated").length, 1);
  flood(bench, 3);
  const status = bench.agent.query("status", bench.now) as { pending: number; visitors: number };
  assert.equal(status.pending, 256);
  assert.equal(status.visitors, 1);
  const goodbye = bench.register({ fields: { lifetime: 0 } });
  assert.equal(reports(goodbye, "visitor-removed").length, 1);
});

test("flood: what is relayed and what is denied is bounded, whatever comes", () => {
  const bench = Bench.up();
  const sent = flood(bench, 3);
  const relayed = sent.filter(({ link }) => link === undefined);
  const denials = sent.filter(({ link }) => link !== undefined);
  assert.equal(relayed.length, 256, "the pending list is full until requests time out");
  assert(denials.length <= 1024 * 4, `${denials.length} denials`);
  const counted = bench.counter("denied-66");
  assert.equal(counted, 3 * REQUESTS_A_SECOND - 256);
});

test("flood: one link-layer address has five requests waiting, and takes nobody else's room", () => {
  const bench = Bench.up({ maxPending: 20 });
  let relayed = 0;
  for (let i = 0; i < 100; i++) {
    const homeAddress = toIpv4(HOME + 1 + i);
    const linkSource = "02:00:00:00:00:66" as Mac;
    const effects = bench.request({ fields: { homeAddress }, event: { linkSource } });
    relayed += sends(effects).filter(({ link }) => link === undefined).length;
  }
  assert.equal(relayed, 5);
  assert.equal(oneSend(bench.request()).destination, HA);
});

test("flood: invented requests for a visitor's home address from elsewhere do not stop its renewal", () => {
  const bench = Bench.up({ maxPending: 8 });
  bench.register();
  for (let i = 0; i < 100; i++) bench.request({ event: { linkSource: randomMac(1000 + i) } });
  const renewal = oneSend(bench.request());
  assert.equal(renewal.link, undefined);
  for (let i = 0; i < 100; i++) bench.request({ event: { linkSource: randomMac(1000 + i) } });
  assert.equal(reports(bench.reply(renewal), "visitor-updated").length, 1);
});

test("flood: in a full list a visitor takes the room of the oldest stranger, whose reply then finds nothing", () => {
  const bench = Bench.up({ maxPending: 2 });
  bench.register();
  const strangers = [1, 2].map((i) => {
    const homeAddress = toIpv4(HOME + i);
    return oneSend(bench.request({ fields: { homeAddress }, event: { linkSource: randomMac(i) } }));
  });
  const renewal = oneSend(bench.request());
  assert.equal(bench.counter("pending-evicted-by-visitor"), 1);
  const [first, second] = strangers;
  assert(first !== undefined && second !== undefined);
  assert.deepEqual(sends(bench.reply(first)), []);
  assert.equal(reports(bench.reply(second), "visitor-added").length, 1);
  assert.equal(reports(bench.reply(renewal), "visitor-updated").length, 1);
});

test("flood: room among the visitors is kept for those who wait, so that none is accepted in vain", () => {
  const bench = Bench.up({ maxVisitors: 2 });
  const node = (i: number) => ({
    fields: { homeAddress: toIpv4(HOME + i) },
    event: { linkSource: randomMac(i) },
  });
  const waiting = [1, 2].map((i) => oneSend(bench.request(node(i))));
  assert.equal(oneSend(bench.request(node(3))).link?.destination, randomMac(3), "denied");
  for (const relayed of waiting) bench.reply(relayed);
  assert.equal(bench.visitors().length, 2);
});

test("a denial goes to the link-layer source alone, is no longer than what it answers but for extension 33, and never goes to a group", () => {
  for (const mobileNodes of [[], [mobileForeign]]) {
    const bench = Bench.up({ mobileNodes });
    const payload = bench.requestBytes({ fields: { careOfAddress: HA } });
    const denial = oneSend(bench.deliver(payload));
    assert.deepEqual(denial.link, { interface: "lan0", destination: NODE_MAC });
    const added = mobileNodes.length === 0 ? 0 : 2 + 4 + 20;
    assert(denial.payload.length - added <= payload.length);
  }
  for (const group of ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:0b"]) {
    const bench = Bench.up();
    assert.deepEqual(sends(bench.request({ event: { linkSource: group as Mac } })), []);
    assert.equal(bench.counter("discarded-group-link-layer-source"), 1);
  }
});

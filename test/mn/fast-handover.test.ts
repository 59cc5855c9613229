/** Fast handovers: the updates of a mobile node and what follows (RFC 4988, RFC 4068). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { tupleOptions } from "../../shared/protocol/fast-handover.ts";
import {
  advertisement,
  FA_CONTEXT,
  FA1,
  FA1_MAC,
  FA2,
  FA2_MAC,
  HOME,
  HOME_CONTEXT,
} from "./bench.ts";
import {
  AP,
  acknowledge,
  FA3,
  FA3_MAC,
  leaving,
  proxy,
  registered,
  tuple,
  updatesIn,
  visiting,
} from "./handover-harness.ts";

test("RFC 4988 §4.2: the predictive update, field for field [4988-4.2-01, 4988-4.2-02, 4988-4.2-03, 4988-4.2-04, 4988-4.2-05, 4988-4.2-06, 4988-4.2-23, 4988-1-04, 4988-5.1-04, 4988-5.1-07, 4988-5.1-10, 4988-5.1-11, 4988-5.4-10]", () => {
  const line = leaving();
  const [update, ...more] = updatesIn(line);
  assert(update !== undefined && more.length === 0);
  const { effect, message } = update;
  assert.deepEqual([effect.source, effect.destination, effect.destinationPort], [HOME, FA1, 434]);
  assert.deepEqual(effect.link, { interface: "wlan0", destination: FA1_MAC });
  const { homeAddress, homeAgent, careOfAddress, lifetime, flags, extensions } = message;
  assert.deepEqual([homeAddress, homeAgent, careOfAddress], [HOME, FA1, FA2]);
  assert.ok(lifetime <= 10);
  assert.equal(flags & 0xc0, 0);
  assert.equal(extensions.at(-1)?.name, "mn-par-auth-extension");
  assert.deepEqual(line.answers(), []);
  acknowledge(line);
  const said = "192.0.2.65 is ready: the link can be changed";
  assert.deepEqual(line.answers(), [{ id: 9, ok: true, message: said }]);
  // It stays where it is until the link changes.
  assert.equal(line.node.state, "registered");
});

test("what a node sends waits from the word that it may leave on, and no longer than 500 ms where it stays", () => {
  const line = leaving();
  const outgoing = () => {
    const item = line.node.forwarding().get("outgoing");
    assert(item?.kind === "outgoing");
    return item;
  };
  const before = outgoing();
  assert.deepEqual([before.hold, before.router], [false, { interface: "wlan0", mac: FA1_MAC }]);
  acknowledge(line);
  const at = line.now;
  assert.deepEqual([visiting(line), outgoing().hold], [undefined, true]);
  line.until(at + 499);
  assert.deepEqual([visiting(line), outgoing().hold], [undefined, true]);
  line.until(at + 500);
  assert.deepEqual(outgoing(), before);
  const item = visiting(line);
  assert(item?.kind === "visiting" && item.router === FA1);
});

test("RFC 4988 §4.2: on the new link it sends the update again, to the new router, and packets flow before any registration [4988-4.2-10, 4988-4.2-11, 4988-1-04, 4988-1-05, 4068-3.1-02, 4068-4-01]", () => {
  const line = leaving();
  acknowledge(line);
  line.linkDown();
  assert.equal(visiting(line), undefined);
  line.until(line.now + 50);
  line.clear();
  const effects = line.linkUp();
  const [update] = updatesIn(line);
  assert(update !== undefined);
  assert.deepEqual(update.effect.destination, FA2);
  assert.deepEqual(update.effect.link, { interface: "wlan0", destination: FA2_MAC });
  const { homeAddress, homeAgent, careOfAddress } = update.message;
  assert.deepEqual([homeAddress, homeAgent, careOfAddress], [HOME, FA1, FA2]);
  const item = visiting(line);
  assert(item?.kind === "visiting");
  assert.deepEqual([item.router, item.routerMac, item.interface], [FA2, FA2_MAC, "wlan0"]);
  assert.ok(effects.some(({ type }) => type === "send-udp"));
  // The registration follows as soon as the agent is heard, and then takes over.
  line.event(advertisement({ source: FA2 }));
  line.accept({ foreign: [] });
  assert.equal(line.node.state, "registered");
  assert.equal(line.status().agent, "192.0.2.65");
  assert.deepEqual(visiting(line), item);
});

test("RFC 4068 §4: an update is repeated FBU_RETRIES times; then the node is content with an ordinary handover [4068-4-13, 4068-7-01]", () => {
  const line = leaving();
  const first = updatesIn(line)[0]?.message.identification ?? 0n;
  line.until(line.now + 5000);
  const updates = updatesIn(line);
  assert.equal(updates.length, 4);
  const numbers = updates.map(({ message }) => message.identification);
  assert.ok(numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? first)));
  assert.deepEqual(line.answers(), [{ id: 9, ok: false, message: "no-answer" }]);
  assert.equal(line.reports("fast-handover-failed").length, 1);
  line.linkDown();
  line.linkUp();
  assert.equal(visiting(line), undefined);
  line.event(advertisement({ source: FA2 }));
  line.accept({ foreign: [] });
  assert.equal(line.status().agent, "192.0.2.65");
});

test("shutdown: a node whose previous router has not answered yet waits for nothing but its deregistration", () => {
  const line = leaving();
  line.linkDown();
  line.linkUp();
  line.event(advertisement({ source: FA2 }));
  const before = line.requests().length;
  line.event({ type: "shutdown" });
  line.until(line.now + 1500);
  const [request] = line.requests().slice(before);
  assert.equal(request?.message.lifetime, 0);
  line.until(line.now + 3000);
  assert.equal(line.node.nextDeadline(), undefined);
});

test("RFC 4988 §5.2: an acknowledgment that is not authentic, or answers something else, changes nothing [4988-5.2-08, 4988-7-01, 4988-5.1-09]", () => {
  const line = leaving();
  const { identification = 0n } = updatesIn(line)[0]?.message ?? {};
  acknowledge(line, { context: { ...HOME_CONTEXT, spi: FA_CONTEXT.spi } });
  acknowledge(line, { context: HOME_CONTEXT });
  acknowledge(line, { identification: identification ^ 1n });
  assert.deepEqual(line.answers(), []);
  assert.equal(line.counter("fback-wrong-authenticator"), 1);
  assert.equal(line.counter("fback-unknown-spi"), 1);
  assert.equal(line.counter("fback-identification-mismatch"), 1);
  acknowledge(line);
  assert.equal(line.answers().length, 1);
  acknowledge(line);
  assert.equal(line.counter("fback-not-awaited"), 1);
});

test("RFC 4988 §5.2: a refusal is the end of it: no packets by the new router, an ordinary registration [4988-5.2-09]", () => {
  const line = leaving();
  acknowledge(line, { code: 130 });
  const message = "refused: Insufficient resources";
  assert.deepEqual(line.answers(), [{ id: 9, ok: false, message }]);
  const late = leaving();
  acknowledge(late);
  late.linkDown();
  late.linkUp();
  assert.ok(visiting(late) !== undefined);
  acknowledge(late, { code: 128 });
  assert.equal(visiting(late), undefined);
  late.event(advertisement({ source: FA2 }));
  late.accept({ foreign: [] });
  assert.equal(late.status().agent, "192.0.2.65");
});

test("RFC 4988 §4.2: the reactive mode: nobody foresaw it, the update goes as soon as the new router is heard [4988-4.2-10, 4988-4.2-11, 4068-6.1.1-06, 4068-5.5-05]", () => {
  const line = registered();
  line.linkDown();
  line.linkUp();
  assert.deepEqual(updatesIn(line), []);
  line.clear();
  const effects = line.event(advertisement({ source: FA2 }));
  const [update, ...more] = updatesIn(line);
  assert(update !== undefined && more.length === 0);
  assert.deepEqual([update.effect.destination, update.effect.link?.destination], [FA2, FA2_MAC]);
  assert.equal(update.message.homeAgent, FA1);
  assert.equal(update.message.careOfAddress, FA2);
  // The registration goes behind it, so that packets by the shorter way do not overtake.
  const types = (from: readonly Effect[]) =>
    from.flatMap((each) => (each.type === "send-udp" ? [each.payload[0]] : []));
  assert.deepEqual(types(effects), [20]);
  assert.equal(visiting(line), undefined);
  assert.deepEqual(types(acknowledge(line)), [1]);
  assert.ok(visiting(line) !== undefined);
  const unheard = registered();
  unheard.linkDown();
  unheard.linkUp();
  unheard.event(advertisement({ source: FA2 }));
  assert.deepEqual(unheard.requests().at(-1)?.effect.destination, FA1);
  unheard.until(unheard.now + 100);
  assert.deepEqual(unheard.requests().at(-1)?.effect.destination, FA2);
});

test("RFC 4068 §5.5: on another router than it was going to, the update names that one [4068-5.5-05]", () => {
  const line = leaving();
  acknowledge(line);
  line.linkDown();
  line.linkUp();
  line.clear();
  line.event(advertisement({ source: FA3, mac: FA3_MAC }));
  const [update] = updatesIn(line);
  assert.deepEqual(
    [update?.effect.destination, update?.message.careOfAddress, update?.message.homeAgent],
    [FA3, FA3, FA1],
  );
});

test("RFC 4068 §5.5: back at the router before the home agent knew, it takes the binding back and does no more [4068-5.5-01, 4068-5.5-03]", () => {
  const line = leaving();
  acknowledge(line);
  line.linkDown();
  line.linkUp();
  line.clear();
  line.event(advertisement());
  const [update, ...more] = updatesIn(line);
  assert(update !== undefined && more.length === 0);
  assert.deepEqual([update.message.lifetime, update.message.homeAddress], [0, HOME]);
  assert.deepEqual([update.effect.destination, update.effect.link?.destination], [FA1, FA1_MAC]);
  acknowledge(line);
  assert.ok(visiting(line)?.kind === "visiting");
  line.accept();
  assert.equal(line.status().agent, "192.0.2.1");
});

test("an address that is given for the new link is told; the binding is of the old one all the same [4068-5.2-02]", () => {
  const line = registered();
  const careOfAddress = ipv4("192.0.2.100");
  proxy(line, tupleOptions(tuple, careOfAddress));
  line.event({ type: "command", id: 9, name: "handover", args: { to: AP } });
  const { homeAddress, careOfAddress: bound } = updatesIn(line)[0]?.message ?? {};
  assert.deepEqual([homeAddress, bound], [HOME, FA2]);
  acknowledge(line, { code: 1, careOfAddress });
  assert.equal(line.reports("handover-prepared")[0]?.fields.care_of_address, "192.0.2.100");
});

test("what was made ready and never used is forgotten with its lifetime", () => {
  const line = leaving();
  acknowledge(line);
  line.until(line.now + 10_100);
  line.linkDown();
  line.linkUp();
  assert.equal(visiting(line), undefined);
  assert.equal(updatesIn(line).length, 1);
});

test("an orderly end waits for no acknowledgment", () => {
  const line = leaving();
  line.clear();
  line.event({ type: "shutdown" });
  line.until(line.now + 5000);
  assert.deepEqual(updatesIn(line), []);
});

test("what the node sends waits while it is between two links", () => {
  const line = leaving();
  const holds = () => {
    const item = line.node.forwarding().get("outgoing");
    return item?.kind === "outgoing" && item.hold;
  };
  assert.equal(holds(), false);
  line.linkDown();
  assert.equal(holds(), true);
  line.linkUp();
  assert.equal(holds(), true);
  acknowledge(line);
  assert.equal(holds(), false);
});

test("what has waited goes by the new agent at once, in frames: no way of the kernel's is needed", () => {
  const line = leaving();
  acknowledge(line);
  line.linkDown();
  line.linkUp();
  const item = line.node.forwarding().get("outgoing");
  assert(item?.kind === "outgoing" && !item.hold);
  assert.deepEqual(item.router, { interface: "wlan0", mac: FA2_MAC });
});

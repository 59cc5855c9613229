/** Commands, reload and the orderly end of the mobile node. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import {
  advertisement,
  FA1,
  HOME,
  HOME_CONTEXT,
  homeAdvertisement,
  makeConfig,
  packets,
  Timeline,
} from "./bench.ts";

test("register: a new registration at once, answered when it is accepted [5944-3.6-12]", () => {
  const line = Timeline.registered();
  line.clear();
  line.command("register", 7);
  assert.equal(line.requests().length, 1);
  assert.deepEqual(line.answers(), []);
  line.accept();
  assert.deepEqual(line.answers(), [{ id: 7, ok: true, message: "registered through 192.0.2.1" }]);
});

test("register: denied is answered with the reason", () => {
  const line = Timeline.registered();
  line.command("register", 7);
  line.accept({ code: 129 });
  const message = "denied, code 129: administratively prohibited";
  assert.deepEqual(line.answers(), [{ id: 7, ok: false, message }]);
  assert.equal(line.node.state, "registered", "what was registered still holds");
});

test("deregister: lifetime 0 for all bindings through the agent; lasts until register [5944-3.6.1.2-23] [5944-3.6.1.1-06] [5944-3.6.1.2-15]", () => {
  const line = Timeline.registered();
  line.clear();
  line.command("deregister", 1);
  const { effect, message } = line.lastRequest();
  assert.equal(effect.destination, FA1);
  assert.equal(message.lifetime, 0);
  assert.equal(message.careOfAddress, HOME);
  assert.equal(line.node.state, "registered");
  line.accept();
  assert.equal(line.node.state, "deregistered");
  assert.deepEqual(line.answers(), [{ id: 1, ok: true, message: "deregistered" }]);
  assert.deepEqual(line.items(), ["home-address", "listening/wlan0"]);
  line.clear();
  line.hearing(line.now + 100_000, advertisement());
  line.until(line.now + 100_000);
  assert.deepEqual(packets(line.log.map(({ effect: each }) => each)), []);
  line.event(advertisement());
  line.command("register", 2);
  assert.equal(line.requests().length, 1);
  line.accept();
  assert.equal(line.node.state, "registered");
  assert.equal(line.answers().at(-1)?.ok, true);
});

test("deregister: with nothing registered it is done at once", () => {
  const line = new Timeline();
  line.command("deregister", 1);
  assert.deepEqual(line.answers(), [{ id: 1, ok: true, message: "nothing is registered" }]);
  assert.equal(line.node.state, "deregistered");
});

test("deregister while a request is out: it may have been accepted, so it is taken back", () => {
  const line = new Timeline();
  line.linkUp();
  line.event(advertisement());
  line.command("deregister", 1);
  line.until(1000);
  assert.equal(line.lastRequest().message.lifetime, 0);
  line.accept();
  assert.equal(line.answers()[0]?.ok, true);
});

test("deregister without an agent waits for one, or for the end of the registration", () => {
  const line = Timeline.registered();
  line.linkDown();
  line.linkUp();
  line.command("deregister", 1);
  line.until(200_000);
  assert.deepEqual(line.answers(), []);
  line.until(303_000);
  assert.equal(line.answers()[0]?.ok, true);
  assert.equal(line.node.state, "deregistered");
});

test("The opposite command supersedes the waiting one; unknown ones are refused; waiting is bounded", () => {
  const line = Timeline.registered();
  line.command("register", 1);
  line.command("deregister", 2);
  line.command("sing", 3);
  assert.deepEqual(line.answers(), [
    { id: 1, ok: false, message: "superseded by deregister" },
    { id: 3, ok: false, message: "unknown command sing" },
  ]);
  for (let id = 10; id < 40; id++) line.command("deregister", id);
  assert.equal(line.answers().filter(({ ok }) => !ok).length, 2 + 15);
});

test("register at home: that is all there is to do", () => {
  const line = new Timeline();
  line.linkUp();
  line.event(homeAdvertisement());
  line.command("register", 1);
  line.until(0);
  line.accept();
  line.command("register", 2);
  assert.deepEqual(line.answers(), [
    { id: 1, ok: true, message: "at home" },
    { id: 2, ok: true, message: "at home" },
  ]);
});

test("shutdown: deregisters at once, waits for the reply, then wants nothing any more", () => {
  const line = Timeline.registered();
  line.clear();
  line.event({ type: "shutdown" });
  assert.equal(line.lastRequest().message.lifetime, 0);
  assert.ok(line.node.nextDeadline() !== undefined);
  line.accept();
  assert.equal(line.node.nextDeadline(), undefined);
  assert.deepEqual(line.event(advertisement()), []);
});

test("shutdown: without a reply it waits two seconds; with nothing registered not at all", () => {
  const line = Timeline.registered();
  const start = line.now;
  line.event({ type: "shutdown" });
  line.until(start + 1999);
  assert.ok(line.node.nextDeadline() !== undefined);
  line.until(start + 2000);
  assert.equal(line.node.nextDeadline(), undefined);
  const idle = new Timeline();
  idle.linkUp();
  idle.event({ type: "shutdown" });
  assert.equal(idle.node.nextDeadline(), undefined);
  assert.deepEqual(packets(idle.log.map(({ effect }) => effect)), []);
});

test("reload: other terms make a new registration, the same agent stays", () => {
  const line = Timeline.registered();
  const registration = { lifetime: 60, reverseTunnel: true, encapsulation: "ipip" } as const;
  line.clear();
  for (const effect of line.node.reconfigure(makeConfig({ registration }), line.clock())) {
    line.log.push({ at: line.now, effect });
  }
  assert.equal(line.node.state, "registered");
  assert.equal(line.lastRequest().message.lifetime, 60);
});

test("reload: another home address is another registration; an interface that is gone is gone", () => {
  const line = Timeline.registered();
  const homeAddress = ipv4("10.1.0.9");
  line.node.reconfigure(
    makeConfig({ homeAddress, interfaces: [{ name: "eth0", mode: "auto" }] }),
    line.clock(),
  );
  assert.equal(line.node.state, "searching");
  assert.deepEqual(line.items(), ["home-address"]);
  assert.equal(line.status().home_address, "10.1.0.9");
});

test("restore: what is not understood is as good as nothing", () => {
  for (const value of [null, 5, "x", [], { last: 3, offset_seconds: "9", nonce: -1.5 }]) {
    const line = new Timeline(makeConfig({ homeAssociation: { ...HOME_CONTEXT } }));
    line.event({
      type: "restore",
      entries: [
        ["identification", value],
        ["other", 1],
      ],
    });
    line.linkUp();
    line.event(advertisement());
    assert.equal(line.requests().length, 1);
  }
});

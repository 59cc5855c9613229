/** DNS names for a core: one answer each, in time, in bounds. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ipv4, ipv4 } from "../../shared/base/address.ts";
import type { Resolved } from "../../shared/protocol/core.ts";
import { LOOKUP_MS, NAMES_MAX, Names } from "../../shared/service/runtime/names.ts";
import { bench } from "./runtime-fixtures.ts";
import { settle, ToyClock } from "./toy-clock.ts";

const ADDRESS = ipv4("198.51.100.1");

function names(lookup: (name: string) => Promise<readonly Ipv4[]>) {
  const clock = new ToyClock();
  const answers: Resolved[] = [];
  return { clock, answers, it: new Names({ lookup, clock }, (event) => answers.push(event)) };
}

test("names: an answer is an event, never from within the step that asks", async () => {
  const { it, answers, clock } = names(async () => [ADDRESS]);
  it.resolve("ha.example.net");
  assert.deepEqual(answers, []);
  await settle();
  assert.deepEqual(answers, [{ type: "resolved", name: "ha.example.net", addresses: [ADDRESS] }]);
  assert.deepEqual(clock.timers, [], "no timer is left");
});

test("names: no address, and a resolver that fails, are an error in words", async () => {
  const { it, answers } = names(async (name) => {
    if (name === "none") return [];
    throw Object.assign(new Error("getaddrinfo ENOTFOUND gone"), { code: "ENOTFOUND" });
  });
  it.resolve("none");
  it.resolve("gone");
  await settle();
  assert.deepEqual(
    answers.map(({ name, addresses, error }) => [name, addresses, error]),
    [
      ["none", undefined, "it has no IPv4 address"],
      ["gone", undefined, "getaddrinfo ENOTFOUND gone"],
    ],
  );
});

test("names: one that hangs is given up after five seconds, and never holds more than one thread", async () => {
  let calls = 0;
  let release = (_: readonly Ipv4[]): void => {};
  const { it, answers, clock } = names(() => {
    calls++;
    return new Promise((resolve) => {
      release = resolve;
    });
  });
  it.resolve("slow");
  it.resolve("behind");
  await clock.advance(LOOKUP_MS - 1);
  assert.equal(answers.length, 0);
  await clock.advance(1);
  assert.deepEqual(
    answers.map(({ name, error }) => [name, error]),
    [
      ["slow", "no answer from the resolver"],
      ["behind", "no answer from the resolver"],
    ],
  );
  it.resolve("next");
  await settle();
  assert.equal(calls, 1, "the first is still at work");
  release([ADDRESS]);
  await settle();
  assert.equal(answers.length, 2, "what came late is nobody's answer");
  release([ADDRESS]);
  await settle();
  assert.equal(answers[2]?.name, "next");
});

test("names: asked twice it is answered once; beyond the bound at once with an error; closed, never", async () => {
  const { it, answers } = names(async () => new Promise(() => {}));
  for (let i = 0; i < NAMES_MAX; i++) it.resolve(`n${i}`);
  it.resolve("n0");
  it.resolve("more");
  await settle();
  assert.deepEqual(
    answers.map(({ name, error }) => [name, error]),
    [["more", "too many names are being resolved"]],
  );
  it.close();
  it.resolve("late");
  await settle();
  assert.equal(answers.length, 1);
});

test("run: a core's resolve effect goes to the resolver and comes back as an event", async (t) => {
  const b = bench(t, "mn");
  b.lookup = async () => [ADDRESS];
  b.core.react = ({ type }) =>
    type === "restore" ? [{ type: "resolve", name: "ha.example.net" }] : [];
  await b.start();
  await settle();
  const answer = { type: "resolved", name: "ha.example.net", addresses: [ADDRESS] };
  // The machine's own news of its links comes in between as it likes.
  assert.deepEqual(
    b.core.events.filter(({ type }) => type === "resolved"),
    [answer],
  );
});

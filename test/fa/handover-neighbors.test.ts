/** Neighbours that a foreign agent learns of: only what another agent says, behind its proof, of itself. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FastHandoverConfig, Neighbor } from "../../fa/core/handover/config.ts";
import type { Ipv4, Mac } from "../../shared/base/address.ts";
import type { Json, JsonObject } from "../../shared/base/result.ts";
import { macOption, proxyAnswers, tupleOptions } from "../../shared/protocol/fast-handover.ts";
import { encodeAuthenticated } from "../../shared/protocol/router-authentication.ts";
import { ntpTimestamp } from "../../shared/security/replay.ts";
import { encodeIcmp } from "../../shared/wire/icmp.ts";
import {
  AP1,
  AP2,
  AP3,
  AP4,
  arrive,
  carry,
  carryIcmp,
  fastHandover,
  fromNode,
  messageIn,
  NEXT,
  oneRouted,
  pair,
  predict,
  THIRD,
} from "./handover-harness.ts";
import { type Bench, FA, oneSend } from "./harness.ts";

/** A map with an agent's own access points alone. */
function own(router: Ipv4, ...accessPoints: Mac[]): Partial<FastHandoverConfig> {
  const neighbors = accessPoints.map((accessPoint): Neighbor => {
    return { accessPoint, router, routerMac: accessPoint, prefixLength: 26, fastHandover: true };
  });
  return { neighbors };
}

/** What a node is told of an access point: outcome, and the router. */
function told(bench: Bench, accessPoint: Mac) {
  const about = { code: 0, reserved: 0, identifier: 7, extensions: [macOption(1, accessPoint)] };
  const effects = fromNode(bench, { name: "rtsolpr", ...about });
  const [answer] = effects.filter((effect) => effect.type === "send-icmp");
  assert(answer !== undefined);
  const [tuple] = proxyAnswers(messageIn(answer, "prrtadv").extensions);
  return [tuple?.outcome, tuple?.router?.router];
}

const learned = ({ agent, now }: Bench): Json | undefined => {
  const status = agent.query("status", now) as JsonObject;
  return (status.handovers as JsonObject).neighbors_learned;
};

/** The node comes to the next router without a word before. */
function react(par: Bench, nar: Bench): void {
  const hi = oneRouted(carry(par, oneSend(arrive(nar))));
  carryIcmp(par, oneRouted(carryIcmp(nar, hi)));
}

test("after a first handover, which nobody could foresee, two agents know each other's access points", () => {
  const { par, nar } = pair(own(FA, AP1), own(NEXT, AP2, AP3));
  assert.deepEqual(told(par, AP2), [6, undefined]);
  assert.deepEqual([learned(par), learned(nar)], [0, 0]);
  react(par, nar);
  assert.deepEqual(told(par, AP2), [1, NEXT]);
  assert.deepEqual(told(par, AP3), [1, NEXT]);
  assert.deepEqual([learned(par), learned(nar)], [2, 1]);
  const to = { home_address: "10.1.0.7", access_point: AP3 };
  const ordered = par.agent.handle({ type: "command", id: 1, name: "handover", args: to }, par.now);
  assert.ok(ordered.some((effect) => effect.type === "answer" && effect.ok));
});

test("what is configured stands, whatever another agent says of the same access point", () => {
  const { par, nar } = pair(
    { neighbors: [...(own(FA, AP1).neighbors ?? []), ...(own(THIRD, AP2).neighbors ?? [])] },
    own(NEXT, AP2, AP3),
  );
  react(par, nar);
  assert.deepEqual(told(par, AP2), [1, THIRD]);
  assert.deepEqual(told(par, AP3), [1, NEXT]);
  assert.equal(learned(par), 1);
});

test("without our authenticator nothing is told and nothing is learned: a HI and a HAck are as in the RFC", () => {
  const authenticate = false;
  const { par, nar } = pair({ authenticate }, { authenticate });
  const { updated, initiated } = predict(par, nar);
  assert.deepEqual(
    [
      proxyAnswers(messageIn(oneRouted(updated), "hi").extensions),
      proxyAnswers(messageIn(oneRouted(initiated), "hack").extensions),
    ],
    [[], []],
  );
  const hi = messageIn(oneRouted(updated), "hi");
  const router = { accessPoint: AP4, router: FA, routerMac: AP4, prefixLength: 26 };
  const extensions = [...hi.extensions, ...tupleOptions(router)];
  const packet = { ...oneRouted(updated), payload: encodeIcmp({ ...hi, extensions }) };
  assert.equal(oneRouted(carryIcmp(nar, packet)).destination, FA);
  assert.equal(learned(nar), 0);
});

/** HIs of the previous router, each with other access points in it, are heard by the next one. */
function sayer(par: Bench, nar: Bench) {
  const packet = oneRouted(predict(par, nar).updated);
  const hi = messageIn(packet, "hi");
  const [context] = fastHandover.routers;
  assert(context !== undefined);
  // Without the proof, and what it names itself.
  const options = hi.extensions.slice(0, 2);
  const ends = { source: FA, destination: NEXT };
  return (...tuples: readonly Omit<Neighbor, "fastHandover">[]) => {
    const extensions = [...options, ...tuples.flatMap((each) => tupleOptions(each))];
    nar.pass(1);
    const timestamp = ntpTimestamp(nar.now.wall);
    const payload = encodeAuthenticated({ ...hi, extensions }, ends, timestamp, context);
    assert.equal(messageIn(oneRouted(carryIcmp(nar, { ...packet, payload })), "hack").code, 0);
  };
}

const tuple = (accessPoint: Mac, router: Ipv4) => {
  return { accessPoint, router, routerMac: accessPoint, prefixLength: 26 };
};

test("an agent speaks for itself alone: what it says of a third one is not believed", () => {
  const { par, nar } = pair(own(FA, AP1), own(NEXT, AP2));
  sayer(par, nar)(tuple(AP3, THIRD), tuple(AP4, FA));
  assert.deepEqual(told(nar, AP3), [6, undefined]);
  assert.deepEqual(told(nar, AP4), [1, FA]);
  assert.equal(learned(nar), 1);
});

test("of one agent eight access points are kept; the latest word is the whole of it", () => {
  const { par, nar } = pair(own(FA, AP1), own(NEXT, AP2));
  const many = Array.from({ length: 20 }, (_, i) => {
    return tuple(`02:00:00:00:0a:${(i + 16).toString(16)}` as Mac, FA);
  });
  const say = sayer(par, nar);
  say(...many);
  assert.equal(learned(nar), 8);
  say(tuple(AP4, FA));
  assert.equal(learned(nar), 1);
  say();
  assert.equal(learned(nar), 0);
});

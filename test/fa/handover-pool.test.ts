/** Addresses for arriving nodes, and a router that is started again. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { encodeIcmp } from "../../shared/wire/icmp.ts";
import {
  acknowledgmentIn,
  answers,
  carryIcmp,
  messageIn,
  oneRouted,
  pair,
  sendUpdate,
} from "./handover-harness.ts";

test("RFC 4988 §4.2: what a router gave out before it was started again may be on its way with its node: nobody else gets it meanwhile", () => {
  const first = ipv4("192.0.2.100");
  const { par, nar } = pair(
    { authenticate: false },
    { authenticate: false, pool: { first, last: first } },
  );
  const hi = oneRouted(sendUpdate(par));
  const { extensions, ...message } = messageIn(hi, "hi");
  const payload = encodeIcmp({ ...message, flags: 2, extensions: extensions.slice(0, 2) });
  const code = (): number => messageIn(oneRouted(carryIcmp(nar, { ...hi, payload })), "hack").code;
  nar.agent.handle({ type: "restore", entries: [["visitor/before", null]] }, nar.now);
  nar.pass(11.4);
  assert.equal(code(), 4);
  nar.pass(0.2);
  assert.equal(code(), 3);
});

test("RFC 4988 §4.2: an update that comes again lengthens nothing: the next router, which has the address reserved, does not hear of it", () => {
  const { par, nar } = pair();
  const hack = oneRouted(carryIcmp(nar, oneRouted(sendUpdate(par))));
  const granted = (effects: readonly Effect[]): number | undefined => {
    const [answer] = answers(effects).toNode;
    return answer && acknowledgmentIn(answer).lifetime;
  };
  assert.equal(granted(carryIcmp(par, hack)), 10);
  for (const left of [7, 4, 1]) {
    par.pass(3);
    assert.equal(granted(sendUpdate(par)), left);
  }
  par.run(1.1);
  assert.equal(messageIn(oneRouted(sendUpdate(par)), "hi").code, 0);
});

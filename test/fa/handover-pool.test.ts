/** Addresses for arriving nodes, and a router that is started again. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import { encodeIcmp } from "../../shared/wire/icmp.ts";
import { carryIcmp, messageIn, oneRouted, pair, sendUpdate } from "./handover-harness.ts";

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

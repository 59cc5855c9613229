/** What the home agent has accepted and this agent refuses: RFC 4636 §6. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Effect, SendUdp } from "../../shared/protocol/core.ts";
import { decodeControl } from "../../shared/wire/control.ts";
import { support } from "../revocation.ts";
import { challengeExtension } from "./challenge-bench.ts";
import { foreignHome, HA, HOME, oneSend, sends } from "./harness.ts";
import { HA_TIME, RevocationBench } from "./revocation-bench.ts";

/** Nobody has sent it. */
const wrong = challengeExtension(Uint8Array.of(1, 2, 3, 4));
const critical = {
  name: "critical-vendor-organization-specific-extension",
  reserved: 0,
  vendorOrgId: 9,
  vendorCvseType: 1,
  vendorCvseValue: Uint8Array.of(1),
} as const;

function revocationsIn(effects: readonly Effect[]): SendUdp[] {
  return sends(effects).filter(({ payload }) => payload[0] === 7);
}

/** The effects of the reply and of the seconds after it, in which a revocation may go out. */
function answered(bench: RevocationBench, accepting: Parameters<RevocationBench["accept"]>[0]) {
  const effects = bench.accept(accepting);
  return [...effects, ...bench.runAll(2)];
}

test("RFC 4636 §6: a successful reply that is refused is revoked at the home agent [4636-6-01]", () => {
  for (const fault of [wrong, critical]) {
    const bench = RevocationBench.up();
    const effects = answered(bench, { extra: [support(HA_TIME), fault] });
    assert.deepEqual(bench.visitors(), []);
    const [revocation] = revocationsIn(effects);
    assert(revocation !== undefined && revocation.destination === HA);
    const decoded = decodeControl(revocation.payload);
    assert(decoded.ok && decoded.value.message.name === "registration-revocation");
    assert.equal(decoded.value.message.homeAddress, HOME);
    assert.equal(
      decoded.value.message.extensions.at(-1)?.name,
      "foreign-home-authentication-extension",
    );
  }
});

test("RFC 4636 §6: not without agreement about revocation, nor for a denial or a deregistration", () => {
  for (const accepting of [
    { extra: [wrong] },
    { extra: [support(HA_TIME), wrong], fields: { code: 131 } },
    { extra: [support(HA_TIME), wrong], fields: { lifetime: 0 } },
  ]) {
    assert.deepEqual(revocationsIn(answered(RevocationBench.up(), accepting)), []);
  }
});

test("RFC 4636 §6: not for a reply that nothing shows to be the home agent's", () => {
  const bench = RevocationBench.up();
  const forged = { ...foreignHome, key: Uint8Array.of(7) };
  const effects = bench.reply(oneSend(bench.request()), {}, forged, [support(HA_TIME)]);
  assert.deepEqual(revocationsIn([...effects, ...bench.runAll(2)]), []);
});

test("RFC 4636 §6: a visit that goes on keeps its binding", () => {
  const bench = RevocationBench.visited();
  const effects = answered(bench, { extra: [support(HA_TIME + 1), wrong] });
  assert.equal(bench.visitors().length, 1);
  assert.deepEqual(revocationsIn(effects), []);
});

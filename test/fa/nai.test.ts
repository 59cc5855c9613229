/** Nodes that are known by a Network Access Identifier: RFC 2794 §3. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BROADCAST, ipv4, type Mac, UNSPECIFIED } from "../../shared/base/address.ts";
import type { SendUdp } from "../../shared/protocol/core.ts";
import { checkAuthentication } from "../../shared/security/authenticator.ts";
import { decodeControl, type RegistrationReply } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import {
  Bench,
  denialOf,
  HA,
  homeContext,
  oneSend,
  type RequestOptions,
  replyIn,
  reports,
  sends,
} from "./harness.ts";

const BOB = "bob@example.net";
const GIVEN = ipv4("10.1.0.50");
const nai = (text: string): ControlExtension => ({ name: "mobile-node-nai-extension", nai: text });
const asBob: RequestOptions = {
  fields: { homeAddress: UNSPECIFIED, extensions: [nai(BOB)] },
  event: { source: UNSPECIFIED },
};

/** The home agent's answer, with extensions that it protects. */
function answer(
  bench: Bench,
  relayed: SendUdp,
  fields: Partial<RegistrationReply> = {},
  extensions: readonly ControlExtension[] = [nai(BOB)],
) {
  return bench.reply(relayed, { homeAddress: GIVEN, extensions, ...fields });
}

test("RFC 2794 §3: with Home Address 0 the request waits under its NAI, and the visitor has the address that the reply gives [2794-3-01, 5944-3.7.1-03]", () => {
  const bench = Bench.up();
  const relayed = oneSend(bench.request(asBob));
  assert.equal(bench.visitors()[0]?.nai, BOB);
  assert.equal(bench.visitors()[0]?.home_address, null);
  const send = oneSend(answer(bench, relayed));
  assert.equal(send.destination, BROADCAST, "the node has no address yet");
  assert.equal(replyIn(send).homeAddress, GIVEN);
  const [row] = bench.visitors();
  assert.deepEqual([row?.home_address, row?.nai, row?.state], ["10.1.0.50", BOB, "registered"]);
  const [item] = bench.agent.forwarding().values();
  assert(item?.kind === "visitor");
  assert.equal(item.homeAddress, GIVEN);
});

test("RFC 2794 §3: without a NAI there is nothing to keep it under: 96 [2794-3-02]", () => {
  const options = { fields: { homeAddress: UNSPECIFIED }, event: { source: UNSPECIFIED } };
  assert.equal(denialOf(Bench.up(), options).reply.code, 96);
});

test("RFC 5944 §3.7.3.1: among requests with one home address, or none, the NAI decides [5944-3.7.3.1-03]", () => {
  for (const homeAddress of [UNSPECIFIED, GIVEN]) {
    const bench = Bench.up();
    const identification = 0xaaaaaaaa00000005n;
    const relayed = ["alice@example.net", BOB].map((name, i) => {
      const fields = { homeAddress, identification, extensions: [nai(name)] };
      const event = { linkSource: `02:00:00:00:01:0${i}` as Mac };
      return oneSend(bench.request({ fields, event }));
    });
    const [alice, bob] = relayed;
    assert(alice !== undefined && bob !== undefined);
    const stranger = answer(bench, bob, {}, [nai("carol@example.net")]);
    assert.deepEqual(sends(stranger), []);
    assert.equal(oneSend(answer(bench, bob)).link?.destination, "02:00:00:00:01:01");
    const toAlice = answer(bench, alice, {}, [nai("alice@example.net")]);
    assert.equal(oneSend(toAlice).link?.destination, "02:00:00:00:01:00");
  }
});

test("a node with a NAI renews under it, as one visitor, and may have been given another address than it asked for", () => {
  const bench = Bench.up();
  answer(bench, oneSend(bench.request(asBob)));
  const renewal = oneSend(bench.request(asBob));
  assert.deepEqual(
    bench.visitors().map(({ renewing }) => renewing),
    [true],
  );
  assert.equal(reports(answer(bench, renewal), "visitor-updated").length, 1);
  const wish = { homeAddress: ipv4("10.1.0.99"), extensions: [nai(BOB)] };
  const wished = oneSend(bench.request({ fields: wish }));
  assert.equal(reports(answer(bench, wished), "visitor-updated").length, 1);
  assert.equal(bench.visitors().length, 1);
});

test("RFC 2794 §3 by RFC 4636: what an accepting reply lacks is said in an FA Error Extension, its Code stays [2794-3-04, 2794-3-06, 2794-3-07, 2794-3-08, 5944-3.7.3.2-08]", () => {
  const cases = [
    [97, {}, []],
    [98, { homeAgent: UNSPECIFIED }, [nai(BOB)]],
    [99, { homeAddress: UNSPECIFIED }, [nai(BOB)]],
  ] as const;
  for (const [status, fields, extensions] of cases) {
    const bench = Bench.up();
    const effects = answer(bench, oneSend(bench.request(asBob)), fields, extensions);
    const send = oneSend(effects);
    const reply = replyIn(send);
    assert.equal(reply.code, 0);
    const error = { name: "fa-error-indication-to-mn", status };
    assert.deepEqual(reply.extensions.at(-1), error);
    const decoded = decodeControl(send.payload);
    assert(decoded.ok);
    const name = "mobile-home-authentication-extension";
    assert.equal(checkAuthentication(decoded.value, name, [homeContext]).outcome, "valid");
    assert.deepEqual(bench.visitors(), []);
    assert.equal(reports(effects, "denied").length, 1);
    assert.equal(bench.counter(`denied-${status}`), 1);
  }
});

test("a denial by the home agent stands as it is, whatever it lacks", () => {
  const bench = Bench.up();
  const effects = answer(bench, oneSend(bench.request(asBob)), {
    code: 131,
    homeAddress: UNSPECIFIED,
  });
  assert.equal(replyIn(oneSend(effects)).code, 131);
  assert.equal(replyIn(oneSend(effects)).extensions.length, 2);
});

test("an association may be with a NAI: extension 33 is checked and added by it [5944-3.5.3-01, 5944-3.7.1-09]", () => {
  const context = { ...homeContext, spi: 2000, nai: BOB };
  const bench = Bench.up({ mobileNodesByNai: [context] });
  assert.equal(denialOf(bench, asBob).reply.code, 67);
  bench.pass(2);
  const relayed = oneSend(bench.request({ ...asBob, foreignContext: context }));
  assert.equal(relayed.destination, HA);
  const decoded = decodeControl(oneSend(answer(bench, relayed)).payload);
  assert(decoded.ok);
  const name = "mobile-foreign-authentication-extension";
  assert.equal(checkAuthentication(decoded.value, name, [context]).outcome, "valid");
});

test("the NAI of a visitor outlives a restart", () => {
  const bench = Bench.up();
  const effects = answer(bench, oneSend(bench.request(asBob)));
  const entries = effects.flatMap((e) => (e.type === "persist" ? [[e.key, e.value] as const] : []));
  const later = Bench.up();
  later.agent.handle({ type: "restore", entries }, later.now);
  assert.equal(later.visitors()[0]?.nai, BOB);
});

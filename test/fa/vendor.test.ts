/** Vendor extensions (RFC 3115), experiments (RFC 4064) and notifications at the foreign agent. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BASE_EXTENSIONS,
  decodeControl,
  encodeControl,
  understanding,
} from "../../shared/wire/control.ts";
import { ReplyCode, replyOrigin } from "../../shared/wire/reply-code.ts";
import {
  Bench,
  denialOf,
  FA,
  foreignHome,
  HA,
  HOME,
  mobileForeign,
  oneSend,
  replyIn,
  reports,
  sends,
} from "./harness.ts";

const critical = {
  name: "critical-vendor-organization-specific-extension",
  reserved: 0,
  vendorOrgId: 9,
  vendorCvseType: 1,
  vendorCvseValue: Uint8Array.of(1, 2, 3),
} as const;
const normal = {
  name: "normal-vendor-organization-specific-extension",
  reserved: 0,
  vendorOrgId: 32473,
  vendorNvseType: 1,
  vendorNvseValue: Uint8Array.of(4, 5),
} as const;
const greKey3gpp2 = { name: "3gpp2-gre-key", reserved: 0, greKey: 7 } as const;
const nonSkippable = {
  name: "non-skippable-mobile-ipv4-experimental-extension",
  subtype: 1,
  opaque: Uint8Array.of(1),
} as const;
const skippable = {
  name: "skippable-mobile-ipv4-experimental-extension",
  subtype: 1,
  opaque: Uint8Array.of(1),
} as const;

test("RFC 3115 §2.3: a request with a critical extension of unknown vendor or type is denied with 100, wherever it stands [3115-2.3-01] [3115-2.4-01] [3115-3-01]", () => {
  for (const extension of [critical, { ...critical, vendorOrgId: 32473 }, greKey3gpp2]) {
    for (const options of [
      { foreign: [extension] },
      { fields: { extensions: [extension] } },
      { fields: { extensions: [normal, extension, extension] } },
    ]) {
      const bench = Bench.up();
      assert.equal(denialOf(bench, options).reply.code, 100);
      assert.deepEqual(bench.visitors(), []);
    }
  }
});

test("RFC 3115 §2.3, RFC 5944 §3.7.2.1: who the request is from is checked before what it asks for", () => {
  const bench = Bench.up({ mobileNodes: [mobileForeign] });
  assert.equal(denialOf(bench, { foreign: [critical] }).reply.code, 67);
});

test("RFC 3115 §2.3: a reply with such an extension becomes a denial with 101; the visit stays as it was [3115-2.3-02] [3115-2.4-01]", () => {
  const bench = Bench.up();
  const effects = bench.reply(oneSend(bench.request()), {}, undefined, [critical]);
  const { code, extensions } = replyIn(oneSend(effects));
  assert.equal(code, 101);
  assert.deepEqual(extensions, []);
  assert.deepEqual(bench.visitors(), []);
  assert.equal(reports(effects, "denied").length, 1);
});

test("RFC 3115 §2.3, RFC 5944 §3.7.3.1: a reply that fails authentication is judged by that", () => {
  const bench = Bench.up({ homeAgents: [foreignHome] });
  const effects = bench.reply(oneSend(bench.request()), {}, undefined, [critical]);
  assert.equal(replyIn(oneSend(effects)).extensions.at(-1)?.name, "fa-error-indication-to-mn");
});

test("RFC 3115 §2: who does not know extension 38 at all discards the message [3115-2-01]", () => {
  const bytes = Bench.up().requestBytes({ foreign: [critical] });
  const decoded = decodeControl(bytes, understanding(new Set(BASE_EXTENSIONS)));
  assert.equal(decoded.ok ? "" : decoded.error.code, "unknown-mandatory-extension");
});

test("RFC 3115 §2, §3: a normal extension of whatever vendor is stepped over; what is signed goes on, in its order [3115-2-02] [3115-2-03] [3115-2.3-04] [3115-3-01] [3115-3-02]", () => {
  const bench = Bench.up();
  const second = { ...normal, vendorNvseType: 2 };
  const fields = { extensions: [second, normal] };
  const bytes = bench.requestBytes({ fields });
  assert.deepEqual(oneSend(bench.deliver(bytes)).payload, bytes);
  const behind = Bench.up();
  const whole = behind.requestBytes({ fields, foreign: [normal] });
  const relayed = oneSend(behind.deliver(whole));
  assert.deepEqual(relayed.payload, whole.subarray(0, relayed.payload.length));
  const accepted = replyIn(oneSend(behind.reply(relayed, {}, undefined, [normal])));
  assert.equal(accepted.code, 0);
  assert.equal(accepted.extensions.length, 1, "behind extension 32 it was this agent's");
  assert.equal(behind.visitors().length, 1);
});

test("RFC 4064 §6, §8, §9: an experimental message, which no experiment here understands or authenticates, is silently discarded [4064-3-02] [4064-3-03] [4064-6-01] [4064-8-01] [4064-9-01]", () => {
  const payloads = [Uint8Array.of(255), Uint8Array.of(255, 32, 20, 0, 0, 1, 0)];
  for (const payload of payloads) {
    const bench = Bench.up();
    assert.deepEqual(sends([...bench.deliver(payload), ...bench.replyBytes(payload)]), []);
    assert.equal(bench.counter("discarded-unexpected-message"), 2);
  }
});

test("RFC 6098: Generic Notifications and their acknowledgments, which are not built, are counted and dropped, from the link and from the network", () => {
  const [homeAddress, homeAgentAddress, careOfAddress] = [HOME, HA, FA];
  const addresses = { homeAddress, homeAgentAddress, careOfAddress, identification: 1n };
  const rest = { md: 1, ...addresses, extensions: [] };
  const messages = [
    { name: "generic-notification", flags: 1, reserved: 0, ...rest },
    { name: "generic-notification-acknowledgment", code: 0, reserved: 0, ...rest },
  ] as const;
  for (const message of messages) {
    const bench = Bench.up();
    const payload = encodeControl(message);
    assert.deepEqual(sends([...bench.deliver(payload), ...bench.replyBytes(payload)]), []);
    assert.equal(bench.counter("discarded-unexpected-message"), 2);
  }
});

test("RFC 4064 §9: a message with extension 127 is silently discarded, in both directions [4064-9-03] [4064-9-04]", () => {
  for (const options of [{ foreign: [nonSkippable] }, { fields: { extensions: [nonSkippable] } }]) {
    const bench = Bench.up();
    assert.deepEqual(sends(bench.request(options)), []);
    assert.equal(bench.counter("discarded-request-unknown-mandatory-extension"), 1);
  }
  const bench = Bench.up();
  const relayed = oneSend(bench.request());
  assert.deepEqual(sends(bench.reply(relayed, {}, undefined, [nonSkippable])), []);
  assert.equal(bench.counter("discarded-reply-unknown-mandatory-extension"), 1);
  assert.equal(sends(bench.reply(relayed)).length, 1, "the request still waits");
});

test("RFC 4064 §9: extension 255 is ignored and the rest processed; none is ever added here [4064-9-02] [4064-6-02]", () => {
  const bench = Bench.up();
  const relayed = oneSend(bench.request({ foreign: [skippable] }));
  const decoded = decodeControl(relayed.payload);
  assert(decoded.ok);
  assert.deepEqual(
    decoded.value.message.extensions.map(({ name }) => name),
    ["mobile-home-authentication-extension"],
  );
  assert.equal(replyIn(oneSend(bench.reply(relayed, {}, undefined, [skippable]))).code, 0);
  assert.equal(bench.visitors().length, 1);
});

test("RFC 4064 §5: 127 and 192 are codes for experiments, of a foreign and a home agent [4064-5-01]", () => {
  assert.equal(ReplyCode.faExperimental, 127);
  assert.equal(ReplyCode.haExperimental, 192);
  assert.equal(replyOrigin(127), "foreign-agent");
  assert.equal(replyOrigin(192), "home-agent");
});

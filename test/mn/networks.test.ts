/** A mobile router: RFC 5177 §5, §7; RFC 6626 §3.1. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { MnCoreConfig, MovingNetwork } from "../../mn/core/config.ts";
import { formatPrefix, ipv4, parsePrefix } from "../../shared/base/address.ts";
import type { MovingNetworkItem } from "../../shared/forwarding/state.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import {
  advertisement,
  FA1,
  FA2,
  HOME,
  HOME_AGENT,
  HOME_LINK_ROUTER,
  homeAdvertisement,
  makeConfig,
  started,
  type Timeline,
} from "./bench.ts";

const prefix = (text: string) => {
  const parsed = parsePrefix(text);
  assert(parsed !== undefined);
  return parsed;
};
const TRAIN = "10.20.0.0/24";
const CARRIAGE = "10.20.4.0/22";
const dynamic = (wishedLength = 0, link = "lan0"): MovingNetwork => ({
  prefix: undefined,
  wishedLength,
  interface: link,
});

function router(
  networks: readonly (string | MovingNetwork)[],
  mode: "explicit" | "implicit" = "explicit",
  more: Partial<MnCoreConfig> = {},
): MnCoreConfig {
  const rows = networks.map((one) =>
    typeof one === "string" ? { prefix: prefix(one), wishedLength: 0, interface: "lan0" } : one,
  );
  return makeConfig({ mobileRouter: { mode, networks: rows }, ...more });
}

/** An acknowledgement `sub-type/code prefix`. */
function ack(text: string): ControlExtension {
  const [, subtype, code, address = "", length] = /^(\d)\/(\d) (.*)\/(\d+)$/.exec(text) ?? [];
  const name =
    subtype === "1"
      ? "explicit-mode-acknowledgement-extension"
      : "implicit-mode-acknowledgement-extension";
  const fields = { code: Number(code), reserved: 0, prefix: ipv4(address) };
  return { name, ...fields, prefixLength: Number(length) } as ControlExtension;
}
const acks = (...texts: readonly string[]) => ({ extensions: texts.map(ack) });

function wishes(line: Timeline): string[] {
  return line.lastRequest().message.extensions.flatMap((extension) => {
    if (extension.name !== "mobile-network-request-extension") return [];
    return [formatPrefix({ address: extension.prefix, length: extension.prefixLength })];
  });
}

/** On the link of an agent, with a request out. */
function asking(config: MnCoreConfig, flags?: number): Timeline {
  const line = started(config);
  line.event(advertisement(flags === undefined ? {} : { flags }));
  return line;
}

function networkItems(line: Timeline): MovingNetworkItem[] {
  return [...line.node.forwarding().values()].filter((item) => item.kind === "moving-network");
}
const ways = (line: Timeline) => networkItems(line).map(({ way }) => way);

const TUNNEL = {
  kind: "tunnel",
  encapsulation: "ipip",
  local: HOME,
  homeAgent: HOME_AGENT,
  through: { encapsulation: "ipip" },
};

test("RFC 5177 §4.1: explicit mode: each prefix in an extension of its own, before extension 32, in every request, with T [5177-4.1-02] [5177-5-01] [5177-5-03] [5177-3-01] [5177-10-02] [5177-5.2-01] [5177-5-04]", () => {
  const line = asking(router([TRAIN, CARRIAGE]));
  assert.deepEqual(wishes(line), [TRAIN, CARRIAGE]);
  const { message } = line.lastRequest();
  assert.ok((message.flags & RequestFlag.T) !== 0);
  assert.equal(message.extensions.at(-1)?.name, "mobile-home-authentication-extension");
  line.accept(acks(`1/0 ${TRAIN}`, `1/0 ${CARRIAGE}`));
  line.hearing(line.now + 200_000, advertisement());
  assert.ok(line.requests().length > 1);
  for (const { message: each } of line.requests()) {
    const asked = each.extensions.filter(({ name }) => name === "mobile-network-request-extension");
    assert.equal(asked.length, 2);
  }
});

test("RFC 5177 §5: with the acceptance the networks get their tunnel, from the home address to the home agent, inside the agent's [5177-5-02] [5177-7-04] [5177-3-03] [5177-5-04]", () => {
  const line = asking(router([TRAIN, CARRIAGE]));
  assert.deepEqual(ways(line), [undefined, undefined]);
  line.accept(acks(`1/0 ${TRAIN}`, `1/2 ${CARRIAGE}`));
  assert.deepEqual(ways(line), [TUNNEL, undefined]);
  assert.deepEqual(line.status().networks, [TRAIN]);
  const [told] = line.reports("mobile-networks");
  assert.deepEqual(told?.fields.networks, [TRAIN]);
  assert.match(String(told?.fields.denied), /^10\.20\.4\.0\/22: .*not authorized/);
  assert.equal(told?.level, "warning");
});

test("RFC 5177 §5: the tunnel stays through a handover, with hosts none the wiser [5177-3-03] [5177-3-02]", () => {
  const line = asking(router([TRAIN]));
  line.accept(acks(`1/0 ${TRAIN}`));
  line.linkDown();
  assert.deepEqual(ways(line), [undefined], "nothing may go where nobody serves");
  line.linkUp();
  line.event(advertisement({ source: FA2 }));
  assert.deepEqual(wishes(line), [TRAIN]);
  line.accept(acks(`1/0 ${TRAIN}`));
  assert.deepEqual(ways(line), [TUNNEL]);
});

test("RFC 5177 §5: implicit mode: no request names a network, and sub-type 2 tells which are forwarded [5177-5-03] [5177-3-01] [5177-5-02]", () => {
  const line = asking(router([TRAIN, CARRIAGE], "implicit"));
  assert.deepEqual(wishes(line), []);
  line.accept(acks(`2/0 ${CARRIAGE}`));
  assert.deepEqual(ways(line), [undefined, TUNNEL]);
});

test("RFC 5177 §4.2: both kinds of acknowledgements may come in one reply [5177-4.2-04]", () => {
  const line = asking(router([TRAIN, CARRIAGE]));
  line.accept(acks(`1/0 ${TRAIN}`, `2/0 ${CARRIAGE}`));
  assert.deepEqual(ways(line), [TUNNEL, TUNNEL]);
});

test("RFC 5177 §5.1: a reply without any acknowledgement: no support, nothing is forwarded [5177-5.1-03]", () => {
  const line = asking(router([TRAIN]));
  line.accept();
  assert.equal(line.node.state, "registered");
  assert.deepEqual(ways(line), [undefined]);
  const [told] = line.reports("mobile-networks");
  assert.equal(told?.fields.supported, false);
});

test("RFC 5177 §5: without a reverse tunnel the networks are routed by the agent [5177-5-02] [5177-7-04]", () => {
  const terms = { ...makeConfig().registration, reverseTunnel: false };
  const line = asking(router([TRAIN], "explicit", { registration: terms }));
  line.accept(acks(`1/0 ${TRAIN}`));
  assert.deepEqual(ways(line), [{ kind: "router", interface: "wlan0", gateway: FA1 }]);
});

test("RFC 5177 §7: the headers of the agent's own tunnel are counted, in the form that was asked for", () => {
  const terms = { ...makeConfig().registration, encapsulation: "gre" as const };
  const { F, T, R, G } = AdvertisementFlag;
  const line = asking(router([TRAIN], "explicit", { registration: terms }), F | T | R | G);
  line.accept(acks(`1/0 ${TRAIN}`));
  assert.deepEqual(ways(line), [{ ...TUNNEL, through: { encapsulation: "gre" } }]);
});

test("RFC 5177 §5: a deregistration asks for no network, and at home the home router serves [5177-5-05]", () => {
  const line = asking(router([TRAIN]));
  line.accept(acks(`1/0 ${TRAIN}`));
  line.linkDown();
  line.linkUp();
  line.event(homeAdvertisement());
  line.until(line.now + 10);
  const { message } = line.lastRequest();
  assert.equal(message.lifetime, 0);
  assert.deepEqual(wishes(line), []);
  line.accept();
  assert.equal(line.node.state, "home");
  assert.deepEqual(ways(line), [{ kind: "router", interface: "wlan0", gateway: HOME_LINK_ROUTER }]);
});

test("RFC 5177 §5.1: after code 148 no request to this home agent names a network, and the node registers without [5177-5.1-01]", () => {
  const line = asking(router([TRAIN, dynamic()]));
  assert.deepEqual(wishes(line), [TRAIN, "0.0.0.0/0"]);
  line.accept({ code: 148 });
  line.until(line.now + 1500);
  assert.deepEqual(wishes(line), []);
  line.accept();
  assert.equal(line.node.state, "registered");
  assert.deepEqual(ways(line), [undefined, undefined]);
  line.clear();
  line.hearing(line.now + 205_000, advertisement());
  assert.deepEqual(wishes(line), []);
  line.accept();
  // Somebody asks for a new try.
  line.command("register", 1);
  line.until(line.now + 1500);
  assert.deepEqual(wishes(line), [TRAIN, "0.0.0.0/0"]);
});

test("RFC 5177 §5.1: after code 147 no request names the prefixes of its acknowledgements [5177-5.1-02]", () => {
  const line = asking(router([TRAIN, CARRIAGE]));
  line.accept({ code: 147, ...acks(`1/2 ${TRAIN}`) });
  assert.deepEqual(ways(line), [undefined, undefined]);
  line.until(line.now + 1500);
  assert.deepEqual(wishes(line), [CARRIAGE]);
  line.accept({ code: 147, ...acks(`1/3 ${CARRIAGE}`) });
  line.until(line.now + 1500);
  assert.deepEqual(wishes(line), []);
  line.accept();
  assert.equal(line.node.state, "registered");
});

test("RFC 5177 §5.1: code 147 for nothing that was asked for is a denial like any other", () => {
  const line = asking(router([TRAIN]));
  const count = line.requests().length;
  line.accept({ code: 147, ...acks("1/2 10.99.0.0/24") });
  line.until(line.now + 1500);
  assert.equal(line.requests().length, count);
  assert.equal(line.node.state, "failed");
});

test("RFC 6626 §3.1: prefix zero asks for a network; what comes is on the link and is asked for by name [6626-3.1-01] [6626-3.1-02] [6626-3.1-03] [6626-3.1-04]", () => {
  const line = asking(router([dynamic(26), dynamic(0, "lan1")]));
  assert.deepEqual(wishes(line), ["0.0.0.0/26", "0.0.0.0/0"]);
  assert.deepEqual(
    networkItems(line).map((item) => [item.interface, item.prefix]),
    [
      ["lan0", undefined],
      ["lan1", undefined],
    ],
  );
  line.accept(acks("1/0 10.64.3.0/26", "1/4 0.0.0.0/0"));
  const [item] = networkItems(line);
  assert.deepEqual(item?.prefix, prefix("10.64.3.0/26"));
  assert.equal(item?.address, ipv4("10.64.3.1"));
  assert.deepEqual(item?.way, TUNNEL);
  line.clear();
  line.hearing(line.now + 200_000, advertisement());
  assert.deepEqual(wishes(line), ["10.64.3.0/26", "0.0.0.0/0"]);
});

test("RFC 6626 §3.2: with the registration the network that was given out is gone [6626-3.1-04]", () => {
  const line = asking(router([dynamic()]));
  line.accept({ ...acks("1/0 10.64.3.0/24"), lifetime: 60 });
  line.linkDown();
  assert.equal(networkItems(line)[0]?.address, ipv4("10.64.3.1"), "the binding holds");
  line.until(line.now + 61_000);
  assert.deepEqual(networkItems(line), [
    {
      kind: "moving-network",
      interface: "lan0",
      prefix: undefined,
      address: undefined,
      way: undefined,
    },
  ]);
});

test("RFC 6626 §3.1: code 1 or 4 for a prefix of zero: it is not asked for again; a lost one is asked for anew [6626-3.1-05]", () => {
  const line = asking(router([dynamic()]));
  line.accept({ code: 147, ...acks("1/1 0.0.0.0/0") });
  line.until(line.now + 1500);
  assert.deepEqual(wishes(line), []);
  const other = asking(router([dynamic()]));
  other.accept(acks("1/0 10.64.3.0/24"));
  other.linkDown();
  other.linkUp();
  other.event(advertisement({ source: FA2 }));
  assert.deepEqual(wishes(other), ["10.64.3.0/24"]);
  other.accept({ code: 147, ...acks("1/2 10.64.3.0/24") });
  other.until(other.now + 1500);
  assert.deepEqual(wishes(other), ["0.0.0.0/0"]);
});

test("RFC 6626 §3.2: a home address and a network may be asked for in one request [6626-3.2-04]", () => {
  const config = router([dynamic()], "explicit", {
    homeAddress: ipv4("0.0.0.0"),
    nai: "bob@example.net",
  });
  const line = asking(config);
  assert.deepEqual(wishes(line), ["0.0.0.0/0"]);
  assert.equal(line.lastRequest().message.homeAddress, 0);
  line.accept({ homeAddress: HOME, ...acks("1/0 10.64.3.0/24") });
  assert.deepEqual(ways(line), [TUNNEL]);
});

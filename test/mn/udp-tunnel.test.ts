/** Tunnels in UDP at the mobile node: what is asked for, and what an answer means. RFC 3519. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4 } from "../../shared/base/address.ts";
import type { LinkChanged } from "../../shared/protocol/core.ts";
import { controlMessages, RequestFlag } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import { brokenOrderRules } from "../../shared/wire/order.ts";
import {
  advertisement,
  FA1,
  HOME_AGENT,
  HOME_CONTEXT,
  makeConfig,
  OWN_MAC,
  type ReplyOptions,
  Timeline,
} from "./bench.ts";

const OWN = ipv4("192.168.1.50");
const { F, T, R, U } = AdvertisementFlag;

const host: LinkChanged = {
  type: "link",
  interface: "wlan0",
  link: {
    ...{ up: true, mac: OWN_MAC, mtu: 1500, addresses: [{ address: OWN, length: 24 }] },
    defaultRoute: { gateway: ipv4("192.168.1.1") },
  },
};

type Registration = ReturnType<typeof makeConfig>["registration"];

/** A node with an address of its own, and the agent that it hears, if any. */
function asked(registration: Partial<Registration>, agent?: number): Timeline {
  const mode = agent === undefined ? "co-located" : "auto";
  const line = new Timeline(makeConfig({ interfaces: [{ name: "wlan0", mode }], registration }));
  line.event(host);
  if (agent !== undefined) line.event(advertisement({ flags: agent }));
  line.until(10_000);
  return line;
}

const auto = { natTraversal: "auto" } as const;

/** Flags of the extension in the last request; `undefined`: there is none. */
function wish(line: Timeline): number | undefined {
  const { extensions } = line.lastRequest().message;
  const found = extensions.find(({ name }) => name === "regular-udp-tunnel-request-extension");
  return found?.name === "regular-udp-tunnel-request-extension" ? found.flags : undefined;
}

const answer = (replyCode: number, keepaliveInterval = 0): ControlExtension => {
  return { name: "regular-udp-tunnel-reply-extension", replyCode, flags: 0, keepaliveInterval };
};

const tunnelOf = (line: Timeline) => {
  const item = line.node.forwarding().get("co-located/wlan0");
  assert.ok(item?.kind === "co-located");
  return [item.udpPort, item.keepalive, item.awaitsKeepalive];
};

function granted(options: ReplyOptions, registration: Partial<Registration> = auto): Timeline {
  const line = asked(registration);
  line.accept(options);
  assert.equal(line.node.state, "registered");
  return line;
}

test("RFC 3519 §4.4: a co-located address comes with the wish for a UDP tunnel, in front of extension 32, with D and T [3519-4.4-01] [3519-4.4-03] [3519-3.1.5-01] [3519-3.1.5-02] [3519-4.2-01]", () => {
  const line = asked(auto);
  const { message, effect } = line.lastRequest();
  assert.deepEqual(
    message.extensions.map(({ name }) => name),
    ["regular-udp-tunnel-request-extension", "mobile-home-authentication-extension"],
  );
  assert.deepEqual(brokenOrderRules(controlMessages, message), []);
  assert.equal(wish(line), 0);
  assert.equal(message.flags, RequestFlag.D | RequestFlag.T);
  assert.deepEqual([effect.source, effect.destination, effect.sourcePort], [OWN, HOME_AGENT, 434]);
  assert.equal(wish(asked({ natTraversal: "force" })), 0x80);
  assert.equal(wish(asked({ natTraversal: "off" })), undefined);
});

test("RFC 3519 §4.4: never with an agent's care-of address [3519-4.4-02]", () => {
  for (const natTraversal of ["auto", "force"] as const) {
    const line = asked({ natTraversal }, F | T);
    assert.equal(line.lastRequest().message.careOfAddress, FA1);
    assert.equal(wish(line), undefined);
  }
});

test("RFC 3519 §4.11: through an agent only where that one is behind a NAT itself, with the R flag; then a keepalive goes at once [3519-3.1.2-01] [3519-4.4-09] [3519-4.4-10] [3519-4.4-11] [3519-6.1.2-02]", () => {
  const through = (flags: number, natTraversal: Registration["natTraversal"]) => {
    const config = makeConfig({
      interfaces: [{ name: "wlan0", mode: "co-located" }],
      registration: { natTraversal },
    });
    const line = new Timeline(config);
    line.event(host);
    line.event(advertisement({ flags }));
    line.until(10_000);
    assert.equal(line.lastRequest().message.careOfAddress, OWN);
    assert.equal(line.lastRequest().effect.destination, FA1);
    return line;
  };
  assert.equal(wish(through(F | T | R, "auto")), undefined);
  assert.equal(wish(through(F | T | R, "force")), undefined);
  assert.equal(wish(through(F | T | R | U, "force")), 0xc0);
  const line = through(F | T | R | U, "auto");
  assert.equal(wish(line), 0x40);
  line.accept({ extensions: [answer(0, 30)] });
  assert.deepEqual(tunnelOf(line), [434, 30, true]);
});

test("RFC 3519 §3.2.1: codes 0 to 63 mean a tunnel in UDP from and to the ports of the registration, 64 to 255 none [3519-3.2.1-01] [3519-2-01] [3519-4.4-06] [3519-4.4-07] [3519-4.9-03]", () => {
  for (const code of [0, 1, 63]) {
    const line = granted({ extensions: [answer(code, 30)] });
    assert.deepEqual(tunnelOf(line), [434, 30, false]);
    assert.equal(line.status().udp_tunnel, true);
    assert.equal(line.reports("registered")[0]?.fields.udp_tunnel, true);
  }
  for (const code of [64, 255]) {
    assert.deepEqual(tunnelOf(granted({ extensions: [answer(code)] })), [
      undefined,
      undefined,
      undefined,
    ]);
  }
});

test("RFC 3519 §4.4: without an answer, or with one that the home agent has not signed, there is none [3519-4.4-04] [3519-4.4-05] [3519-3.1.1-03] [3519-4.6-12]", () => {
  const none = [undefined, undefined, undefined];
  assert.deepEqual(tunnelOf(granted({})), none);
  assert.deepEqual(tunnelOf(granted({ behind: [answer(0)] })), none);
  const unasked = granted({ extensions: [answer(0)] }, { natTraversal: "off" });
  assert.deepEqual(tunnelOf(unasked), none);
  assert.equal(unasked.status().udp_tunnel, false);
});

test("RFC 3519 §3.2: interval 0 leaves it to the node's own [3519-3.2-03]", () => {
  assert.deepEqual(tunnelOf(granted({ extensions: [answer(0, 0)] })), [434, 110, false]);
  const own = granted({ extensions: [answer(0, 0)] }, { ...auto, keepalive: 25 });
  assert.deepEqual(tunnelOf(own), [434, 25, false]);
});

test("RFC 3519 §4.7: the tunnel ends with the registration [3519-4.7-04]", () => {
  const line = granted({ extensions: [answer(0, 30)], lifetime: 30 });
  line.until(60_000);
  assert.equal(line.node.state, "failed");
  const ways = [...line.node.forwarding().values()].filter(
    (item) => item.kind === "co-located" && item.isPassive !== true,
  );
  assert.deepEqual(ways, []);
});

test("RFC 3519 §4.1: M and G are asked for in UDP, too; after code 142 the request is repeated without them [3519-4.1-01] [3519-4.1-06]", () => {
  for (const [encapsulation, flag] of [
    ["minimal", RequestFlag.M],
    ["gre", RequestFlag.G],
  ] as const) {
    const line = asked({ ...auto, encapsulation });
    assert.equal(line.lastRequest().message.flags & flag, flag);
    line.accept({ code: 142, home: [HOME_CONTEXT] });
    line.until(line.now + 1000);
    assert.equal(line.lastRequest().message.flags & flag, 0);
    assert.equal(wish(line), 0);
  }
});

test("RFC 3519 §4.10: nothing comes back any more: registered anew at once, with shorter and shorter intervals on that way, never below ten seconds; another way has the whole one [3519-4.10-01] [3519-4.10-02] [3519-4.10-03] [3519-4.10-04] [3519-4.10-05]", () => {
  const line = granted({ extensions: [answer(0, 60)] });
  const lost = { type: "path", careOfAddress: OWN, homeAgent: HOME_AGENT, isLost: true } as const;
  const intervals = [60, 30, 15, 10, 10].map((expected) => {
    line.until(line.now + 10_000);
    assert.equal(tunnelOf(line)[1], expected);
    const before = line.requests().length;
    line.event(lost);
    assert.equal(line.requests().length, before + 1);
    line.accept({ extensions: [answer(0, 60)] });
    return tunnelOf(line)[1];
  });
  assert.deepEqual(intervals, [30, 15, 10, 10, 10]);
  const elsewhere = ipv4("192.168.7.50");
  assert.ok(host.link !== undefined);
  const link = { ...host.link, addresses: [{ address: elsewhere, length: 24 }] };
  line.event({ ...host, link });
  line.until(line.now + 3000);
  line.accept({ extensions: [answer(0, 60)] });
  assert.equal(line.lastRequest().message.careOfAddress, elsewhere);
  assert.equal(tunnelOf(line)[1], 60);
  assert.equal(tunnelOf(granted({ extensions: [answer(0, 5)] }))[1], 10);
});

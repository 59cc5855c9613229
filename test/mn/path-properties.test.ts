/** Whatever interfaces, addresses, agents and ways do: one way serves at a time, and it is there. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { InterfaceConfig, MnCoreConfig } from "../../mn/core/config.ts";
import { type Ipv4, ipv4 } from "../../shared/base/address.ts";
import type { LinkChanged, SendUdp } from "../../shared/protocol/core.ts";
import { RequestFlag } from "../../shared/wire/control.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import {
  advertisement,
  HOME,
  HOME_AGENT,
  homeAdvertisement,
  makeConfig,
  OWN_MAC,
  readRequest,
  replyTo,
  Timeline,
} from "./bench.ts";

type Link = NonNullable<LinkChanged["link"]>;
const NAMES = ["wlan0", "eth0"] as const;
const ADDRESSES = ["203.0.113.50", "203.0.113.51", "198.18.0.9", "10.1.0.50", "169.254.1.1"];
const { F, T, R } = AdvertisementFlag;

interface World {
  readonly line: Timeline;
  readonly links: Map<string, Link>;
}
type Step = (world: World) => void;

const name = fc.constantFrom(...NAMES);
const address = fc.constantFrom(...ADDRESSES.map(ipv4));

const plug = fc
  .record({
    name,
    up: fc.boolean(),
    addresses: fc.uniqueArray(address, { maxLength: 2 }),
    gateway: fc.option(fc.constantFrom(ipv4("203.0.113.1"), undefined), { nil: null }),
  })
  .map(
    ({ name: on, up, addresses, gateway }): Step =>
      ({ line, links }) => {
        const link: Link = {
          ...{ up, mac: OWN_MAC, mtu: 1500 },
          addresses: addresses.map((one) => ({ address: one, length: 24 })),
          ...(gateway === null ? {} : { defaultRoute: { gateway } }),
        };
        links.set(on, link);
        line.event({ type: "link", interface: on, link });
      },
  );

const hear = fc
  .record({
    name,
    host: fc.nat(3),
    lifetime: fc.constantFrom(0, 3, 30),
    flags: fc.constantFrom(F | T, F | T | R),
    home: fc.boolean(),
    prefix: fc.option(fc.constantFrom(24, 26), { nil: undefined }),
  })
  .map(
    ({ name: on, host, lifetime, flags, home, prefix }): Step =>
      ({ line }) => {
        const options = { interface: on, lifetime };
        const source = ipv4(`192.0.2.${1 + host * 64}`);
        const prefixes = prefix === undefined ? undefined : [prefix];
        const foreign = advertisement({ ...options, source, flags, prefixes });
        line.event(home ? homeAdvertisement(options) : foreign);
      },
  );

const answer = fc.tuple(fc.constantFrom(0, 0, 0, 65, 66, 128, 133), fc.nat(300)).map(
  ([code, lifetime]): Step =>
    ({ line }) => {
      const request = line.requests().at(-1);
      if (request !== undefined) line.event(replyTo(request, { code, lifetime }));
    },
);

const news = fc.tuple(address, fc.boolean()).map(
  ([careOfAddress, isLost]): Step =>
    ({ line }) => {
      line.event({ type: "path", careOfAddress, homeAgent: HOME_AGENT, isLost });
    },
);

const wait = fc.constantFrom(1, 900, 4000, 40_000).map(
  (ms): Step =>
    ({ line }) => {
      line.until(line.now + ms);
    },
);
const command = fc.constantFrom("register", "deregister", "handover").map(
  (word): Step =>
    ({ line }) =>
      void line.command(word, 1),
);

const step = fc.oneof(
  { weight: 4, arbitrary: plug },
  { weight: 3, arbitrary: hear },
  { weight: 4, arbitrary: answer },
  { weight: 1, arbitrary: news },
  { weight: 4, arbitrary: wait },
  { weight: 1, arbitrary: command },
);

function has(link: Link | undefined, wanted: Ipv4): boolean {
  return link?.up === true && link.addresses.some(({ address: one }) => one === wanted);
}

/** One way serves, by an address that its interface has; passive ones only beside another. */
function checkItems({ line, links }: World): void {
  const items = [...line.node.forwarding().values()];
  const serving = items.filter(
    (item) =>
      item.kind === "visiting" ||
      item.kind === "at-home" ||
      (item.kind === "co-located" && item.isPassive !== true),
  );
  assert.ok(serving.length <= 1, line.items().join(" "));
  for (const item of serving) {
    if (item.kind !== "co-located") continue;
    const { interface: on, careOfAddress } = item.path;
    assert.ok(has(links.get(on), careOfAddress), "the care-of address is there");
    assert.notEqual(careOfAddress, HOME);
  }
}

/** From the address of the interface that it leaves by, D exactly when that is registered. */
function checkRequest(effect: SendUdp, links: ReadonlyMap<string, Link>): void {
  const { message } = readRequest(effect);
  const isCoLocated = message.careOfAddress === effect.source && message.lifetime > 0;
  assert.equal((message.flags & RequestFlag.D) !== 0, isCoLocated);
  if (effect.device !== undefined) assert.ok(has(links.get(effect.device), effect.source));
  else if (effect.source !== HOME) {
    assert.ok(has(links.get(effect.link?.interface ?? ""), effect.source));
  }
}

const rows = fc
  .tuple(...NAMES.map(() => fc.constantFrom("auto", "co-located", "foreign-agent")))
  .map((modes): InterfaceConfig[] =>
    NAMES.map((one, i) => ({ name: one, mode: modes[i] as InterfaceConfig["mode"] })),
  );
const movement = fc.constantFrom<MnCoreConfig["movement"]>("lazy", "prefix", "eager");

test("Whatever happens on two interfaces: one way serves, requests leave from what is there and keep their pace [5944-1.7-07] [5944-3.6.1.1-01] [5944-3.6.1.2-03] [5944-2.4.2-03]", () => {
  fc.assert(
    fc.property(rows, movement, fc.array(step, { maxLength: 60 }), (interfaces, how, list) => {
      const line = new Timeline(makeConfig({ interfaces, movement: how }));
      const world: World = { line, links: new Map() };
      for (const one of list) {
        const seen = line.log.length;
        one(world);
        checkItems(world);
        for (const { effect } of line.log.slice(seen)) {
          if (effect.type === "send-udp") checkRequest(effect, world.links);
        }
      }
      const requests = line.requests();
      requests.forEach((request, i) => {
        const earlier = requests[i - 3];
        if (earlier !== undefined) assert.ok(request.at - earlier.at >= 1000, "pace");
      });
      line.event({ type: "shutdown" });
      line.until(line.now + 10_000);
      assert.equal(line.node.nextDeadline(), undefined);
    }),
    { numRuns: 500 },
  );
});

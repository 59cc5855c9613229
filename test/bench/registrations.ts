/** Registrations a second through the foreign and the home agent's cores, authenticators included. */

import { ForeignAgent } from "../../fa/core/foreign-agent.ts";
import { HomeAgent } from "../../ha/core/home-agent.ts";
import { ipv4, type Mac, toIpv4 } from "../../shared/base/address.ts";
import { seededRandom } from "../../shared/base/random.ts";
import type { Instant, Now, WallTime } from "../../shared/base/time.ts";
import type { Core, Effect, SendUdp, UdpReceived } from "../../shared/protocol/core.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import { ntpTimestamp } from "../../shared/security/replay.ts";
import { encodeControl } from "../../shared/wire/control.ts";
import { config as foreignConfig } from "../fa/harness.ts";
import type { Row } from "./table.ts";

const FA = ipv4("192.0.2.1");
const HA = ipv4("198.51.100.1");
const HOME = ipv4("10.0.0.0");
const context = {
  spi: 256,
  algorithm: "hmac-md5",
  key: new Uint8Array(16).fill(7),
  replay: "timestamp",
} as const;

function clock(): Now {
  return { monotonic: performance.now() as Instant, wall: Date.now() as WallTime };
}

function homeAgent(nodes: number): HomeAgent {
  return new HomeAgent(
    {
      address: HA,
      homeNetworks: [{ prefix: { address: HOME, length: 8 }, interface: undefined }],
      mobileNodes: Array.from({ length: nodes }, (_, i) => ({
        homeAddress: toIpv4(HOME + 256 + i),
        associations: [context],
      })),
      addressPools: [],
      networkPools: [],
      broadcasts: [],
      multicast: true,
      redirection: undefined,
      identity: undefined,
      denialMessage: undefined,
      hostConfiguration: {
        defaultGateway: undefined,
        dnsServers: [],
        dnsSuffix: undefined,
        url: undefined,
      },
      maxLifetime: 1800,
      encapsulations: ["ipip"],
      reverseTunnel: "allow",
      replayWindow: 7,
      replacedGrace: 2,
      maxBindings: nodes,
      natTraversal: { enabled: true, force: false, keepalive: 110, maxLifetime: 60 },
      informRevoked: true,
      foreignAgents: [],
      links: [],
    },
    seededRandom(1),
  );
}

function foreignAgent(nodes: number): ForeignAgent {
  const agent = new ForeignAgent(
    { ...foreignConfig, maxVisitors: nodes, maxPending: nodes },
    seededRandom(2),
  );
  const link = {
    up: true,
    mac: "02:00:00:00:00:01" as Mac,
    mtu: 1500,
    addresses: [{ address: FA, length: 26 }],
  };
  agent.handle({ type: "link", interface: "lan0", link }, clock());
  return agent;
}

/** Time spent in each part, in milliseconds. */
interface Spent {
  node: number;
  fa: number;
  ha: number;
}

function request(i: number, now: Now): UdpReceived {
  const homeAddress = toIpv4(HOME + 256 + i);
  const fixed = encodeControl({
    name: "registration-request",
    flags: 2,
    lifetime: 1800,
    homeAddress,
    homeAgent: HA,
    careOfAddress: FA,
    identification: ntpTimestamp(now.wall) + BigInt(i),
    extensions: [],
  });
  const mac = i.toString(16).padStart(8, "0").match(/../g)?.join(":");
  return {
    type: "udp",
    interface: "lan0",
    linkSource: `02:00:${mac}` as Mac,
    source: homeAddress,
    sourcePort: 434,
    destination: FA,
    destinationPort: 434,
    ttl: 255,
    payload: appendAuthentication(fixed, "mobile-home-authentication-extension", context),
  };
}

function timed(spent: Spent, part: "fa" | "ha", core: Core<never>, event: UdpReceived): SendUdp {
  const start = performance.now();
  const effects: Effect[] = core.handle(event, clock());
  core.forwarding();
  spent[part] += performance.now() - start;
  const send = effects.find((effect) => effect.type === "send-udp");
  if (send === undefined) throw new Error(`the ${part} sent nothing`);
  return send;
}

const routed = (send: SendUdp): UdpReceived => ({
  ...send,
  type: "udp",
  interface: undefined,
  linkSource: undefined,
});

function run(nodes: number): Spent {
  const fa = foreignAgent(nodes);
  const ha = homeAgent(nodes);
  const spent: Spent = { node: 0, fa: 0, ha: 0 };
  for (let i = 0; i < nodes; i++) {
    const start = performance.now();
    const event = request(i, clock());
    spent.node += performance.now() - start;
    const relayed = timed(spent, "fa", fa as Core<never>, event);
    const reply = timed(spent, "ha", ha as Core<never>, routed(relayed));
    timed(spent, "fa", fa as Core<never>, routed(reply));
  }
  return spent;
}

export function registrationRows(sizes: readonly number[] = [1000, 10_000, 50_000]): Row[] {
  run(2000); // warms up
  return sizes.flatMap((nodes) => {
    const spent = run(nodes);
    const rate = (ms: number) => `${Math.round(nodes / (ms / 1000))}/s`;
    const micros = (ms: number) => `${((ms * 1000) / nodes).toFixed(1)} us each`;
    return [
      [`foreign agent core, ${nodes} nodes (both ways)`, rate(spent.fa), micros(spent.fa)],
      [`home agent core, ${nodes} nodes`, rate(spent.ha), micros(spent.ha)],
    ] satisfies Row[];
  });
}

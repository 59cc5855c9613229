/** An advertiser on a bench: one link, a clock that the test turns. */

import assert from "node:assert/strict";
import { ipv4, type Mac } from "../../shared/base/address.ts";
import { Counters } from "../../shared/base/counters.ts";
import { seededRandom } from "../../shared/base/random.ts";
import type { Instant, Now, WallTime } from "../../shared/base/time.ts";
import { Advertiser } from "../../shared/protocol/advertiser.ts";
import type { AdvertisingConfig } from "../../shared/protocol/advertising-config.ts";
import type { Effect, IcmpReceived } from "../../shared/protocol/core.ts";
import {
  AdvertisementFlag,
  agentExtension,
  type RouterAdvertisement,
  SOLICITATION,
} from "../../shared/wire/icmp/agent-discovery.ts";
import { decodeIcmp, encodeIcmp } from "../../shared/wire/icmp.ts";

export const OWN = ipv4("192.0.2.1");
export const ALL = ipv4("224.0.0.1");
export const NODE = "02:00:00:00:00:07" as Mac;

export const foreign: AdvertisingConfig = {
  interface: "lan0",
  careOfAddresses: [OWN],
  extraRouterAddresses: [],
  home: false,
  foreign: true,
  maxInterval: 10,
  minInterval: 7.5,
  lifetime: 30,
  registrationLifetime: 1800,
  registrationRequired: true,
  encapsulations: ["ipip", "minimal", "gre"],
  reverseTunneling: true,
  udpTunneling: false,
  revocation: false,
  prefixLengths: true,
  destination: ALL,
  mobilityOnly: false,
};
export const home: AdvertisingConfig = {
  ...foreign,
  careOfAddresses: [],
  extraRouterAddresses: [ipv4("198.51.100.1")],
  home: true,
  foreign: false,
  encapsulations: ["ipip"],
};

export class Bench {
  readonly counters = new Counters();
  readonly advertiser: Advertiser;
  now: Now = { monotonic: 0 as Instant, wall: 0 as WallTime };

  constructor(config: AdvertisingConfig = foreign, seed = 1) {
    this.advertiser = new Advertiser(config, seededRandom(seed), this.counters);
  }

  link(up = true, addresses = [{ address: OWN, length: 26 }]): Effect[] {
    const mac = "02:00:00:00:00:01" as Mac;
    return this.advertiser.linkChanged({ up, mac, mtu: 1500, addresses }, this.now);
  }

  pass(milliseconds: number): void {
    this.now = { ...this.now, monotonic: (this.now.monotonic + milliseconds) as Instant };
  }

  /** Waits for the next periodic advertisement; how long that took, and what came. */
  next(): { readonly waited: number; readonly effects: Effect[] } {
    const due = this.advertiser.nextDeadline();
    assert(due !== undefined);
    const waited = due - this.now.monotonic;
    this.now = { ...this.now, monotonic: (due - 0.001) as Instant };
    assert.deepEqual(this.advertiser.tick(this.now), []);
    this.now = { ...this.now, monotonic: due };
    return { waited, effects: this.advertiser.tick(this.now) };
  }

  solicit(changes: Partial<IcmpReceived> = {}): Effect[] {
    const event: IcmpReceived = {
      type: "icmp",
      interface: "lan0",
      linkSource: NODE,
      source: ipv4("10.1.0.7"),
      destination: ipv4("224.0.0.11"),
      ttl: 1,
      payload: encodeIcmp(SOLICITATION),
      ...changes,
    };
    return this.advertiser.solicited(event, this.now);
  }
}

export function sent(effects: readonly Effect[]) {
  const [effect, ...more] = effects;
  assert(effect?.type === "send-icmp" && more.length === 0);
  const decoded = decodeIcmp(effect.payload);
  assert(decoded.ok && decoded.value.name === "router-advertisement");
  const extension = agentExtension(decoded.value);
  assert(extension !== undefined);
  return { effect, message: decoded.value, extension };
}

export function messageOf(effects: readonly Effect[]): RouterAdvertisement {
  return sent(effects).message;
}

export function sequence(effects: readonly Effect[]): number {
  return sent(effects).extension.sequenceNumber;
}

export const { R, B, H, F, M, G, T } = AdvertisementFlag;

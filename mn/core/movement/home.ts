/** The home link: gratuitous ARP on coming back, and the default router there. RFC 5944 §4.6. */

import {
  BROADCAST_MAC,
  type Ipv4,
  type Mac,
  prefixContains,
  ZERO_MAC,
} from "../../../shared/base/address.ts";
import { after, type Instant } from "../../../shared/base/time.ts";
import type { SendArp } from "../../../shared/protocol/core.ts";
import { NEVER_DEFAULT } from "../../../shared/wire/icmp/agent-discovery.ts";
import type { RouterAddress } from "../../../shared/wire/icmp/router-address.ts";
import type { MnCoreConfig } from "../config.ts";
import type { Agent } from "./agents.ts";

/** RFC 5944 §4.6: a small number of times, beside the registration; milliseconds between. */
const GRATUITOUS_ARPS = 3;
const GRATUITOUS_ARP_INTERVAL = 1000;

/** RFC 5944 §4.6: a request about ourselves, broadcast on the link. */
export function gratuitousArp(homeAddress: Ipv4, mac: Mac, interfaceName: string): SendArp {
  return {
    type: "send-arp",
    operation: "request",
    senderMac: mac,
    senderAddress: homeAddress,
    targetMac: ZERO_MAC,
    targetAddress: homeAddress,
    link: { interface: interfaceName, destination: BROADCAST_MAC },
  };
}

/** The announcements that are still to be made; away from home there are none. */
export class Announcements {
  #left = 0;
  #nextAt: Instant | undefined;

  start(now: Instant): void {
    this.#left = GRATUITOUS_ARPS;
    this.#nextAt = now;
  }

  /** Away from home nothing is broadcast (RFC 5944 §4.6). */
  stop(): void {
    this.#left = 0;
    this.#nextAt = undefined;
  }

  nextDeadline(): Instant | undefined {
    return this.#nextAt;
  }

  due(now: Instant): boolean {
    if (this.#nextAt === undefined || now < this.#nextAt) return false;
    this.#left--;
    this.#nextAt = this.#left > 0 ? after(now, GRATUITOUS_ARP_INTERVAL) : undefined;
    return true;
  }
}

/**
 * The default router at home: the most preferred router address on the home prefix, never one
 * that says it is none (RFC 1256 §5.3), and no agent that routes no common traffic (code 16).
 */
export function homeRouter(agent: Agent, config: MnCoreConfig): Ipv4 | undefined {
  if (agent.mobilityOnly) return undefined;
  let best: RouterAddress | undefined;
  for (const router of agent.routerAddresses) {
    const neighbour = prefixContains(config.homePrefix, router.address);
    if (!neighbour || router.address === config.homeAddress) continue;
    if (router.preference === NEVER_DEFAULT) continue;
    if (best === undefined || router.preference > best.preference) best = router;
  }
  return best?.address;
}

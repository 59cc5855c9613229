/** A foreign agent whose link has the X bit and whose home agent takes part in revocation. */

import assert from "node:assert/strict";
import type { FaCoreConfig } from "../../fa/core/config.ts";
import type { Ipv4 } from "../../shared/base/address.ts";
import type { Effect, SendIcmp, SendUdp } from "../../shared/protocol/core.ts";
import type { SecurityContext } from "../../shared/security/association.ts";
import type { RegistrationReply } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { AdvertisementFlag } from "../../shared/wire/icmp/agent-discovery.ts";
import { decodeDiscovery } from "../../shared/wire/icmp.ts";
import { acknowledgmentBytes, revocationBytes, support } from "../revocation.ts";
import { Bench, FA, foreignHome, HA, HOME, lan0, oneSend, type RequestOptions } from "./harness.ts";

/** What the home agent's clock shows; only its own timestamps are compared. */
export const HA_TIME = 5000;

export const linkX = { ...lan0, revocation: true };

export interface Accepting {
  readonly request?: RequestOptions;
  readonly fields?: Partial<RegistrationReply>;
  /** Between extensions 32 and 34 of the reply. */
  readonly extra?: readonly ControlExtension[];
}

export class RevocationBench extends Bench {
  static override up(overrides: Partial<FaCoreConfig> = {}): RevocationBench {
    const bench = new RevocationBench({ links: [linkX], homeAgents: [foreignHome], ...overrides });
    bench.linkUp();
    return bench;
  }

  /** A bench with one visitor whose registration is a second old. */
  static visited(
    overrides: Partial<FaCoreConfig> = {},
    accepting: Accepting = {},
  ): RevocationBench {
    const bench = RevocationBench.up(overrides);
    bench.accept(accepting);
    assert.equal(bench.visitors()[0]?.state, "registered");
    bench.pass(1);
    return bench;
  }

  accept({ request, fields, extra }: Accepting = {}): Effect[] {
    const relayed = oneSend(this.request(request));
    return this.reply(relayed, fields, foreignHome, extra ?? [support(HA_TIME)]);
  }

  /** From the home agent. */
  revocation(
    fields: Parameters<typeof revocationBytes>[0] = {},
    context: SecurityContext | null = foreignHome,
    source: Ipv4 = HA,
  ): Effect[] {
    const usual = {
      flags: 3,
      homeAddress: HOME,
      homeDomainAddress: HA,
      foreignDomainAddress: FA,
      revocationIdentifier: HA_TIME + 1,
    };
    return this.replyBytes(revocationBytes({ ...usual, ...fields }, context ?? undefined), source);
  }

  acknowledge(
    { send, message }: SentRevocation,
    fields: Parameters<typeof acknowledgmentBytes>[0] = {},
    context: SecurityContext | null = foreignHome,
  ): Effect[] {
    const { homeAddress, revocationIdentifier } = message;
    const all = { homeAddress, revocationIdentifier, ...fields };
    return this.replyBytes(acknowledgmentBytes(all, context ?? undefined), send.destination);
  }

  /** Like `run`, with what is sent on links. */
  runAll(seconds: number): Effect[] {
    const end = this.now.monotonic + seconds * 1000;
    const effects: Effect[] = [];
    for (;;) {
      const due = this.agent.nextDeadline();
      if (due === undefined || due > end) break;
      this.pass(Math.max(0, due - this.now.monotonic) / 1000);
      effects.push(...this.agent.handle({ type: "tick" }, this.now));
    }
    this.pass((end - this.now.monotonic) / 1000);
    return effects;
  }

  shutdown(): Effect[] {
    return this.agent.handle({ type: "shutdown" }, this.now);
  }

  /** The link goes out of the configuration. */
  dropLink(): Effect[] {
    const other = { ...linkX, interface: "lan1" };
    const config = { ...this.agent.config, links: [other] };
    return this.agent.reconfigure(config, this.now);
  }
}

interface SentRevocation {
  readonly send: SendUdp;
  readonly message: { readonly homeAddress: Ipv4; readonly revocationIdentifier: number };
}

/** Advertisements that tell one node that its registration is gone. */
export function notifications(effects: readonly Effect[]): {
  readonly send: SendIcmp;
  readonly busy: boolean;
}[] {
  return effects.flatMap((send) => {
    if (send.type !== "send-icmp") return [];
    const decoded = decodeDiscovery(send.payload);
    assert(decoded.ok && decoded.value.name === "router-advertisement");
    const agent = decoded.value.extensions.find(
      ({ name }) => name === "mobility-agent-advertisement-extension",
    );
    assert(agent?.name === "mobility-agent-advertisement-extension");
    const isUnicast = !/^(01|ff):/.test(send.link.destination);
    return isUnicast && agent.sequenceNumber === 0
      ? [{ send, busy: (agent.flags & AdvertisementFlag.B) !== 0 }]
      : [];
  });
}

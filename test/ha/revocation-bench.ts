/** A home agent whose node is registered through a foreign agent that takes part in revocation. */

import assert from "node:assert/strict";
import type { HaCoreConfig } from "../../ha/core/config.ts";
import type { Ipv4 } from "../../shared/base/address.ts";
import type { Effect, SendUdp, UdpReceived } from "../../shared/protocol/core.ts";
import type { SecurityContext } from "../../shared/security/association.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import type { RegistrationRequest } from "../../shared/wire/control.ts";
import { appendExtension, decodeControl, encodeControl } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { acknowledgmentBytes, revocationBytes, support } from "../revocation.ts";
import {
  Bench,
  FA,
  FOREIGN_HOME,
  foreignHome,
  HA,
  HOME,
  homeContext,
  MOBILE_HOME,
  oneSend,
} from "./harness.ts";

/** What a foreign agent's clock shows; only its own timestamps are compared. */
export const FA_TIME = 1000;

export interface Registering {
  readonly fields?: Partial<RegistrationRequest>;
  readonly event?: Partial<UdpReceived>;
  /** Before extension 32. */
  readonly signed?: readonly ControlExtension[];
  /** Behind it. */
  readonly appended?: readonly ControlExtension[];
  readonly foreign?: SecurityContext | null;
  /** Behind extension 34. */
  readonly last?: readonly ControlExtension[];
}

export class RevocationBench extends Bench {
  static override up(overrides: Partial<HaCoreConfig> = {}): RevocationBench {
    const bench = new RevocationBench({ foreignAgents: [foreignHome], ...overrides });
    bench.linkUp();
    return bench;
  }

  /** A request whose foreign agent offers revocation, unless told otherwise. */
  relayed(options: Registering = {}): Effect[] {
    const fixed = decodeControl(this.requestBytes({ context: null }));
    assert(fixed.ok && fixed.value.message.name === "registration-request");
    const message = { ...fixed.value.message, ...options.fields, extensions: options.signed ?? [] };
    let bytes = appendAuthentication(encodeControl(message), MOBILE_HOME, homeContext);
    for (const each of options.appended ?? [support(FA_TIME)]) bytes = appendExtension(bytes, each);
    if (options.foreign !== null) {
      bytes = appendAuthentication(bytes, FOREIGN_HOME, options.foreign ?? foreignHome);
    }
    for (const each of options.last ?? []) bytes = appendExtension(bytes, each);
    return this.deliver(bytes, options.event);
  }

  /** A bench with one such binding, a second old. */
  static bound(overrides: Partial<HaCoreConfig> = {}, options: Registering = {}): RevocationBench {
    const bench = RevocationBench.up(overrides);
    oneSend(bench.relayed(options));
    assert.equal(bench.bindings().length, 1);
    bench.pass(1);
    return bench;
  }

  /** From the foreign agent. */
  revocation(
    fields: Parameters<typeof revocationBytes>[0] = {},
    context: SecurityContext | undefined = foreignHome,
    event: Partial<UdpReceived> = {},
  ): Effect[] {
    const usual = {
      flags: 1,
      homeAddress: HOME,
      homeDomainAddress: HA,
      foreignDomainAddress: FA,
      revocationIdentifier: FA_TIME + 1,
    };
    return this.deliver(revocationBytes({ ...usual, ...fields }, context), event);
  }

  acknowledge(
    { send, message }: SentRevocation,
    fields: Parameters<typeof acknowledgmentBytes>[0] = {},
    context: SecurityContext | null = foreignHome,
  ): Effect[] {
    const { homeAddress, revocationIdentifier } = message;
    const all = { homeAddress, revocationIdentifier, ...fields };
    const bytes = acknowledgmentBytes(all, context ?? undefined);
    return this.deliver(bytes, { source: send.destination });
  }

  command(homeAddress: string, id = 1): Effect[] {
    return this.handle({
      type: "command",
      id,
      name: "revoke",
      args: { home_address: homeAddress },
    });
  }
}

interface SentRevocation {
  readonly send: SendUdp;
  readonly message: { readonly homeAddress: Ipv4; readonly revocationIdentifier: number };
}

/** What an accepted request does to the binding list: RFC 5944 §3.8.2.2. */

import { after, type Now } from "../../shared/base/time.ts";
import type { ReplayMethod } from "../../shared/security/association.ts";
import {
  INFINITE_LIFETIME,
  type RegistrationRequest,
  RequestFlag,
} from "../../shared/wire/control.ts";
import type { BindingRevocation } from "./binding-revocation.ts";
import { type Binding, type BindingTable, bindingKey } from "./bindings.ts";
import type { BoundNetwork } from "./bound-networks.ts";
import type { TunnelTerms } from "./tunnel-terms.ts";
import type { ServiceTerms } from "./validate.ts";

export interface BindingChange {
  readonly removed: readonly Binding[];
  readonly made: Binding | undefined;
  /** The node had a binding before, or has one now. */
  readonly before: boolean;
  readonly renewed: boolean;
}

export interface Registration {
  readonly nai: string | undefined;
  readonly request: RegistrationRequest;
  readonly terms: ServiceTerms;
  /** Mobile networks that are granted. */
  readonly networks: readonly BoundNetwork[];
  /** Granted, in seconds. */
  readonly lifetime: number;
  /** Of the reply. */
  readonly identification: bigint;
  readonly replay: ReplayMethod;
  readonly revocation: BindingRevocation | undefined;
}

/** Carries out a request that was found good. */
export function applyRegistration(
  bindings: BindingTable,
  registration: Registration,
  now: Now,
): BindingChange {
  const { request } = registration;
  const current = bindings.of(request.homeAddress);
  const before = current.length > 0;
  const { tunnel } = registration.terms;
  if (tunnel === undefined) {
    const all = request.careOfAddress === request.homeAddress;
    const removed = current.filter((b) => all || b.careOfAddress === request.careOfAddress);
    for (const binding of removed) bindings.delete(binding);
    return { removed, made: undefined, before, renewed: false };
  }
  const former = bindings.get(request.homeAddress, request.careOfAddress);
  const made = newBinding(registration, tunnel, former, now);
  const keep = (request.flags & RequestFlag.S) !== 0;
  const removed = keep ? [] : current.filter(({ key }) => key !== made.key);
  for (const binding of removed) bindings.delete(binding);
  bindings.set(made);
  return { removed, made, before, renewed: former !== undefined };
}

function newBinding(
  registration: Registration,
  tunnel: TunnelTerms,
  former: Binding | undefined,
  now: Now,
): Binding {
  const { request, nai, terms, networks, lifetime, identification, replay, revocation } =
    registration;
  const { homeAddress, careOfAddress, homeAgent, flags } = request;
  const { encapsulation, greKeyIn, greKeyOut, udpPort } = tunnel.form;
  return {
    // Named one by one: a spread of so many takes thirty times the time and three times the room.
    encapsulation,
    greKeyIn,
    greKeyOut,
    udpPort,
    key: former?.key ?? bindingKey(homeAddress, careOfAddress),
    homeAddress,
    nai,
    careOfAddress,
    effectiveCareOfAddress: tunnel.effectiveCareOfAddress,
    homeAgent,
    reverse: terms.reverse,
    colocated: (flags & RequestFlag.D) !== 0,
    networks,
    broadcasts: (flags & RequestFlag.B) !== 0,
    identification,
    replay,
    lifetime,
    expiresAt: lifetime === INFINITE_LIFETIME ? undefined : after(now.monotonic, lifetime * 1000),
    revocation,
  };
}

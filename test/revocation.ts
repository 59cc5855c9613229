/** What the tests of revocation at both agents ask of messages: RFC 3543 §3. */

import assert from "node:assert/strict";
import type { Effect, SendUdp } from "../shared/protocol/core.ts";
import type { SecurityContext } from "../shared/security/association.ts";
import { appendAuthentication, checkAuthentication } from "../shared/security/authenticator.ts";
import {
  type ControlMessage,
  type DecodedControl,
  decodeControl,
  encodeControl,
} from "../shared/wire/control.ts";
import type { AuthenticationName, ControlExtension } from "../shared/wire/control-extensions.ts";
import { sends } from "./effects.ts";

export const MOBILE_HOME = "mobile-home-authentication-extension";
export const FOREIGN_HOME = "foreign-home-authentication-extension";

type Revocation = Extract<ControlMessage, { readonly name: "registration-revocation" }>;
type Acknowledgment = Extract<
  ControlMessage,
  { readonly name: "registration-revocation-acknowledgment" }
>;

export interface Sent<M> {
  readonly send: SendUdp;
  readonly decoded: DecodedControl;
  readonly message: M;
}

function ofName<M extends ControlMessage>(effects: readonly Effect[], name: M["name"]): Sent<M>[] {
  return sends(effects).flatMap((send) => {
    const result = decodeControl(send.payload);
    assert(result.ok);
    const { message } = result.value;
    return message.name === name ? [{ send, decoded: result.value, message: message as M }] : [];
  });
}

export function revocations(effects: readonly Effect[]): Sent<Revocation>[] {
  return ofName<Revocation>(effects, "registration-revocation");
}

export function acknowledgments(effects: readonly Effect[]): Sent<Acknowledgment>[] {
  return ofName<Acknowledgment>(effects, "registration-revocation-acknowledgment");
}

export function oneRevocation(effects: readonly Effect[]): Sent<Revocation> {
  const [only, ...more] = revocations(effects);
  assert(only !== undefined && more.length === 0, `${revocations(effects).length} revocations`);
  return only;
}

export function oneAcknowledgment(effects: readonly Effect[]): Sent<Acknowledgment> {
  const [only, ...more] = acknowledgments(effects);
  assert(only !== undefined && more.length === 0, "one acknowledgment");
  return only;
}

export function holds(
  { decoded }: Sent<ControlMessage>,
  name: AuthenticationName,
  context: SecurityContext,
): boolean {
  return checkAuthentication(decoded, name, [context]).outcome === "valid";
}

export function revocationBytes(
  fields: Partial<Revocation>,
  context: SecurityContext | undefined,
  name: AuthenticationName = FOREIGN_HOME,
): Uint8Array {
  const bytes = encodeControl({
    name: "registration-revocation",
    reserved: 0,
    flags: 0,
    reserved2: 0,
    homeAddress: 0 as Revocation["homeAddress"],
    homeDomainAddress: 0 as Revocation["homeAddress"],
    foreignDomainAddress: 0 as Revocation["homeAddress"],
    revocationIdentifier: 0,
    extensions: [],
    ...fields,
  });
  return context === undefined ? bytes : appendAuthentication(bytes, name, context);
}

export function acknowledgmentBytes(
  fields: Partial<Acknowledgment>,
  context: SecurityContext | undefined,
  name: AuthenticationName = FOREIGN_HOME,
): Uint8Array {
  const bytes = encodeControl({
    name: "registration-revocation-acknowledgment",
    reserved: 0,
    flags: 0,
    reserved2: 0,
    homeAddress: 0 as Revocation["homeAddress"],
    revocationIdentifier: 0,
    extensions: [],
    ...fields,
  });
  return context === undefined ? bytes : appendAuthentication(bytes, name, context);
}

export function support(timestamp: number, inform = true): ControlExtension {
  return {
    name: "revocation-support-extension",
    flags: inform ? 1 : 0,
    reserved: 0,
    timestamp,
    rest: new Uint8Array(),
  };
}

/** The Revocation Support Extension of a message and where it stands among the names. */
export function supportIn({ message }: DecodedControl): {
  readonly timestamp: number | undefined;
  readonly inform: boolean;
  readonly names: readonly string[];
} {
  const names = message.extensions.map(({ name }) => name);
  const found = message.extensions.find(({ name }) => name === "revocation-support-extension");
  const isSupport = found?.name === "revocation-support-extension";
  return {
    timestamp: isSupport ? found.timestamp : undefined,
    inform: isSupport && found.flags === 1,
    names,
  };
}

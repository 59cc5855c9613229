/**
 * What the home agent has assigned to this node, for as long as the registration holds: a home
 * address (RFC 2794, RFC 5944 §3.6). The configuration with that filled in is what the other
 * parts of the node go by.
 */

import {
  formatIpv4,
  type Ipv4,
  networkOf,
  parseIpv4,
  UNSPECIFIED,
} from "../../shared/base/address.ts";
import type { Json } from "../../shared/base/result.ts";
import type { Now } from "../../shared/base/time.ts";
import type { Persist } from "../../shared/protocol/core.ts";
import type { MnCoreConfig, Terms } from "./config.ts";
import type { Registered } from "./registration.ts";

/** Journal key of what `Session` keeps. */
export const SESSION_KEY = "session";

export class Session {
  #configured: MnCoreConfig;
  #config: MnCoreConfig;
  #homeAddress: Ipv4 | undefined;
  /** What the home agent has refused and would not refuse again (RFC 3024 §4.1.2). */
  #terms: Partial<Terms> = {};

  constructor(configured: MnCoreConfig) {
    this.#configured = configured;
    this.#config = configured;
  }

  /** As configured, with what has been assigned; the same object until that changes. */
  get config(): MnCoreConfig {
    return this.#config;
  }

  /** Is it the same home under other terms? */
  fits({ homeAddress, homeAgent, nai }: MnCoreConfig): boolean {
    const before = this.#configured;
    return (
      homeAddress === before.homeAddress && homeAgent === before.homeAgent && nai === before.nai
    );
  }

  /** `keep`: what was assigned is still for this node. */
  reconfigure(configured: MnCoreConfig, keep: boolean): Persist[] {
    const effects = keep ? [] : this.end();
    this.#configured = configured;
    this.#terms = {};
    this.#refresh();
    return effects;
  }

  /** A registration was accepted: its address is this node's until it ends (RFC 5944 §3.6). */
  accept({ operation, expiresAt }: Registered, now: Now): Persist[] {
    if (this.#configured.homeAddress !== UNSPECIFIED) return [];
    if (operation.homeAddress !== this.#homeAddress) this.#assign(operation.homeAddress);
    const until = expiresAt === undefined ? null : now.wall + (expiresAt - now.monotonic);
    return [persist({ home_address: formatIpv4(operation.homeAddress), until })];
  }

  /** The registration is over: who comes next may have been given the same address. */
  end(): Persist[] {
    if (this.#homeAddress === undefined) return [];
    this.#assign(undefined);
    return [persist(null)];
  }

  /** After a restart the address is asked for again while the home agent still keeps it. */
  restore(value: Json, now: Now): void {
    if (this.#configured.homeAddress !== UNSPECIFIED) return;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    const { home_address: text, until } = value as { readonly [key: string]: Json };
    if (typeof until === "number" ? until <= now.wall : until !== null) return;
    this.#assign(typeof text === "string" ? parseIpv4(text) : undefined);
  }

  /** The home agent wants it otherwise, until the configuration is read again. */
  conceded(terms: Partial<Terms>): void {
    this.#terms = { ...this.#terms, ...terms };
    this.#refresh();
  }

  #assign(address: Ipv4 | undefined): void {
    this.#homeAddress = address;
    this.#refresh();
  }

  #refresh(): void {
    const registration = { ...this.#configured.registration, ...this.#terms };
    this.#config = { ...this.#configured, registration };
    const address = this.#homeAddress;
    if (address === undefined) return;
    const { length } = this.#configured.homePrefix;
    const homePrefix = networkOf({ address, length });
    this.#config = { ...this.#config, homeAddress: address, homePrefix };
  }
}

function persist(value: Json): Persist {
  return { type: "persist", key: SESSION_KEY, value };
}

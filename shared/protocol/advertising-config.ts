import type { Ipv4, Mac } from "../base/address.ts";
import type { Encapsulation } from "../forwarding/state.ts";
import type { IcmpExtension } from "../wire/icmp/agent-discovery.ts";

/** How one router address is advertised (RFC 1256 §4.1); others: advertised, preference 0. */
export interface RouterAddressRule {
  readonly address: Ipv4;
  readonly advertise: boolean;
  /** Signed 32 bits; -2^31: never to be a default router. */
  readonly preference: number;
}

/**
 * Whom an advertisement is for: all, when its time has come; all, as before; one node, to which it
 * goes at its request.
 */
export type AdvertisementOccasion = "periodic" | "repeated" | { readonly mac: Mac };

/** Extensions that an agent adds to its advertisements on a link. */
export type AdvertisementExtras = (
  interfaceName: string,
  occasion: AdvertisementOccasion,
) => readonly IcmpExtension[];

/** How an agent advertises on one link (RFC 1256 §4.1, RFC 5944 §2.3). */
export interface AdvertisingConfig {
  readonly interface: string;
  /** Empty for a home agent; the addresses offered in the extension, in order. */
  readonly careOfAddresses: readonly Ipv4[];
  /**
   * Router addresses to list beside the interface's own address (a home agent lists the address
   * it is configured with, so that its nodes know it).
   */
  readonly extraRouterAddresses: readonly Ipv4[];
  readonly home: boolean;
  readonly foreign: boolean;
  /** Seconds, fractions allowed. */
  readonly maxInterval: number;
  readonly minInterval: number;
  /** Router advertisement lifetime, whole seconds. */
  readonly lifetime: number;
  /** Seconds; 0xffff is infinity. */
  readonly registrationLifetime: number;
  readonly registrationRequired: boolean;
  readonly encapsulations: readonly Encapsulation[];
  readonly reverseTunneling: boolean;
  readonly udpTunneling: boolean;
  readonly revocation: boolean;
  readonly prefixLengths: boolean;
  /** 224.0.0.1 or 255.255.255.255 */
  readonly destination: Ipv4;
  /** ICMP code 16: this agent does not route common traffic (RFC 5944 §2.1). */
  readonly mobilityOnly: boolean;
  /** For the addresses that it names, among those above. */
  readonly addressRules?: readonly RouterAddressRule[] | undefined;
  /** The agent's own Network Access Identifier, its realm telling its domain (RFC 4857 §8.2). */
  readonly nai?: string | undefined;
}

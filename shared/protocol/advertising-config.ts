import type { Ipv4 } from "../base/address.ts";
import type { Encapsulation } from "../forwarding/state.ts";

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
}

import type { Ipv4, Prefix } from "../../shared/base/address.ts";
import type { Encapsulation } from "../../shared/forwarding/state.ts";
import type { AdvertisingConfig } from "../../shared/protocol/advertising-config.ts";
import type { PeerAssociation, SecurityContext } from "../../shared/security/association.ts";
import type { AddressRange } from "./address-pool.ts";

export interface HomeNetwork {
  readonly prefix: Prefix;
  /** `undefined`: a virtual home network, its nodes are always away (RFC 5944 §2.3). */
  readonly interface: string | undefined;
}

/** What registrations may have. */
export interface ServiceLimits {
  /** Seconds. */
  readonly maxLifetime: number;
  readonly encapsulations: readonly Encapsulation[];
  readonly reverseTunnel: "allow" | "require" | "refuse";
}

export interface MobileNodeConfig {
  /** What is absent is as for all. */
  readonly limits?: Partial<ServiceLimits>;
  /** Where its care-of address may be, everywhere if there are none; code 129 elsewhere. */
  readonly careOfNetworks?: readonly Prefix[];
  /** `undefined`: one is assigned from the pools; such a node has a NAI (RFC 2794). */
  readonly homeAddress: Ipv4 | undefined;
  readonly nai?: string | undefined;
  /** At least one; the SPI of a request picks the context (RFC 5944 §3.5.1). */
  readonly associations: readonly SecurityContext[];
  /** Its row of the Prefix Table: mobile networks that it may register (RFC 5177 §6.2.2). */
  readonly networks?: readonly Prefix[];
  /** How many networks it may be given from the pools at a time (RFC 6626 §4); 0 when absent. */
  readonly dynamicNetworks?: number;
}

/** Prefixes that are given out to mobile routers (RFC 6626 §3.2). */
export interface NetworkPool {
  readonly prefix: Prefix;
  /** Length of the prefixes that are given out. */
  readonly length: number;
}

/** Nodes that leave the choice of their home agent open are sent elsewhere (RFC 4433 §5.3). */
export interface Redirection {
  readonly homeAgent: Ipv4;
  /** From so many bindings on; 0: always. */
  readonly above: number;
}

/** How a host of the home network is set up, for nodes that ask (RFC 4332). */
export interface HostConfiguration {
  readonly defaultGateway: Ipv4 | undefined;
  /** Two at most. */
  readonly dnsServers: readonly Ipv4[];
  readonly dnsSuffix: string | undefined;
  readonly url: string | undefined;
}

/** Addresses that move between machines, of which one at a time is the home agent. */
export interface SharingConfig {
  /** The home agent's own among them. */
  readonly addresses: readonly { readonly interface: string; readonly prefix: Prefix }[];
  /** Whole seconds for which the kernel keeps them when nobody renews them. */
  readonly lifetime: number;
}

/** RFC 3519. */
export interface NatTraversalConfig {
  /** Are tunnels in UDP made for those behind a NAT? */
  readonly enabled: boolean;
  /** Also for those who force it without one (§3.1.1)? */
  readonly force: boolean;
  /** Seconds between keepalives, as replies ask for (§3.2). */
  readonly keepalive: number;
  /** Seconds; of a binding with such a tunnel (§5.2). */
  readonly maxLifetime: number;
}

/** What the home agent's core must know; config.ts makes it from the file. */
export interface HaCoreConfig extends ServiceLimits {
  /** The Home Agent address: outer tunnel source, in every reply (RFC 5944 §4.2.3). */
  readonly address: Ipv4;
  /** `undefined`: this machine is the only one. */
  readonly sharing?: SharingConfig | undefined;
  readonly homeNetworks: readonly HomeNetwork[];
  readonly mobileNodes: readonly MobileNodeConfig[];
  /** Home addresses to give out. */
  readonly addressPools: readonly AddressRange[];
  readonly networkPools: readonly NetworkPool[];
  readonly redirection: Redirection | undefined;
  /** `hostname@realm` of this home agent (RFC 3846 §4). */
  readonly identity: string | undefined;
  /** For the users of nodes that are denied (RFC 4917). */
  readonly denialMessage: string | undefined;
  readonly hostConfiguration: HostConfiguration;
  /** Seconds of clock difference (RFC 5944 §5.7.1). */
  readonly replayWindow: number;
  /** Seconds that what comes by a replaced binding is taken. */
  readonly replacedGrace: number;
  readonly maxBindings: number;
  /** UDP ports of the broadcasts that nodes get who ask, none: all; `undefined`: no broadcasts. */
  readonly broadcasts: readonly number[] | undefined;
  /** May nodes join groups on their home link? */
  readonly multicast: boolean;
  readonly natTraversal: NatTraversalConfig;
  /** Are nodes told when a binding is revoked, where that is ours to decide (RFC 3543 §3.2)? */
  readonly informRevoked: boolean;
  /** By care-of address of the foreign agent (RFC 5944 §3.5.4). */
  readonly foreignAgents: readonly PeerAssociation[];
  /** Advertising on the home links that are real. */
  readonly links: readonly AdvertisingConfig[];
}

/** The interfaces that a configuration names. */
export function linkNames({ links, homeNetworks, sharing }: HaCoreConfig): ReadonlySet<string> {
  const home = homeNetworks.flatMap((network) => network.interface ?? []);
  const shared = sharing?.addresses ?? [];
  return new Set([...[...links, ...shared].map((link) => link.interface), ...home]);
}

import type { Ipv4, Prefix } from "../../shared/base/address.ts";
import type { Encapsulation, Probing, RoutingPolicy } from "../../shared/forwarding/state.ts";
import type { PeerAssociation, SecurityContext } from "../../shared/security/association.ts";
import type { FastHandoverConfig } from "./handover/config.ts";

/** Where the care-of address on a link may come from. */
export interface InterfaceConfig {
  readonly name: string;
  readonly mode: "auto" | "foreign-agent" | "co-located";
  /** Agents are looked for; absent: they are (RFC 1256 §5.1, PerformRouterDiscovery). */
  readonly discovery?: boolean;
  /** Where solicitations go; absent: to all routers (RFC 1256 §5.1, SolicitationAddress). */
  readonly solicitationAddress?: Ipv4;
}

/** What may be asked for or not, and may have to be changed after a denial. */
export interface Terms {
  readonly reverseTunnel: boolean;
  readonly encapsulation: Encapsulation;
  /** How packets come to a foreign agent with a reverse tunnel (RFC 3024 §5). */
  readonly deliveryStyle: "direct" | "encapsulating";
  /**
   * Keep the former binding for a while where the next one is made before it breaks (the S bit): with
   * `auto` if both care-of addresses are the node's own, so that it can drop the copies.
   */
  readonly simultaneous: "auto" | "always" | "off";
}

/** Where the address of a home agent comes from. */
export type HomeAgentSource =
  | { readonly kind: "address"; readonly address: Ipv4 }
  /** In the DNS. */
  | { readonly kind: "name"; readonly name: string }
  /** The network chooses one (RFC 4433), or the home network names it (RFC 5944 §3.6.1.2). */
  | { readonly kind: "assigned" };

/** A network that moves with the node. */
export interface MovingNetwork {
  /** `undefined`: the home agent is to give one out (RFC 6626). */
  readonly prefix: Prefix | undefined;
  /** Prefix length to ask for then; 0 leaves it to the home agent. */
  readonly wishedLength: number;
  /** The link that its hosts are on. */
  readonly interface: string;
}

/** The node is a mobile router (RFC 5177). */
export interface MobileRouterConfig {
  /** Implicit: the home agent knows the networks, and requests name none (RFC 5177 §5). */
  readonly mode: "explicit" | "implicit";
  readonly networks: readonly MovingNetwork[];
}

/** What the mobile node's core must know; config.ts makes it from the file. */
export interface MnSettings {
  /** `UNSPECIFIED`: the home agent is to assign one (RFC 2794 §2). */
  readonly homeAddress: Ipv4;
  /** The home network. */
  readonly homePrefix: Prefix;
  /** In order of preference; an assigned one comes first, with hints behind it. */
  readonly homeAgents: readonly HomeAgentSource[];
  /** Network Access Identifier: who this node is, with or without a home address (RFC 2794). */
  readonly nai: string | undefined;
  /** Links in order of preference. */
  readonly interfaces: readonly InterfaceConfig[];
  readonly registration: Terms & {
    /** Seconds to ask for; 0xffff is infinity. */
    readonly lifetime: number;
    /** Have what is for all of the home link (the B bit). */
    readonly broadcasts: boolean;
    /** Be told when the home agent ends the registration (RFC 3543). */
    readonly revocation: boolean;
    /** Tunnels in UDP (RFC 3519): where there is a NAT, always, never. */
    readonly natTraversal: "auto" | "force" | "off";
    /** Seconds between keepalives of a UDP tunnel where the home agent does not say. */
    readonly keepalive: number;
    /** Ask for the home network's configuration (RFC 4332). */
    readonly hostConfiguration: boolean;
  };
  readonly mobileRouter?: MobileRouterConfig;
  /** When a way by an address of the node's own counts as lost; `undefined`: it is not watched. */
  readonly probing: Probing | undefined;
  /** `undefined`: everything goes by the home address. */
  readonly policy?: RoutingPolicy | undefined;
  /** When the link does not tell: by lifetime, by prefix, or with every new agent (§2.4.2). */
  readonly movement: "lazy" | "prefix" | "eager";
  /** `undefined`: no fast handovers (RFC 4988). */
  readonly fastHandover: FastHandoverConfig | undefined;
  /** With the home agent. */
  readonly homeAssociation: SecurityContext;
  /** With the home domain's AAA server, which foreign agents may ask (RFC 4721 §6). */
  readonly aaa: SecurityContext | undefined;
  /** By foreign agent: its care-of address or the source of its advertisements. */
  readonly foreignAgents: readonly PeerAssociation[];
}

/** Position in the order of preference. */
export function rankOf(config: MnCoreConfig, interfaceName: string): number {
  return config.interfaces.findIndex(({ name }) => name === interfaceName);
}

/** By which the home agent knows its home agent and AAA server again, if it has said so (RFC 3846). */
export interface Identities {
  readonly homeAgent: string | undefined;
  readonly aaaServer: string | undefined;
}

/** The settings, with what has been assigned and agreed since: what the parts of the node go by. */
export interface MnCoreConfig extends MnSettings {
  /** For the Home Agent field; `UNSPECIFIED`: none is known yet. */
  readonly homeAgent: Ipv4;
  /** For the Requested HA Extension (RFC 4433 §3.4.1). */
  readonly requestedHomeAgent: Ipv4 | undefined;
  readonly identities: Identities;
}

/** Are agents looked for on this link? */
export function discovers(config: MnCoreConfig, interfaceName: string): boolean {
  return config.interfaces[rankOf(config, interfaceName)]?.discovery !== false;
}

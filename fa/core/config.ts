import type { Ipv4 } from "../../shared/base/address.ts";
import type { Encapsulation } from "../../shared/forwarding/state.ts";
import type { AdvertisingConfig } from "../../shared/protocol/advertising-config.ts";
import type { PeerAssociation, SecurityContext } from "../../shared/security/association.ts";
import type { FastHandoverConfig } from "./handover/config.ts";
import type { AccessRules } from "./registration/access.ts";

/** A context shared with a mobile node that is known by its Network Access Identifier. */
export interface NaiAssociation extends SecurityContext {
  readonly nai: string;
}

/** A home agent for nodes that leave the choice to the network (RFC 4433 §5.2). */
export interface HomeAgentChoice {
  readonly address: Ipv4;
  /** Realms of the nodes that it is for, lower case; empty: of all. */
  readonly realms: readonly string[];
}

/** What the foreign agent's core must know; config.ts makes it from the file. */
export interface FaCoreConfig {
  /** One for each link on which visitors are served; at least one care-of address each. */
  readonly links: readonly AdvertisingConfig[];
  /** Seconds; the Registration Lifetime that is advertised, and the most that is relayed. */
  readonly registrationLifetime: number;
  readonly encapsulations: readonly Encapsulation[];
  readonly reverseTunnel: "allow" | "require" | "refuse";
  /** Deny a private home address without a reverse tunnel between global ends (RFC 3024 §A.4). */
  readonly privateNeedsReverseTunnel: boolean;
  /** Is the Encapsulating Delivery Style offered (RFC 3024 §3.3)? Without it code 79. */
  readonly encapsulatingDelivery: boolean;
  /** RFC 6245 §4.1: never, for nodes that ask for GRE, or for all whatever they ask. */
  readonly greKeys: "never" | "requested" | "always";
  /** This agent is behind a NAT and asks for UDP tunnels (RFC 3519 §4.5). */
  readonly udpTunneling: boolean;
  /** Seconds between keepalives of UDP tunnels; else the home agent's, or 110 (RFC 3519 §4.10). */
  readonly udpKeepalive: number | undefined;
  /** Advertised challenges that are good (CHALLENGE_WINDOW, RFC 4721 §9); 0: none are issued. */
  readonly challengeWindow: number;
  /** Seconds until an unanswered request is denied with code 78. */
  readonly pendingTimeout: number;
  readonly maxVisitors: number;
  readonly maxPending: number;
  /** Requests a second, beyond which no visitor is added (the B bit); 0: without a limit. */
  readonly maxRequestRate: number;
  /** Who decides whether a node is told that it was revoked (RFC 3543 §3.2): its home agent, or we. */
  readonly informRevoked: "home-agent" | "always" | "never";
  /** Does a denial say in words why (RFC 4917)? */
  readonly messages: boolean;
  readonly access: AccessRules;
  /** `undefined`: no part is taken in fast handovers (RFC 4988). */
  readonly fastHandover: FastHandoverConfig | undefined;
  /** In order of preference. */
  readonly dynamicHomeAgents: readonly HomeAgentChoice[];
  /** By home agent address (RFC 5944 §3.5.4). */
  readonly homeAgents: readonly PeerAssociation[];
  /** By home address (RFC 5944 §3.5.3). */
  readonly mobileNodes: readonly PeerAssociation[];
  /** By NAI (RFC 2794). */
  readonly mobileNodesByNai: readonly NaiAssociation[];
}

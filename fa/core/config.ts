import type { Encapsulation } from "../../shared/forwarding/state.ts";
import type { AdvertisingConfig } from "../../shared/protocol/advertising-config.ts";
import type { PeerAssociation } from "../../shared/security/association.ts";

/** What the foreign agent's core must know; config.ts makes it from the file. */
export interface FaCoreConfig {
  /** One for each link on which visitors are served; at least one care-of address each. */
  readonly links: readonly AdvertisingConfig[];
  /** Seconds; the Registration Lifetime that is advertised, and the most that is relayed. */
  readonly registrationLifetime: number;
  readonly encapsulations: readonly Encapsulation[];
  readonly reverseTunnel: "allow" | "require" | "refuse";
  /** Seconds until an unanswered request is denied with code 78. */
  readonly pendingTimeout: number;
  readonly maxVisitors: number;
  readonly maxPending: number;
  /** By home agent address (RFC 5944 §3.5.4). */
  readonly homeAgents: readonly PeerAssociation[];
  /** By home address (RFC 5944 §3.5.3). */
  readonly mobileNodes: readonly PeerAssociation[];
}

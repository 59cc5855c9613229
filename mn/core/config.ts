import type { Ipv4, Prefix } from "../../shared/base/address.ts";
import type { Encapsulation } from "../../shared/forwarding/state.ts";
import type { PeerAssociation, SecurityContext } from "../../shared/security/association.ts";

/** What the mobile node's core must know; config.ts makes it from the file. */
export interface MnCoreConfig {
  /** `UNSPECIFIED`: the home agent is to assign one (RFC 2794 §2). */
  readonly homeAddress: Ipv4;
  /** The home network. */
  readonly homePrefix: Prefix;
  readonly homeAgent: Ipv4;
  /** Network Access Identifier: who this node is, with or without a home address (RFC 2794). */
  readonly nai: string | undefined;
  /** Links in order of preference. */
  readonly interfaces: readonly string[];
  readonly registration: {
    /** Seconds to ask for; 0xffff is infinity. */
    readonly lifetime: number;
    readonly reverseTunnel: boolean;
    readonly encapsulation: Encapsulation;
  };
  /** `lazy`: lazy cell switching by advertisement lifetime (RFC 5944 §2.4.2.1). */
  readonly movement: "lazy";
  /** With the home agent. */
  readonly homeAssociation: SecurityContext;
  /** By foreign agent: its care-of address or the source of its advertisements. */
  readonly foreignAgents: readonly PeerAssociation[];
}

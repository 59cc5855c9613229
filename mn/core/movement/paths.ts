/** The ways that the interfaces' own addresses offer, and when they may be used. RFC 5944 §3.1. */

import type { Instant } from "../../../shared/base/time.ts";
import type { InterfaceConfig, MnCoreConfig } from "../config.ts";
import type { Registered } from "../registration/registration.ts";
import type { Agent, AgentTable } from "./agents.ts";
import { type Attachment, isThrough, requiresRegistration } from "./attachment.ts";
import { type CoLocatedPath, careOfPrefix, coLocatedPath } from "./co-located.ts";
import type { LinkAddresses } from "./link-addresses.ts";
import type { Links } from "./links.ts";

export class Paths {
  #config: MnCoreConfig;
  readonly #links: Links;
  readonly #agents: AgentTable;
  readonly #addresses: LinkAddresses;

  constructor(config: MnCoreConfig, links: Links, agents: AgentTable, addresses: LinkAddresses) {
    this.#config = config;
    this.#links = links;
    this.#agents = agents;
    this.#addresses = addresses;
  }

  reconfigure(config: MnCoreConfig): void {
    this.#config = config;
  }

  /** The path by an interface, whether it may be used or not. */
  by(name: string): CoLocatedPath | undefined {
    const link = this.#links.get(name);
    if (link === undefined) return undefined;
    const relay = this.relayOn(name);
    const addresses = link.addresses.filter((prefix) =>
      this.#addresses.isOfLink(name, prefix, relay),
    );
    const usual = coLocatedPath(name, { ...link, addresses }, relay, this.#config);
    // One that the interface does not have yet is waited for.
    if (relay !== undefined && this.#addresses.givenBy(relay)) return this.#byGiven(name, relay);
    return usual;
  }

  /** RFC 4988 §4.2: by the address that the agent of the link has given, instead of DHCP's. */
  #byGiven(name: string, relay: Agent | undefined): CoLocatedPath | undefined {
    const link = this.#links.get(name);
    const given = relay && this.#addresses.givenBy(relay);
    if (link === undefined || given === undefined) return undefined;
    const { prefix, router: gateway } = given;
    if (!link.addresses.some(({ address }) => address === prefix.address)) return undefined;
    const own = { ...link, addresses: [prefix], defaultRoute: { gateway } };
    return coLocatedPath(name, own, relay, this.#config);
  }

  /** The paths that may be used now. `current`: the key of what the node is attached to. */
  usable(
    current: string | undefined,
    registered: Registered | undefined,
    now: Instant,
  ): CoLocatedPath[] {
    return this.#config.interfaces.flatMap((row) => {
      const path = this.by(row.name);
      if (path === undefined) return [];
      const isInUse = path.key === current || path.key === registered?.operation.agentKey;
      return this.#mayUse(path, row, isInUse, now) ? [path] : [];
    });
  }

  /** What a registration is for, while it is there: it serves until another one does. */
  serving(registered: Registered | undefined): Attachment | undefined {
    if (registered === undefined) return undefined;
    const { agentKey, interface: name, careOfAddress } = registered.operation;
    const agent = this.#agents.get(agentKey);
    if (agent !== undefined) {
      return isThrough(registered, agent) ? { kind: "foreign-agent", agent } : undefined;
    }
    const path = this.by(name);
    return path?.careOfAddress === careOfAddress ? { kind: "co-located", path } : undefined;
  }

  /** Does this interface have an address by which it takes part in its link like any host? */
  isHost(name: string): boolean {
    const row = this.#config.interfaces.find((each) => each.name === name);
    if (row === undefined || row.mode === "foreign-agent") return false;
    return careOfPrefix(this.#links.get(name), this.#config) !== undefined;
  }

  /**
   * Interface contract: `auto` takes a foreign agent when one is heard within three solicitations,
   * or when one requires registration; who has begun with an address of its own goes on with it.
   */
  #mayUse(path: CoLocatedPath, row: InterfaceConfig, isInUse: boolean, now: Instant): boolean {
    if (row.mode !== "auto") return row.mode === "co-located";
    if (path.relay !== undefined) return false;
    if (row.discovery === false) return true;
    return isInUse || this.#links.isUnanswered(row.name, now) || this.#agents.hearsOn(row.name);
  }

  /** The agent to register through, if one requires it; the same as long as it is heard. */
  relayOn(name: string): Agent | undefined {
    const relays = this.#agents
      .all()
      .filter((agent) => agent.interface === name && requiresRegistration(agent));
    return relays.sort((a, b) => a.address - b.address)[0];
  }
}

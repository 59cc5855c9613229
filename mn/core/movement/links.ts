/** The interfaces of the mobile node and the solicitations on them. */

import type { Ipv4, Mac } from "../../../shared/base/address.ts";
import type { Random } from "../../../shared/base/random.ts";
import { earliest, type Instant } from "../../../shared/base/time.ts";
import type { LinkChanged, SendIcmp } from "../../../shared/protocol/core.ts";
import { Solicitor, solicitation } from "./discovery.ts";

type Link = NonNullable<LinkChanged["link"]>;

export interface LinkTransition {
  readonly wasUp: boolean;
  readonly isUp: boolean;
}

export class Links {
  readonly #random: Random;
  readonly #links = new Map<string, Link>();
  readonly #solicitors = new Map<string, Solicitor>();

  constructor(random: Random) {
    this.#random = random;
  }

  isUp(name: string): boolean {
    return this.#links.get(name)?.up === true;
  }

  /** As the system has it. */
  get(name: string): Link | undefined {
    return this.#links.get(name);
  }

  /** Solicited three times in vain (interface contract: `mode = "auto"`). */
  isUnanswered(name: string, now: Instant): boolean {
    return this.#solicitors.get(name)?.isUnanswered(now) === true;
  }

  /** An agent is heard there. */
  answered(name: string): void {
    this.#solicitors.get(name)?.answered();
  }

  macOf(name: string): Mac | undefined {
    return this.#links.get(name)?.mac;
  }

  names(): readonly string[] {
    return [...this.#links.keys()];
  }

  /** `undefined`: nothing that says anything about movement has changed. */
  change({ interface: name, link }: LinkChanged): LinkTransition | undefined {
    const before = this.#links.get(name);
    if (link === undefined) this.#links.delete(name);
    else this.#links.set(name, link);
    const wasUp = before?.up === true;
    const isUp = link?.up === true;
    if (wasUp === isUp && (!isUp || before?.mac === link?.mac)) return undefined;
    if (isUp) {
      // At start the first solicitation is delayed by chance (RFC 1256 §5.3), on a new link not.
      const known = this.#solicitors.get(name);
      if (known === undefined) this.#solicitors.set(name, new Solicitor(this.#random));
      known?.newLink();
    }
    return { wasUp, isUp };
  }

  remove(name: string): void {
    this.#links.delete(name);
    this.#solicitors.delete(name);
  }

  /** After a successful registration the next search starts anew (RFC 5944 §2.4). */
  resetSolicitors(): void {
    for (const solicitor of this.#solicitors.values()) solicitor.reset();
  }

  /** What is due on the interfaces that are up and `wanted`. */
  solicit(
    wanted: (name: string) => boolean,
    destination: (name: string) => Ipv4 | undefined,
    now: Instant,
  ): SendIcmp[] {
    const effects: SendIcmp[] = [];
    for (const [name, solicitor] of this.#solicitors) {
      if (solicitor.due(this.isUp(name) && wanted(name), now)) {
        effects.push(solicitation(name, destination(name)));
      }
    }
    return effects;
  }

  nextDeadline(now: Instant): Instant | undefined {
    return earliest(...[...this.#solicitors.values()].map((each) => each.nextDeadline(now)));
  }
}

/** What a core must be told about the links of its machine: changes, and each only once. */

import { isDeepStrictEqual } from "node:util";
import type { LinkChanged } from "../../protocol/core.ts";
import type { HostLink } from "./parts.ts";

export class LinkNews {
  readonly #names: () => readonly string[];
  readonly #link: (name: string) => HostLink | undefined;
  readonly #handle: (event: LinkChanged) => void;
  readonly #told = new Map<string, LinkChanged["link"]>();
  readonly #carrierLosses = new Map<string, number>();
  /** Links that may be others now although they look the same. */
  readonly #stale = new Set<string>();

  constructor(options: {
    /** The links that the core is to hear of. */
    readonly names: () => readonly string[];
    readonly link: (name: string) => HostLink | undefined;
    readonly handle: (event: LinkChanged) => void;
  }) {
    this.#names = options.names;
    this.#link = options.link;
    this.#handle = options.handle;
  }

  /** The core is to hear of every link again. */
  clear(): void {
    this.#told.clear();
  }

  /** Nobody was looking for a while: any link may be another one. */
  doubt(): void {
    for (const name of this.#told.keys()) this.#stale.add(name);
  }

  /** Tells the core what is new. */
  tell(): void {
    for (const name of this.#names()) {
      for (const event of this.#about(name, this.#link(name))) this.#handle(event);
    }
  }

  /** `undefined`: there is no such interface. */
  #about(name: string, host: HostLink | undefined): LinkChanged[] {
    const link = host && linkOf(host);
    const before = this.#told.get(name);
    const isNew = !this.#told.has(name) || !isDeepStrictEqual(before, link);
    const losses = this.#carrierLosses.get(name);
    if (host !== undefined) this.#carrierLosses.set(name, host.carrierLosses);
    this.#told.set(name, link);
    // Gone and back between two looks: it may be another access point's link now.
    const isDoubtful = this.#stale.delete(name) || losses !== host?.carrierLosses;
    const isFlap = isDoubtful && before?.up === true && link?.up === true;
    const now: LinkChanged = { type: "link", interface: name, link };
    if (isFlap) return [{ ...now, link: { ...link, up: false } }, now];
    return isNew ? [now] : [];
  }
}

/** What a core is told of it. */
function linkOf({ up, mac, mtu, addresses, defaultRoute }: HostLink) {
  const route = defaultRoute && { gateway: defaultRoute.gateway };
  return { up, mac, mtu, addresses, ...(route === undefined ? {} : { defaultRoute: route }) };
}

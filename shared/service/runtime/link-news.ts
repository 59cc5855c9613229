/** What a core must be told about the links of its machine: changes, and each only once. */

import { isDeepStrictEqual } from "node:util";
import type { LinkChanged } from "../../protocol/core.ts";
import type { HostLink } from "./parts.ts";

export class LinkNews {
  readonly #told = new Map<string, LinkChanged["link"]>();
  readonly #carrierLosses = new Map<string, number>();

  /** The core is to hear of every link again. */
  clear(): void {
    this.#told.clear();
  }

  /** The events for a link as it is now; `undefined`: there is no such interface. */
  about(name: string, host: HostLink | undefined): LinkChanged[] {
    const link = host && { up: host.up, mac: host.mac, mtu: host.mtu, addresses: host.addresses };
    const before = this.#told.get(name);
    const isNew = !this.#told.has(name) || !isDeepStrictEqual(before, link);
    const losses = this.#carrierLosses.get(name);
    if (host !== undefined) this.#carrierLosses.set(name, host.carrierLosses);
    this.#told.set(name, link);
    // Gone and back between two looks: it may be another access point's link now.
    const isFlap = losses !== host?.carrierLosses && before?.up === true && link?.up === true;
    const now: LinkChanged = { type: "link", interface: name, link };
    if (isFlap) return [{ ...now, link: { ...link, up: false } }, now];
    return isNew ? [now] : [];
  }
}

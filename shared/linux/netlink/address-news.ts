/**
 * Which notifications about addresses say something new. An address of limited lifetime that is
 * renewed (by a DHCP client, or by us) is told of each time, and nothing has changed.
 */

import { decodeAddress, RTM } from "./objects.ts";

/** Addresses remembered; beyond it every notification is news, which costs no more than a look. */
const MAX_KNOWN = 4096;

export class AddressNews {
  readonly #known = new Set<string>();

  /** True for every message that is not about an address. */
  isNews(type: number, body: Uint8Array): boolean {
    if (type !== RTM.newAddress && type !== RTM.deleteAddress) return true;
    const found = decodeAddress(body);
    if (found === undefined) return true;
    const key = `${found.index} ${found.address} ${found.prefixLength}`;
    if (type === RTM.deleteAddress) {
      this.#known.delete(key);
      return true;
    }
    if (this.#known.has(key)) return false;
    if (this.#known.size < MAX_KNOWN) this.#known.add(key);
    return true;
  }
}

/**
 * Where programs are attached: by tcx links, which are pinned, from kernel 6.6 on, and by filters of
 * a clsact qdisc before. Either outlives the process, and the next one puts its own program in the
 * same place without a moment between.
 */

import type { Rtnetlink } from "../netlink/rtnetlink.ts";
import { type Hook, removeFilter, setFilter } from "../netlink/traffic-control.ts";
import { IoError } from "../packet-io.ts";
import { type BpfCalls, TCX_EGRESS, TCX_INGRESS } from "./calls.ts";
import type { Pins } from "./pins.ts";

const LINK = "link-";

export interface Place {
  readonly ifindex: number;
  readonly hook: Hook;
}

export interface AttachmentsParts {
  readonly calls: BpfCalls;
  readonly rtnetlink: Rtnetlink;
  /** `undefined`: links end with the process. */
  readonly pins: Pins | undefined;
  /** Of the filters. */
  readonly preference: number;
}

function nameOf({ ifindex, hook }: Place): string {
  return `${LINK}${ifindex}-${hook}`;
}

/** Takes away the filters that an earlier run left on these interfaces. */
export async function removeAttached(
  rtnetlink: Rtnetlink,
  interfaces: readonly number[],
  preference: number,
): Promise<void> {
  for (const ifindex of interfaces) {
    await removeFilter(rtnetlink, { ifindex, hook: "ingress", preference });
    await removeFilter(rtnetlink, { ifindex, hook: "egress", preference });
  }
}

export class Attachments {
  readonly #parts: AttachmentsParts;
  /** Descriptors of links, or `undefined` for a filter. */
  readonly #open = new Map<string, { readonly place: Place; readonly link: number | undefined }>();
  #hasTcx = true;

  constructor(parts: AttachmentsParts) {
    this.#parts = parts;
  }

  /** By which of the two ways. */
  get mechanism(): "tcx" | "clsact" {
    return this.#hasTcx ? "tcx" : "clsact";
  }

  /** Attaches the program there, unless it is; rejects with an `IoError`. */
  async attach(place: Place, program: number, name: string): Promise<void> {
    const key = nameOf(place);
    if (this.#open.has(key)) return;
    const { rtnetlink, preference } = this.#parts;
    const link = this.#attachLink(place, program);
    if (link === undefined) await setFilter(rtnetlink, { ...place, preference }, program, name);
    this.#open.set(key, { place, link });
  }

  /** Keeps those places alone; what an earlier run left elsewhere goes, too. */
  async keepOnly(places: readonly Place[]): Promise<void> {
    const kept = new Set(places.map(nameOf));
    for (const [key, { place, link }] of [...this.#open]) {
      if (kept.has(key)) continue;
      this.#open.delete(key);
      await this.#detach(key, place, link);
    }
    const { pins } = this.#parts;
    for (const name of pins?.names() ?? []) {
      if (name.startsWith(LINK) && !kept.has(name)) pins?.remove(name);
    }
  }

  /** Without the pins, which keep the links of an ordinary end. */
  close(): void {
    for (const { link } of this.#open.values()) {
      if (link !== undefined) this.#parts.calls.close(link);
    }
    this.#open.clear();
  }

  /** `undefined`: this kernel has no tcx. */
  #attachLink(place: Place, program: number): number | undefined {
    if (!this.#hasTcx) return undefined;
    const { calls, pins } = this.#parts;
    const path = pins?.path(nameOf(place));
    const known = path === undefined ? undefined : calls.get(path);
    if (known !== undefined) {
      if (calls.replace(known, program)) return known;
      // Its interface has gone, and this one has got its number.
      calls.close(known);
      pins?.remove(nameOf(place));
    }
    try {
      const type = place.hook === "ingress" ? TCX_INGRESS : TCX_EGRESS;
      const link = calls.attach(program, place.ifindex, type);
      if (path !== undefined) calls.pin(link, path);
      return link;
    } catch (error) {
      if (!(error instanceof IoError) || error.code !== "EINVAL") throw error;
      this.#hasTcx = false;
      return undefined;
    }
  }

  async #detach(key: string, place: Place, link: number | undefined): Promise<void> {
    const { calls, pins, rtnetlink, preference } = this.#parts;
    if (link === undefined) {
      await removeFilter(rtnetlink, { ...place, preference });
      return;
    }
    pins?.remove(key);
    calls.close(link);
  }
}

/** Addresses that move between home agents of which one at a time acts: what the active one does. */

import { formatPrefix, type Ipv4, type Prefix } from "../../shared/base/address.ts";
import type { Now } from "../../shared/base/time.ts";
import type { PersistentMap } from "../../shared/forwarding/persistent-map.ts";
import type { ForwardingItem } from "../../shared/forwarding/state.ts";
import type { Binding } from "./bindings.ts";
import type { SharingConfig } from "./config.ts";
import type { HomeLinks } from "./home-link.ts";
import type { Directory } from "./nodes.ts";

const keyOf = (prefix: Prefix): string => `shared-address/${formatPrefix(prefix)}`;

/** Declares the shared addresses, in the place of those of another configuration. */
export function declareShared(
  state: PersistentMap<ForwardingItem>,
  sharing: SharingConfig | undefined,
  before?: SharingConfig,
): PersistentMap<ForwardingItem> {
  let declared = state;
  for (const { prefix } of before?.addresses ?? []) declared = declared.without(keyOf(prefix));
  if (sharing === undefined) return declared;
  const { lifetime } = sharing;
  for (const { interface: name, prefix } of sharing.addresses) {
    const item = { kind: "shared-address", interface: name, prefix, lifetime } as const;
    declared = declared.with(keyOf(prefix), item);
  }
  return declared;
}

/** What only this machine has would not survive it: nobody is to register with it. */
export function isShared({ addresses }: SharingConfig, address: Ipv4): boolean {
  return addresses.some(({ prefix }) => prefix.address === address);
}

/** Neighbours know another machine as the holder of what is ours now (RFC 5944 §4.6). */
export function announceTakeover(
  homeLinks: HomeLinks,
  sharing: SharingConfig | undefined,
  away: { readonly bindings: Iterable<Binding>; readonly directory: Directory },
  now: Now,
): void {
  for (const { interface: name, prefix } of sharing?.addresses ?? []) {
    homeLinks.takeOver(name, prefix.address, now);
  }
  for (const { homeAddress } of away.bindings) {
    const home = away.directory.node(homeAddress)?.network?.interface;
    if (home !== undefined) homeLinks.takeOver(home, homeAddress, now);
  }
}

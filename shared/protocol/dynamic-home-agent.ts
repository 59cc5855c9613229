/** What a request says of a home agent that is to be chosen: RFC 4433. */

import { BROADCAST, type Ipv4, UNSPECIFIED } from "../base/address.ts";
import type { ControlExtension } from "../wire/control-extensions.ts";

/** ALL-ZERO-ONE-ADDR: the network is to choose (RFC 4433 §2). */
export function isLeftOpen(homeAgent: Ipv4): boolean {
  return homeAgent === UNSPECIFIED || homeAgent === BROADCAST;
}

/** The address in the Requested HA Extension, in either form (RFC 4433 §3.4.1). */
export function requestedHomeAgent(extensions: readonly ControlExtension[]): Ipv4 | undefined {
  for (const extension of extensions) {
    if (
      extension.name === "requested-ha-extension" ||
      extension.name === "requested-ha-extension-as-printed"
    ) {
      return extension.haAddress;
    }
  }
  return undefined;
}

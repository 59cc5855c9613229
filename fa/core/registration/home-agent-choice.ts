/** Where a request goes: its Home Agent field, or what RFC 4433 lets the node leave open. */

import { type Ipv4, isUsableUnicast } from "../../../shared/base/address.ts";
import { isLeftOpen, requestedHomeAgent } from "../../../shared/protocol/dynamic-home-agent.ts";
import { realmOf } from "../../../shared/protocol/identity.ts";
import type { RegistrationRequest } from "../../../shared/wire/control.ts";
import { ReplyCode } from "../../../shared/wire/reply-code.ts";
import type { HomeAgentChoice } from "../config.ts";
import { isInRealms } from "./access.ts";

export type ChosenHomeAgent = { readonly address: Ipv4 } | { readonly code: number };

/**
 * The Requested HA Extension comes first, even before a Home Agent field that names one (RFC 4433
 * §3.4.1, §4.1); then the field; then the home agent that has accepted this visitor before; then
 * what is configured. Code 90 when none is found, 116 for a field that is no node's address.
 */
export function chooseHomeAgent(
  { homeAgent, extensions }: Pick<RegistrationRequest, "homeAgent" | "extensions">,
  nai: string | undefined,
  current: Ipv4 | undefined,
  choices: readonly HomeAgentChoice[],
): ChosenHomeAgent {
  const requested = requestedHomeAgent(extensions);
  if (requested !== undefined) {
    return isUsableUnicast(requested)
      ? { address: requested }
      : { code: ReplyCode.faNonzeroHomeAgentRequired };
  }
  if (!isLeftOpen(homeAgent)) {
    // The printed 194 is 116 (erratum 3116).
    return isUsableUnicast(homeAgent)
      ? { address: homeAgent }
      : { code: ReplyCode.faInvalidHomeAgentAddress };
  }
  const realm = realmOf(nai);
  const fitting = choices.find(({ realms }) => realms.length === 0 || isInRealms(realm, realms));
  const address = current ?? fitting?.address;
  return address === undefined ? { code: ReplyCode.faNonzeroHomeAgentRequired } : { address };
}

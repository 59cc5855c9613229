/** Who may register here: lists by home agent, realm and link-layer address (code 65). */

import { type Ipv4, type Mac, type Prefix, prefixContains } from "../../../shared/base/address.ts";
import { realmOf } from "../../../shared/protocol/identity.ts";

/** An empty list of what is allowed allows all. */
export interface AccessList {
  readonly homeAgents: readonly Prefix[];
  /** Realms of NAIs, lower case; each stands for the realms below it too. */
  readonly realms: readonly string[];
  readonly macs: readonly Mac[];
}

export interface AccessRules {
  readonly allow: AccessList;
  /** Holds before `allow`. */
  readonly deny: AccessList;
}

export const NOBODY: AccessList = { homeAgents: [], realms: [], macs: [] };
export const ALLOW_ALL: AccessRules = { allow: NOBODY, deny: NOBODY };

/** What a request says about its sender. */
export interface Applicant {
  readonly mac: Mac;
  readonly nai: string | undefined;
  /** Where the request would be relayed to. */
  readonly homeAgent: Ipv4;
}

/** Is `realm` one of these, or below one of them? */
export function isInRealms(realm: string | undefined, realms: readonly string[]): boolean {
  if (realm === undefined) return false;
  return realms.some((known) => realm === known || realm.endsWith(`.${known}`));
}

export function isAllowed({ allow, deny }: AccessRules, applicant: Applicant): boolean {
  const { mac, homeAgent } = applicant;
  const realm = realmOf(applicant.nai);
  const agentIn = (list: readonly Prefix[]): boolean =>
    list.some((prefix) => prefixContains(prefix, homeAgent));
  if (deny.macs.includes(mac) || agentIn(deny.homeAgents) || isInRealms(realm, deny.realms)) {
    return false;
  }
  return (
    (allow.macs.length === 0 || allow.macs.includes(mac)) &&
    (allow.homeAgents.length === 0 || agentIn(allow.homeAgents)) &&
    (allow.realms.length === 0 || isInRealms(realm, allow.realms))
  );
}

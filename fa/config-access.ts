/** The `[access]` table: who may register here. */

import * as z from "zod";
import { parseIpv4, parseMac, parsePrefix } from "../shared/base/address.ts";
import { assert } from "../shared/base/result.ts";
import { mac, mustBe, prefixOrAddress, table, text } from "../shared/service/config/values.ts";
import type { AccessRules } from "./core/registration/access.ts";

function list<Item extends z.ZodType>(item: Item) {
  return z.array(item, { error: mustBe("an array") });
}

/** What stands behind the `@` of a NAI (RFC 4282 §2.1). */
export function realm() {
  return text("a realm like example.net, without @", 253)
    .refine((name) => !name.includes("@"), {
      error: mustBe("a realm like example.net, without @"),
    })
    .meta({ title: "realm" });
}

const homeAgents = () => list(prefixOrAddress()).default([]);
const realms = () => list(realm()).default([]);
const macs = () => list(mac()).default([]);

export const access = table({
  allow_home_agents: homeAgents().describe(
    "Home agents, addresses or prefixes, that requests are relayed to; empty: all.",
  ),
  deny_home_agents: homeAgents().describe("Home agents that no request is relayed to."),
  allow_realms: realms().describe(
    "Realms of Network Access Identifiers (RFC 2794), each with those below it; empty: all, and nodes without one.",
  ),
  deny_realms: realms().describe("Realms whose nodes are denied."),
  allow_macs: macs().describe("Link-layer addresses of the nodes that are served; empty: all."),
  deny_macs: macs().describe("Link-layer addresses of nodes that are denied."),
})
  .prefault({})
  .describe("Who may register here; what is denied gets code 65, and a deny list goes first.");

type AccessConfig = z.output<typeof access>;

export function accessRules(config: AccessConfig): AccessRules {
  return {
    allow: rulesOf(config.allow_home_agents, config.allow_realms, config.allow_macs),
    deny: rulesOf(config.deny_home_agents, config.deny_realms, config.deny_macs),
  };
}

function rulesOf(
  homeAgents: readonly string[],
  realms: readonly string[],
  macs: readonly string[],
): AccessRules["allow"] {
  return {
    homeAgents: homeAgents.map(toPrefix),
    realms: realms.map((name) => name.toLowerCase()),
    macs: macs.map((text) => {
      const value = parseMac(text);
      assert(value !== undefined, "a link-layer address that the schema let pass");
      return value;
    }),
  };
}

function toPrefix(text: string) {
  const address = parseIpv4(text);
  const prefix = address === undefined ? parsePrefix(text) : { address, length: 32 };
  assert(prefix !== undefined, "a prefix that the schema let pass");
  return prefix;
}

/** Which of the node's own traffic goes by its home address: `[routing]` of mn.toml. */

import * as z from "zod";
import type { RoutingPolicy } from "../shared/forwarding/state.ts";
import { mustBe, network, prefixOf, table } from "../shared/service/config/values.ts";
import type { ConfigFault } from "../shared/service/program.ts";

const EVERYTHING = "0.0.0.0/0";
/** Each is a rule, which every packet passes that starts here. */
const MAX_DESTINATIONS = 32;

function destinations(meaning: string) {
  const error = mustBe("a network like 10.1.0.0/24, or 0.0.0.0/0");
  const one = z.union([z.literal(EVERYTHING), network()], { error });
  const many = mustBe(`an array of at most ${MAX_DESTINATIONS} networks`);
  return z.array(one, { error: many }).max(MAX_DESTINATIONS, { error: many }).describe(meaning);
}

export function routing() {
  return table({
    tunnel: destinations(
      "Destinations that are reached by the home address; the others as without mobility, by the system's own routes.",
    ).default([EVERYTHING]),
    exclude: destinations(
      "Destinations among them that are reached by table main all the same, such as the resolver of the network visited.",
    ).default([]),
  })
    .prefault({})
    .describe(
      "Which of the node's own packets go by its home address. Whatever else the system has a route for, but its default route, stays as it is; answers to who speaks to the home address always come from there.",
    );
}

interface RoutingConfig {
  readonly routing: { readonly tunnel: readonly string[]; readonly exclude: readonly string[] };
}

export function checkRouting({ routing: { tunnel, exclude } }: RoutingConfig): ConfigFault[] {
  const lists = Object.entries({ tunnel, exclude });
  return lists.flatMap(([key, prefixes]) =>
    prefixes.flatMap((prefix, index) => {
      if (prefixes.indexOf(prefix) === index) return [];
      const message = `${prefix} is in the list already, must be there once`;
      return [{ key: `routing.${key}[${index}]`, message }];
    }),
  );
}

/** `undefined`: what holds without a word about it. */
export function toPolicy({
  routing: { tunnel, exclude },
}: RoutingConfig): RoutingPolicy | undefined {
  if (tunnel.length === 1 && tunnel[0] === EVERYTHING && exclude.length === 0) return undefined;
  const prefixes = (list: readonly string[]) => list.map((prefix) => prefixOf({ prefix }));
  return { tunnel: prefixes(tunnel), exclude: prefixes(exclude) };
}

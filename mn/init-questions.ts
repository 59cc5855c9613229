/** What `mip4-mn init` must know. */

import type { OptionSpec } from "../shared/service/cli/commands.ts";
import { readHostFacts } from "../shared/service/config/host-facts.ts";
import type { MnConfig } from "./config.ts";

/** The file that it writes, unless told another. */
export const DEFAULT_FILE = "/etc/mip4/mn.toml";

/** What must be known: typed after an option, or asked for. */
export interface Question extends OptionSpec {
  readonly value: string;
  readonly ask: string;
  /** The key whose rule it must keep. */
  readonly key: keyof MnConfig;
  /** Taken when nothing is typed; `undefined`: something must be. */
  readonly fallback: () => string | undefined;
}

export const QUESTIONS = {
  homeAddress: {
    name: "home-address",
    value: "address",
    summary: 'the address to keep wherever this node is; "dynamic" with --nai',
    ask: 'Home address, or "dynamic"',
    key: "home_address",
    fallback: () => undefined,
  },
  nai: {
    name: "nai",
    value: "nai",
    summary: "who this node is, like bob@example.net (RFC 2794)",
    ask: "NAI, like bob@example.net; empty for none",
    key: "nai",
    fallback: () => "",
  },
  homeAgent: {
    name: "home-agent",
    value: "host",
    summary: "the home agent's address or name",
    ask: "Home agent, address or name",
    key: "home_agent",
    fallback: () => undefined,
  },
  interfaces: {
    name: "interface",
    value: "names",
    summary: "links in order of preference, with commas between (default: those that there are)",
    ask: "Interfaces in order of preference, with commas between",
    key: "interface",
    fallback: usualInterfaces,
  },
} as const satisfies Readonly<Record<string, Question>>;

/** The one of the default route first; what leads nowhere else is left out. */
function usualInterfaces(): string | undefined {
  const { addresses, defaultInterface } = readHostFacts();
  const others = [...addresses.keys()].filter((name) => name !== "lo" && !name.startsWith("mip"));
  const first = defaultInterface === undefined ? [] : [defaultInterface];
  const names = [...new Set([...first, ...others])];
  return names.length === 0 ? undefined : names.join(",");
}

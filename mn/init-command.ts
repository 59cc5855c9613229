/** `mip4-mn init`: a first configuration, and what the home agent must be told of it. */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type * as z from "zod";
import {
  type CommandSpec,
  EXIT,
  type Invocation,
  type OptionSpec,
  UsageError,
} from "../shared/service/cli/commands.ts";
import { ALGORITHM_OPTION, newKey } from "../shared/service/cli/node-options.ts";
import type { Output } from "../shared/service/cli/output.ts";
import { readHostFacts } from "../shared/service/config/host-facts.ts";
import { loadConfig } from "../shared/service/config/load.ts";
import {
  type NodeTerms,
  nodeStanzas,
  type Stanzas,
} from "../shared/service/config/node-stanzas.ts";
import type { Program } from "../shared/service/program.ts";
import { type MnConfig, mnSchema } from "./config.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

const DEFAULT_FILE = "/etc/mip4/mn.toml";

/** What must be known: typed after an option, or asked for. */
interface Question extends OptionSpec {
  readonly value: string;
  readonly ask: string;
  readonly schema: z.ZodType;
  /** Taken when nothing is typed; `undefined`: something must be. */
  readonly fallback: () => string | undefined;
}

const { shape } = mnSchema;

const QUESTIONS = {
  homeAddress: {
    name: "home-address",
    value: "address",
    summary: 'the address to keep wherever this node is; "dynamic" with --nai',
    ask: 'Home address, or "dynamic"',
    schema: shape.home_address,
    fallback: () => undefined,
  },
  nai: {
    name: "nai",
    value: "nai",
    summary: "who this node is, like bob@example.net (RFC 2794)",
    ask: "NAI, like bob@example.net; empty for none",
    schema: shape.nai,
    fallback: () => "",
  },
  homeAgent: {
    name: "home-agent",
    value: "host",
    summary: "the home agent's address or name",
    ask: "Home agent, address or name",
    schema: shape.home_agent,
    fallback: () => undefined,
  },
  interfaces: {
    name: "interface",
    value: "names",
    summary: "links in order of preference, with commas between (default: those that there are)",
    ask: "Interfaces in order of preference, with commas between",
    schema: shape.interface,
    fallback: usualInterfaces,
  },
} as const satisfies Readonly<Record<string, Question>>;

const OPTIONS: readonly OptionSpec[] = [
  {
    name: "config",
    value: "file",
    summary: `the file to write, mode 0600 (default: ${DEFAULT_FILE})`,
  },
  ...Object.values(QUESTIONS).map(({ name, value, summary }) => ({ name, value, summary })),
  {
    name: "home-prefix-length",
    value: "bits",
    summary: "length of the home network's prefix (default: 24)",
  },
  {
    name: "network",
    value: "prefix@link",
    summary: "a network that moves with this node, like 10.20.0.0/24@lan0 or dynamic@lan0",
  },
  ALGORITHM_OPTION,
  { name: "force", summary: "write over a file that is there" },
];

export function initCommand<CoreConfig>(
  program: Program<MnConfig, CoreConfig>,
  terminal: Terminal = processTerminal(),
): CommandSpec {
  return {
    name: "init",
    arguments: [],
    summary:
      "write a first configuration with a new key, and print the home agent's part; on a terminal it asks",
    options: OPTIONS,
    exits: {
      [EXIT.ok]: "done",
      [EXIT.failed]: "the answers do not fit together, or the file cannot be written",
    },
    action: (invocation) => init(program, terminal, invocation),
  };
}

async function init<CoreConfig>(
  program: Program<MnConfig, CoreConfig>,
  terminal: Terminal,
  invocation: Invocation,
): Promise<number> {
  const { output } = invocation;
  const file = invocation.text("config") ?? DEFAULT_FILE;
  if (!invocation.has("force") && exists(file)) {
    output.err(`${program.name}: ${file} is there already; --force writes over it`);
    return EXIT.failed;
  }
  const stanzas = nodeStanzas(await gather(terminal, invocation));
  if (!write(program, file, stanzas, output)) return EXIT.failed;
  output.err(`${file} is written. The home agent's ha.toml must have:`);
  output.out(stanzas.homeAgent.trimEnd());
  return EXIT.ok;
}

async function gather(terminal: Terminal, invocation: Invocation): Promise<NodeTerms> {
  const secret = newKey(invocation);
  const networks = invocation.texts("network").map(networkOf);
  const length = invocation.text("home-prefix-length") ?? "24";
  if (!/^\d+$/.test(length))
    throw new UsageError(`--home-prefix-length ${length}: must be a number`);
  const ask = (question: Question) => answer(question, terminal, invocation);
  const homeAddress = await ask(QUESTIONS.homeAddress);
  const nai = await ask(QUESTIONS.nai);
  const homeAgent = await ask(QUESTIONS.homeAgent);
  const interfaces = namesIn(await ask(QUESTIONS.interfaces));
  terminal.close();
  return {
    homeAddress,
    nai: nai === "" ? undefined : nai,
    homePrefixLength: Number(length),
    homeAgent,
    interfaces,
    networks,
    ...secret,
  };
}

/** As typed after the option, or else as asked for, again and again until it can be meant. */
async function answer(
  question: Question,
  terminal: Terminal,
  invocation: Invocation,
): Promise<string> {
  const { name, value, ask, fallback } = question;
  const given = invocation.text(name);
  if (given !== undefined) {
    const fault = faultOf(question, given);
    if (fault === undefined) return given;
    throw new UsageError(`--${name}: ${fault}`);
  }
  const usual = fallback();
  if (!terminal.isInteractive) {
    if (usual !== undefined) return usual;
    throw new UsageError(`--${name} is missing: --${name} ${value.toUpperCase()}`);
  }
  const hint = usual === undefined || usual === "" ? "" : ` [${usual}]`;
  for (;;) {
    const typed = (await terminal.ask(`${ask}${hint}: `)).trim();
    const text = typed === "" ? (usual ?? "") : typed;
    const fault = faultOf(question, text);
    if (fault === undefined) return text;
    terminal.tell(fault);
  }
}

function faultOf({ schema, fallback, name }: Question, text: string): string | undefined {
  if (text === "" && fallback() === "") return undefined;
  const value = name === "interface" ? namesIn(text).map((each) => ({ name: each })) : text;
  const result = schema.safeParse(value);
  return result.success ? undefined : result.error.issues[0]?.message;
}

function namesIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((name) => name !== "");
}

/** The one of the default route first; what leads nowhere else is left out. */
function usualInterfaces(): string | undefined {
  const { addresses, defaultInterface } = readHostFacts();
  const others = [...addresses.keys()].filter((name) => name !== "lo" && !name.startsWith("mip"));
  const first = defaultInterface === undefined ? [] : [defaultInterface];
  const names = [...new Set([...first, ...others])];
  return names.length === 0 ? undefined : names.join(",");
}

function networkOf(text: string): { prefix: string; interface: string } {
  const [prefix = "", link = "", ...rest] = text.split("@");
  if (prefix !== "" && link !== "" && rest.length === 0) return { prefix, interface: link };
  throw new UsageError(`--network ${text}: must be a network and its link, like 10.20.0.0/24@lan0`);
}

function exists(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ENOENT");
  }
}

/** Checked beside the place where it is to be, and put there whole. */
function write<CoreConfig>(
  program: Program<MnConfig, CoreConfig>,
  file: string,
  { mobileNode }: Stanzas,
  output: Output,
): boolean {
  const draft = `${file}.new`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    rmSync(draft, { force: true });
    writeFileSync(draft, mobileNode, { mode: 0o600, flag: "wx" });
    const loaded = loadConfig(program, { configFile: draft, board: undefined }, readHostFacts());
    if (loaded.ok) {
      renameSync(draft, file);
      return true;
    }
    for (const line of loaded.error) output.err(line.replace(draft, file));
  } catch (error) {
    output.err(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  rmSync(draft, { force: true });
  return false;
}

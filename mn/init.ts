/** What `mip4-mn init` does: asks for what it was not told, and writes a configuration that `run` takes. */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { EXIT, type Invocation, UsageError } from "../shared/service/cli/commands.ts";
import { newKey } from "../shared/service/cli/node-options.ts";
import type { Output } from "../shared/service/cli/output.ts";
import { readHostFacts } from "../shared/service/config/host-facts.ts";
import {
  type NodeTerms,
  nodeStanzas,
  type Stanzas,
} from "../shared/service/config/node-stanzas.ts";
import { readConfig } from "../shared/service/config/read.ts";
import type { Program } from "../shared/service/program.ts";
import { type MnConfig, mnSchema } from "./config.ts";
import { DEFAULT_FILE, QUESTIONS, type Question } from "./init-questions.ts";
import type { Terminal } from "./terminal.ts";

/** The `init` command; resolves to the exit code. */
export async function init<CoreConfig>(
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
  if (!(await write(program, file, stanzas, output))) return EXIT.failed;
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

function faultOf({ key, fallback, name }: Question, text: string): string | undefined {
  if (text === "" && fallback() === "") return undefined;
  const value = name === "interface" ? namesIn(text).map((each) => ({ name: each })) : text;
  const result = mnSchema.shape[key].safeParse(value);
  return result.success ? undefined : result.error.issues[0]?.message;
}

function namesIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((name) => name !== "");
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
async function write<CoreConfig>(
  program: Program<MnConfig, CoreConfig>,
  file: string,
  { mobileNode }: Stanzas,
  output: Output,
): Promise<boolean> {
  const draft = `${file}.new`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    rmSync(draft, { force: true });
    writeFileSync(draft, mobileNode, { mode: 0o600, flag: "wx" });
    const loaded = await readConfig(
      program,
      { configFile: draft, board: undefined },
      readHostFacts(),
    );
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

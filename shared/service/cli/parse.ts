/** The command line by cac, with our exit codes and the nearest right word for a wrong one. */

import { type CAC, cac } from "cac";
import { version } from "../embedded/version.ts";
import { nearest } from "../suggest.ts";
import { type CommandSpec, EXIT, type Invocation, UsageError } from "./commands.ts";
import type { Output } from "./output.ts";

export interface Parsed {
  readonly command: CommandSpec;
  readonly invocation: Invocation;
}

/** `undefined` when help or version was asked for and has been printed. */
export function parseCommandLine(
  { name, summary }: { readonly name: string; readonly summary: string },
  specs: readonly CommandSpec[],
  argv: readonly string[],
  output: Output,
): Parsed | undefined {
  const cli = cac(name);
  cli.version(version()).help((sections) => {
    const spec = specs.find((candidate) => candidate.name === cli.matchedCommand?.name);
    // The list of every command's --help says nothing that the list of commands does not.
    const lists = sections.filter(({ title }) => title === "Commands" || title === "Options");
    const head = { body: `${name} ${version()}: ${summary}` };
    if (spec === undefined) return [head, usage(`${name} COMMAND [options]`), ...lists];
    const about = { body: `${spec.summary.replace(/^./, (first) => first.toUpperCase())}.` };
    return [head, usage(`${name} ${usageOf(spec)}`), about, ...lists, exitSection(spec)];
  });
  for (const spec of specs) declare(cli, spec);
  cli.parse([...argv], { run: false });
  const { help, version: wantsVersion } = cli.options;
  if (help === true || wantsVersion === true) return undefined;
  const command = cli.matchedCommand;
  const spec = specs.find((candidate) => candidate.name === command?.name);
  if (command === undefined || spec === undefined) throw new UsageError(unknownCommand(cli, specs));
  checkOptions(cli, spec);
  checkArguments(cli, spec);
  const invocation = {
    output,
    arguments: cli.args,
    text: (option: string) => rawTexts(argv.slice(2), option).at(-1),
    texts: (option: string) => rawTexts(argv.slice(2), option),
    has: (option: string) => cli.options[option] === true,
  };
  return { command: spec, invocation };
}

function usage(body: string): { title: string; body: string } {
  return { title: "Usage", body: `  ${body}` };
}

/** What has to be there; the rest is listed below it. */
function usageOf(spec: CommandSpec): string {
  const required = spec.options.flatMap(({ name, value = "", isRequired }) =>
    isRequired === true ? `--${name} ${value.toUpperCase()}` : [],
  );
  const words = spec.arguments.map((argument) => argument.toUpperCase());
  const others = spec.options.length > required.length ? ["[options]"] : [];
  return [spec.name, ...words, ...required, ...others].join(" ");
}

function exitSection({ name, exits }: CommandSpec): { title: string; body: string } {
  const known = name === "health" ? exits : { [EXIT.usage]: "usage error", ...exits };
  const lines = Object.entries(known).map(([code, meaning]) => `  ${code}  ${meaning}`);
  return { title: "Exit codes", body: lines.join("\n") };
}

function declare(cli: CAC, spec: CommandSpec): void {
  const command = cli.command(
    [spec.name, ...spec.arguments.map((argument) => `<${argument}>`)].join(" "),
    spec.summary,
  );
  for (const option of spec.options) {
    const form = option.value === undefined ? "" : ` <${option.value}>`;
    command.option(`--${option.name}${form}`, option.summary);
  }
}

function unknownCommand(cli: CAC, specs: readonly CommandSpec[]): string {
  const word = cli.args[0];
  if (word === undefined) return "a command is missing";
  return `no command "${word}"${hint(
    word,
    specs.map((spec) => spec.name),
    "",
  )}`;
}

function hint(word: string, right: readonly string[], prefix: string): string {
  const close = nearest(word, right);
  return close === undefined ? "" : `, did you mean "${prefix}${close}"?`;
}

function checkOptions(cli: CAC, spec: CommandSpec): void {
  const right = [...spec.options.map((option) => option.name), "help"];
  for (const [key, value] of Object.entries(cli.options)) {
    if (key === "--") continue;
    const name = asTyped(key);
    const option = spec.options.find((candidate) => candidate.name === name);
    const dashes = name.length > 1 ? "--" : "-";
    if (option === undefined) {
      throw new UsageError(
        `no option "${dashes}${name}" of ${spec.name}${hint(name, right, "--")}`,
      );
    }
    // Given several times, it is an array of what followed each.
    const isBare = [value].flat().some((each) => typeof each === "boolean");
    if (option.value !== undefined && isBare) {
      throw new UsageError(`--${name} needs a value: --${name} ${option.value.toUpperCase()}`);
    }
    if (option.value === undefined && typeof value !== "boolean") {
      throw new UsageError(`--${name} takes no value`);
    }
  }
}

/** cac makes `homeAgent` of `--home-agent`. */
function asTyped(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function checkArguments(cli: CAC, spec: CommandSpec): void {
  const missing = spec.arguments[cli.args.length];
  if (missing !== undefined) throw new UsageError(`${spec.name} needs ${missing.toUpperCase()}`);
  const extra = cli.args[spec.arguments.length];
  if (extra === undefined) return;
  // It may be a secret that lost its option.
  const shown = spec.options.some((option) => option.isSecret) ? "so many words" : `"${extra}"`;
  throw new UsageError(`${spec.name} does not take ${shown}`);
}

/** cac makes numbers of what looks like one (`--hex 0102` would be 102), so values are read here. */
function rawTexts(words: readonly string[], option: string): string[] {
  const texts: string[] = [];
  for (const [i, word] of words.entries()) {
    if (word === "--") break;
    if (word === `--${option}`) texts.push(words[i + 1] ?? "");
    else if (word.startsWith(`--${option}=`)) texts.push(word.slice(option.length + 3));
  }
  return texts;
}

/** Manual pages out of the command line's definitions and the schemas: mip4-fa(8), mip4-fa.toml(5). */

import type { CommandSpec } from "../../shared/service/cli/commands.ts";
import { type ConfigTable, configTables } from "../docs/configuration.ts";
import type { DescribedProgram } from "../docs/programs.ts";

/** Text as roff takes it: no line begins with a control character, nothing is an escape. */
function plain(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/gm, "\\&$1");
}

/** Markdown's `code` in bold. */
function rich(text: string): string {
  return plain(text).replace(/`([^`]+)`/g, "\\fB$1\\fR");
}

function head(name: string, section: number, version: string, summary: string): string[] {
  return [
    `.TH "${name.toUpperCase()}" "${section}" "" "mip4 ${version}" "Mobile IPv4"`,
    ".SH NAME",
    `${plain(name)} \\- ${plain(summary)}`,
  ];
}

/** Section 8: the commands. */
export function commandPage(program: DescribedProgram, version: string): string {
  const { name, role, summary, commands } = program;
  return lines([
    ...head(name, 8, version, summary),
    ".SH SYNOPSIS",
    ...commands.flatMap((command) => [`.B ${plain(name)} ${plain(synopsis(command))}`, ".br"]),
    ".SH COMMANDS",
    ...commands.flatMap(commandText),
    ".SH SIGNALS",
    ...term("SIGTERM, SIGINT", "ends cleanly: withdraws or deregisters, removes what it has made"),
    ...term(
      "SIGHUP",
      "reads the configuration again; with a fault in it the old one stays, and health warns",
    ),
    ...term("SIGUSR1", "writes the status to the log"),
    ".SH FILES",
    ...term(`/etc/mip4/${role}.toml`, "the configuration of the service"),
    ...term(`/run/mip4/${role}.sock`, "the control socket"),
    ...term(`/run/mip4/${role}.state`, "health and status, for mip4-health"),
    ...term(`/var/lib/mip4/${role}.journal`, "what outlives the program"),
    ".SH EXIT STATUS",
    "0 done, 1 failed, 2 usage error, 3 not running. Of health: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.",
    ".SH SEE ALSO",
    `.BR ${plain(`${name}.toml`)} (5)`,
  ]);
}

/** Section 5: the configuration. */
export function configPage(program: DescribedProgram, version: string): string {
  return lines([
    ...head(`${program.name}.toml`, 5, version, `configuration of ${program.name}`),
    ".SH DESCRIPTION",
    plain(
      `TOML, or UCI on OpenWrt, given with --config. Times are seconds, addresses dotted quads, prefixes CIDR. An unknown key is an error. "${program.name} check --config FILE" says what is wrong, each fault with its line, or prints the configuration with every default.`,
    ),
    ...configTables(program.schema).flatMap(tableText),
    ".SH SEE ALSO",
    `.BR ${plain(program.name)} (8)`,
  ]);
}

function synopsis({ name, arguments: words, options }: CommandSpec): string {
  return [
    name,
    ...words.map((word) => word.toUpperCase()),
    ...options.map((option) => {
      const value = option.value === undefined ? "" : ` ${option.value.toUpperCase()}`;
      return option.isRequired === true ? `--${option.name}${value}` : `[--${option.name}${value}]`;
    }),
  ].join(" ");
}

function commandText(command: CommandSpec): string[] {
  return [
    `.SS ${plain(command.name)}`,
    `${plain(command.summary)}.`,
    ...command.options.flatMap(({ name, value, summary }) =>
      term(value === undefined ? `--${name}` : `--${name} ${value.toUpperCase()}`, summary),
    ),
    ...Object.entries(command.exits).flatMap(([code, meaning]) => term(`exit ${code}`, meaning)),
  ];
}

function tableText({ heading, description, keys }: ConfigTable): string[] {
  if (heading === "" && keys.length === 0) return [];
  return [
    `.SH ${plain(heading === "" ? "TOP LEVEL" : heading)}`,
    ...(description === "" ? [] : [rich(description)]),
    ...keys.flatMap(({ name, type, byDefault, meaning }) =>
      term(name, `(${type}; default: ${byDefault}) ${meaning}`),
    ),
  ];
}

function term(word: string, meaning: string): string[] {
  return [".TP", `.B ${plain(word)}`, rich(meaning)];
}

function lines(all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}

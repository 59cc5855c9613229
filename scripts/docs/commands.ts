/** docs/reference/commands.md, from the command line's own definitions. */

import { type CommandSpec, EXIT } from "../../shared/service/cli/commands.ts";
import { code, GENERATED, markdownTable, page } from "./markdown.ts";
import { programs } from "./programs.ts";

const INTRODUCTION = `\`PROG --help\` lists the commands, \`PROG COMMAND --help\` its options. A usage error has exit code
${EXIT.usage} and the nearest right word. Output for people is aligned columns, in colour only on a terminal and
never with \`NO_COLOR\`; \`--json\` is for programs.`;

/** A command with the programs that have it; in every program it is the same but for a default. */
interface Entry {
  readonly spec: CommandSpec;
  readonly names: readonly string[];
}

function entries(): Entry[] {
  const found = new Map<string, { spec: CommandSpec; names: string[] }>();
  for (const { name, commands } of programs) {
    for (const spec of commands) {
      const known = found.get(spec.name);
      if (known === undefined) found.set(spec.name, { spec, names: [name] });
      else known.names.push(name);
    }
  }
  return [...found.values()];
}

export function commandsPage(): string {
  const all = entries();
  const rows = all.map(({ spec, names }) => [
    `[${spec.name}](#${spec.name})`,
    names.length === programs.length ? "all" : names.map(code).join(", "),
    spec.summary,
  ]);
  return page(
    "# Commands",
    GENERATED,
    INTRODUCTION,
    markdownTable(["Command", "Programs", "Does"], rows),
    ...all.flatMap(blocks),
  );
}

function blocks({ spec, names }: Entry): string[] {
  const program = names.length === programs.length ? "PROG" : names.join("|");
  const words = spec.arguments.map((argument) => ` ${argument.toUpperCase()}`).join("");
  const options = spec.options.map(({ name, value, summary }) => [
    code(value === undefined ? `--${name}` : `--${name} ${value.toUpperCase()}`),
    summary.replace(/\/run\/mip4\/(?:fa|mn|ha)\.sock/, "/run/mip4/ROLE.sock"),
  ]);
  return [
    `## ${spec.name}`,
    `${code(`${program} ${spec.name}${words}`)}: ${spec.summary}.`,
    ...(options.length === 0 ? [] : [markdownTable(["Option", "Meaning"], options)]),
    markdownTable(["Exit", "Meaning"], Object.entries(spec.exits)),
  ];
}

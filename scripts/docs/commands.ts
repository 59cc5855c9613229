/** docs/reference/commands.md, from the command line's own definitions. */

import { type CommandSpec, EXIT } from "../../shared/service/cli/commands.ts";
import { code, GENERATED, markdownTable, page } from "./markdown.ts";
import { programs } from "./programs.ts";

const INTRODUCTION = `\`PROG --help\` lists the commands, \`PROG COMMAND --help\` its options. A usage error has exit code
${EXIT.usage} and the nearest right word. Output for people is aligned columns, in colour only on a terminal and
never with \`NO_COLOR\`; \`--json\` is for programs.`;

/** A command with the programs that have it; there it is the same but for a default. */
interface Entry {
  readonly spec: CommandSpec;
  readonly names: readonly string[];
  /** Another program has another command of this name. */
  readonly isHomonym: boolean;
}

function entries(): Entry[] {
  const found = new Map<string, { spec: CommandSpec; names: string[] }>();
  for (const { name, commands } of programs) {
    for (const spec of commands) {
      const key = `${spec.name}: ${spec.summary}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, { spec, names: [name] });
      else known.names.push(name);
    }
  }
  const all = [...found.values()];
  return all.map((entry) => {
    const isHomonym = all.some((other) => other !== entry && other.spec.name === entry.spec.name);
    return { ...entry, isHomonym };
  });
}

function headingOf({ spec, names, isHomonym }: Entry): string {
  return isHomonym ? `${names.join(" ")} ${spec.name}` : spec.name;
}

export function commandsPage(): string {
  const all = entries();
  const rows = all.map((entry) => [
    `[${entry.spec.name}](#${headingOf(entry).replaceAll(" ", "-")})`,
    entry.names.length === programs.length ? "all" : entry.names.map(code).join(", "),
    entry.spec.summary,
  ]);
  return page(
    "# Commands",
    GENERATED,
    INTRODUCTION,
    markdownTable(["Command", "Programs", "Does"], rows),
    ...all.flatMap(blocks),
  );
}

function blocks(entry: Entry): string[] {
  const { spec, names } = entry;
  const program = names.length === programs.length ? "PROG" : names.join("|");
  const words = spec.arguments.map((argument) => ` ${argument.toUpperCase()}`).join("");
  const options = spec.options.map(({ name, value, summary, isRequired }) => [
    code(value === undefined ? `--${name}` : `--${name} ${value.toUpperCase()}`),
    summary.replace(/\/run\/mip4\/(?:fa|mn|ha)\.sock/, "/run/mip4/ROLE.sock") +
      (isRequired === true ? " (required)" : ""),
  ]);
  return [
    `## ${headingOf(entry)}`,
    `${code(`${program} ${spec.name}${words}`)}: ${spec.summary}.`,
    ...(options.length === 0 ? [] : [markdownTable(["Option", "Meaning"], options)]),
    markdownTable(["Exit", "Meaning"], Object.entries(spec.exits)),
  ];
}

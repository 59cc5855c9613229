/** Shell completions out of the command line's definitions. */

import type { CommandSpec, OptionSpec } from "../../shared/service/cli/commands.ts";
import type { DescribedProgram } from "../docs/programs.ts";

/** Options whose value is a file. */
const FILES = new Set(["file", "path"]);
/** Options whose values the program itself lists. */
const BOARDS = "board";

const long = ({ name }: OptionSpec): string => `--${name}`;
const takesFile = ({ value }: OptionSpec): boolean => value !== undefined && FILES.has(value);

export function bashCompletion({ name, commands }: DescribedProgram): string {
  const words = commands.map((command) => command.name).join(" ");
  const files = unique(commands.flatMap(({ options }) => options.filter(takesFile).map(long)));
  const cases = commands.map(
    (command) =>
      `\t\t${command.name}) COMPREPLY=($(compgen -W '${command.options.map(long).join(" ")} --help' -- "$word")) ;;`,
  );
  return `# bash completion of ${name}
_${name.replace("-", "_")}() {
	local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}"
	if [ "$COMP_CWORD" -eq 1 ]; then
		COMPREPLY=($(compgen -W '${words} --help --version' -- "$word"))
		return
	fi
	case "$before" in
	${files.join(" | ")})
		COMPREPLY=($(compgen -f -- "$word"))
		return
		;;
	--${BOARDS})
		COMPREPLY=($(compgen -W "auto $(${name} boards 2>/dev/null | sed '1d; s/ .*//')" -- "$word"))
		return
		;;
	esac
	case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
	esac
}
complete -F _${name.replace("-", "_")} ${name}
`;
}

export function zshCompletion({ name, commands }: DescribedProgram): string {
  const listed = commands.map((command) => `\t\t${quote(`${command.name}:${command.summary}`)}`);
  const cases = commands.map(
    (command) => `\t${command.name}) _arguments ${zshOptions(command)} ;;`,
  );
  return `#compdef ${name}
local -a commands
if (( CURRENT == 2 )); then
	commands=(
${listed.join("\n")}
	)
	_describe command commands
else
	local command=\${words[2]}
	shift words
	(( CURRENT -= 1 ))
	case $command in
${cases.join("\n")}
	esac
fi
`;
}

function zshOptions({ options }: CommandSpec): string {
  return options
    .map((option) => {
      const summary = option.summary.replace(/[[\]]/g, "\\$&");
      if (option.value === undefined) return quote(`${long(option)}[${summary}]`);
      const action = takesFile(option) ? "_files" : " ";
      return quote(`${long(option)}[${summary}]:${option.value}:${action}`);
    })
    .join(" ");
}

export function fishCompletion({ name, commands }: DescribedProgram): string {
  const all = commands.map((command) => command.name).join(" ");
  const none = `not __fish_seen_subcommand_from ${all}`;
  const rows = commands.flatMap((command) => [
    `complete -c ${name} -f -n '${none}' -a ${command.name} -d ${quote(command.summary)}`,
    ...command.options.map((option) => {
      const rest = option.value === undefined ? "-f" : takesFile(option) ? "-r -F" : "-x";
      const values = option.name === BOARDS ? ` -a "(${name} boards | sed '1d; s/ .*//')"` : "";
      return `complete -c ${name} -n '__fish_seen_subcommand_from ${command.name}' -l ${option.name} ${rest}${values} -d ${quote(option.summary)}`;
    }),
  ]);
  return `# fish completion of ${name}\n${rows.join("\n")}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)];
}

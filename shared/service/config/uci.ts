/**
 * OpenWrt's configuration files: the text of /etc/config/NAME to sections.
 *
 * The grammar is libuci's: words apart by white space, of pieces in single quotes (taken as they
 * are), double quotes or none (a backslash takes what follows as it is); `#` begins a comment; a
 * line's end or `;` ends a statement.
 */

import { err, ok, type Result } from "../../base/result.ts";
import type { LocatedFault } from "./located.ts";

export interface UciOption {
  readonly line: number;
  /** `option` has one text, `list` several. */
  readonly value: string | string[];
}

export interface UciSection {
  readonly type: string;
  readonly line: number;
  readonly options: Map<string, UciOption>;
}

/** A TOML file never begins like this. */
export function isUci(text: string): boolean {
  const first = text.split("\n").find((line) => /^\s*[^\s#]/.test(line));
  return first !== undefined && /^\s*(config|package)\s+['"\w]/.test(first);
}

/** Reads the sections in their order; the first thing that is no UCI is the only fault. */
export function parseUci(file: string, text: string): Result<UciSection[], LocatedFault> {
  const sections: UciSection[] = [];
  const read = statements(text);
  const fault = (line: number, message: string) =>
    err({ file, line, key: "", message: `not valid UCI: ${message}` });
  if (!read.ok) return fault(read.error, "a quote that does not end");
  for (const { line, words } of read.value) {
    const [keyword, name, value, ...rest] = words;
    if (rest.length > 0) return fault(line, `too many words after "${keyword}"`);
    switch (keyword) {
      case "package":
        break;
      case "config":
        if (name === undefined) return fault(line, "a section without a type");
        sections.push({ type: name, line, options: new Map() });
        break;
      case "option":
      case "list": {
        const section = sections.at(-1);
        if (section === undefined) return fault(line, `"${keyword}" before the first section`);
        if (name === undefined || value === undefined) {
          return fault(line, `"${keyword}" takes a name and a value`);
        }
        addOption(section, keyword, name, { line, value });
        break;
      }
      default:
        return fault(line, `"${keyword}" is none of config, option, list`);
    }
  }
  return ok(sections);
}

function addOption(
  { options }: UciSection,
  keyword: "option" | "list",
  name: string,
  { line, value }: { readonly line: number; readonly value: string },
): void {
  const known = options.get(name);
  if (keyword === "option") options.set(name, { line, value });
  else if (Array.isArray(known?.value)) known.value.push(value);
  else options.set(name, { line, value: [value] });
}

interface Statement {
  readonly line: number;
  readonly words: readonly string[];
}

/** The statements that say anything; an error is the line of a quote that does not end. */
function statements(text: string): Result<Statement[], number> {
  const found: Statement[] = [];
  let words: string[] = [];
  /** The word being read; `''` is a word too. */
  let word: string | undefined;
  let line = 1;
  let began = 1;
  const endWord = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const endStatement = (): void => {
    endWord();
    if (words.length > 0) found.push({ line: began, words });
    words = [];
  };
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? "";
    if (words.length === 0 && word === undefined) began = line;
    if (character === "\n" || character === ";") {
      endStatement();
      if (character === "\n") line += 1;
    } else if (character === "#") {
      while (i + 1 < text.length && text[i + 1] !== "\n") i += 1;
    } else if (/\s/.test(character)) {
      endWord();
    } else if (character === "'" || character === '"') {
      const quoted = readQuoted(text, i + 1, character);
      if (quoted === undefined) return err(line);
      word = (word ?? "") + quoted.content;
      line += quoted.lines;
      i = quoted.end;
    } else if (character === "\\" && i + 1 < text.length) {
      i += 1;
      // A line that goes on in the next.
      if (text[i] === "\n") line += 1;
      else word = (word ?? "") + text[i];
    } else {
      word = (word ?? "") + character;
    }
  }
  endStatement();
  return ok(found);
}

/** What stands in quotes from `start` on, and where the closing one is. */
function readQuoted(
  text: string,
  start: number,
  quote: string,
): { readonly content: string; readonly end: number; readonly lines: number } | undefined {
  let content = "";
  let lines = 0;
  for (let i = start; i < text.length; i++) {
    const character = text[i] ?? "";
    if (character === quote) return { content, end: i, lines };
    if (character === "\n") lines += 1;
    if (character === "\\" && quote === '"' && i + 1 < text.length) {
      i += 1;
      if (text[i] === "\n") lines += 1;
      else content += text[i];
    } else {
      content += character;
    }
  }
  return undefined;
}

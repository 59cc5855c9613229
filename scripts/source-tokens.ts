/**
 * Splits TypeScript source into tokens, just well enough to tell code from comments and strings.
 *
 * The architecture test and the conformance tool judge source text; a word in a comment must not
 * count as code, nor one in a comment as a test's name. TypeScript 7 offers no parser to programs.
 */

export interface Token {
  readonly kind: "word" | "number" | "string" | "template" | "regex" | "punctuation" | "comment";
  /** For strings and templates the text between the quotes, escapes untouched. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** After one of these a slash divides; after anything else it opens a regular expression. */
const ENDS_OPERAND = /^(?:[\w$)\]}]|\+\+|--)/;
const REGEX_AFTER_WORD = new Set([
  "return",
  "typeof",
  "case",
  "in",
  "of",
  "void",
  "delete",
  "await",
]);

const STRING = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const WORD = /#?[A-Za-z_$][\w$]*/y;
const NUMBER = /\d[\w.]*/y;
/** The text of a template up to its end or to the next `${`. */
const TEMPLATE_PART = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y;

/** Tokens in order, comments included; a template gives one token for each stretch of text. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  /** For each template we are inside of: how many braces are open in its present `${`. */
  const templates: number[] = [];
  let position = 0;
  let line = 1;
  let previous: Token | undefined;

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    return pattern.exec(source)?.[0];
  };
  const push = (kind: Token["kind"], raw: string, text = raw): void => {
    const token: Token = { kind, text, line };
    tokens.push(token);
    if (kind !== "comment") previous = token;
    for (const character of raw) if (character === "\n") line++;
    position += raw.length;
  };
  const templatePart = (): void => {
    push("template", match(TEMPLATE_PART) ?? "");
    if (source[position] === "`") {
      position++;
    } else if (position < source.length) {
      position += 2;
      templates.push(0);
    }
  };

  while (position < source.length) {
    const character = source[position] ?? "";
    if (character === "\n") line++;
    if (/\s/.test(character)) {
      position++;
      continue;
    }
    if (character === "`") {
      position++;
      templatePart();
      continue;
    }
    const depth = templates.at(-1);
    if (character === "}" && depth === 0) {
      templates.pop();
      position++;
      templatePart();
      continue;
    }
    if (depth !== undefined && (character === "{" || character === "}")) {
      templates[templates.length - 1] = depth + (character === "{" ? 1 : -1);
    }
    takePlainToken(match, push, slashOpensRegex(previous));
  }
  return tokens;
}

function takePlainToken(
  match: (pattern: RegExp) => string | undefined,
  push: (kind: Token["kind"], raw: string, text?: string) => void,
  regexAllowed: boolean,
): void {
  const comment = match(COMMENT);
  if (comment !== undefined) {
    push("comment", comment);
    return;
  }
  const string = match(STRING);
  if (string !== undefined) {
    push("string", string, string.slice(1, -1));
    return;
  }
  const regex = regexAllowed ? match(REGEX) : undefined;
  if (regex !== undefined) {
    push("regex", regex);
    return;
  }
  const word = match(WORD);
  if (word !== undefined) {
    push("word", word);
    return;
  }
  const number = match(NUMBER);
  if (number !== undefined) {
    push("number", number);
    return;
  }
  push("punctuation", match(/\+\+|--|=>|\?\.|[\s\S]/y) ?? "");
}

function slashOpensRegex(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.kind === "word") return REGEX_AFTER_WORD.has(previous.text);
  if (previous.kind === "punctuation") return !ENDS_OPERAND.test(previous.text);
  return false;
}

/** Lines that hold code: neither blank nor only comment. */
export function countCodeLines(tokens: readonly Token[]): number {
  const lines = new Set<number>();
  for (const token of tokens) {
    if (token.kind === "comment") continue;
    const height = token.kind === "template" ? token.text.split("\n").length : 1;
    for (let i = 0; i < height; i++) lines.add(token.line + i);
  }
  return lines.size;
}

/** What must not stand in a file, each with its reason. */

import { countCodeLines, type Token } from "../../scripts/source-tokens.ts";
import { layerOf, PURE_LAYERS } from "./layers.ts";
import type { SourceFile } from "./source-tree.ts";

export const MAX_CODE_LINES = 300;

const CLOCK = "time comes in with each event; a core that reads a clock cannot be simulated";
const TIMER = "a deadline is state that `nextDeadline` tells; a timer is hidden state";
const MACHINE = "pure code does not know on what it runs";
const OUTPUT = "a core says what happened by `report`";

/** Words that pure code must not use, and why. */
const IMPURE: Readonly<Record<string, string>> = {
  Date: CLOCK,
  performance: CLOCK,
  setTimeout: TIMER,
  setInterval: TIMER,
  setImmediate: TIMER,
  queueMicrotask: TIMER,
  process: MACHINE,
  globalThis: MACHINE,
  require: MACHINE,
  Buffer: "octets are Uint8Array, which every engine has",
  fetch: "the network is reached by effects",
  console: OUTPUT,
};

/** Not for random numbers: those are given, so that a run can be repeated. */
const CRYPTO_FOR_SECURITY = new Set(["createHash", "hash", "timingSafeEqual"]);

const COMMENT_BANS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:TODO|FIXME|XXX)\b/, "unfinished work belongs in an issue, where somebody sees it"],
  [/@ts-(?:ignore|nocheck)/, "it hides every error of the line, also tomorrow's"],
];

const MACHINE_PATH = /(?<![\w.$}])\/(?:work|home|Users)\/\w/;

type Judge = (file: SourceFile, code: readonly Token[]) => string[];

const at = (file: SourceFile, token: Token, what: string): string =>
  `${file.path}:${token.line}: ${what}`;

const impureWords: Judge = (file, code) => {
  const layer = layerOf(file.path);
  if (layer === undefined || !PURE_LAYERS.has(layer)) return [];
  return code.flatMap((token, index) => {
    if (token.kind !== "word") return [];
    const member = code[index - 1]?.text === "." || code[index - 1]?.text === "?.";
    if (token.text === "random" && member && code[index - 2]?.text === "Math") {
      return [at(file, token, "Math.random: dice are given (base/random.ts), never taken")];
    }
    const why = member || !Object.hasOwn(IMPURE, token.text) ? undefined : IMPURE[token.text];
    return why === undefined ? [] : [at(file, token, `${token.text}: ${why}`)];
  });
};

const cryptoImports: Judge = (file, code) => {
  if (layerOf(file.path) !== "security") return [];
  return code.flatMap((token, index) => {
    if (token.kind !== "string" || token.text !== "node:crypto") return [];
    const start = code.findLastIndex((word, i) => i < index && word.text === "import");
    return code
      .slice(start + 1, index)
      .filter((word) => word.kind === "word" && word.text !== "from" && word.text !== "type")
      .filter((word) => !CRYPTO_FOR_SECURITY.has(word.text))
      .map((word) => at(file, word, `${word.text}: security takes only hashes from node:crypto`));
  });
};

const casts: Judge = (file, code) =>
  code
    .filter((token, index) => token.text === "any" && code[index - 1]?.text === "as")
    .map((token) => at(file, token, "as any: it switches the type checker off"));

const comments: Judge = (file) =>
  file.tokens
    .filter((token) => token.kind === "comment")
    .flatMap((token) =>
      COMMENT_BANS.flatMap(([pattern, why]) => {
        const found = pattern.exec(token.text)?.[0];
        return found === undefined ? [] : [at(file, token, `${found}: ${why}`)];
      }),
    );

const machinePaths: Judge = (file) =>
  file.tokens
    .filter(({ kind }) => kind === "string" || kind === "template" || kind === "comment")
    .filter((token) => MACHINE_PATH.test(token.text))
    .map((token) => at(file, token, "a path of one machine: a clone must work anywhere"));

const passedOver: Judge = (file, code) => {
  if (!file.path.endsWith(".test.ts")) return [];
  return code
    .filter((token, index) => {
      if (token.kind !== "word" || !["skip", "only", "todo"].includes(token.text)) return false;
      const [before, beforeThat] = [code[index - 1]?.text, code[index - 2]?.text ?? ""];
      const method = before === "." && ["test", "it", "describe"].includes(beforeThat);
      const option = (before === "{" || before === ",") && code[index + 1]?.text === ":";
      return method || option;
    })
    .map((token) => at(file, token, `${token.text}: a test that does not run proves nothing`));
};

const length: Judge = (file) => {
  const lines = countCodeLines(file.tokens);
  if (lines <= MAX_CODE_LINES) return [];
  return [
    `${file.path}: ${lines} code lines, at most ${MAX_CODE_LINES}: it does more than one job`,
  ];
};

const JUDGES: readonly Judge[] = [
  impureWords,
  cryptoImports,
  casts,
  comments,
  machinePaths,
  passedOver,
  length,
];

/** Everything that is wrong with a file, one line each. */
export function judgeFile(file: SourceFile): string[] {
  const code = file.tokens.filter((token) => token.kind !== "comment");
  return JUDGES.flatMap((judge) => judge(file, code));
}

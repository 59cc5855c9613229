/** Runs `decode` within the test's process. */

import { faProgram } from "../../fa/program.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import { main } from "../../shared/service/cli/main.ts";

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function decode(...words: readonly string[]): Promise<Ended> {
  const out: string[] = [];
  const err: string[] = [];
  const output = {
    out: (text: string) => void out.push(`${text}\n`),
    err: (text: string) => void err.push(`${text}\n`),
    hasColour: false,
  };
  const argv = ["node", "mip4-fa", "decode", ...words];
  const code = await main(faProgram, async () => 0, argv, output);
  return { code, out: out.join(""), err: err.join("") };
}

export async function decodeJson(...words: readonly string[]): Promise<JsonObject[]> {
  const { out } = await decode("--json", ...words);
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as JsonObject);
}

export const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

export const REQUEST = "010207080a010007c6336401c0000201e7b1c3d480000000";
export const KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

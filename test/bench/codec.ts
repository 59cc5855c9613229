/**
 * Codec cost a message: time beside a reader and a writer made by hand for a few messages, and
 * beside the HMAC that every registration message needs; memory; and what a large message costs.
 */

import { createHmac } from "node:crypto";
import { decodeControl } from "../../shared/wire/control.ts";
import { octetsEach } from "./codec-memory.ts";
import { largeMessage, type Sample, samples } from "./codec-samples.ts";
import { median, nanosecondsOfRounds } from "./stopwatch.ts";
import type { Row } from "./table.ts";

const KEY = new Uint8Array(16).fill(7);
const LARGE = [1000, 60_000] as const;

interface CodecTables {
  readonly messages: Row[];
  readonly large: Row[];
}

/** `quick`: one short round. */
export function codecTables(quick: boolean): CodecTables {
  const length = quick ? { rounds: 1, milliseconds: 10 } : { rounds: 11, milliseconds: 30 };
  return {
    messages: samples().flatMap((sample) => messageRows(sample, length)),
    large: largeRows(length),
  };
}

function messageRows(sample: Sample, length: { rounds: number; milliseconds: number }): Row[] {
  const { what, bytes, decode, encode, decodeByHand, encodeByHand } = sample;
  const hmac = (): unknown => createHmac("md5", KEY).update(bytes).digest();
  const rounds = nanosecondsOfRounds({ decode, decodeByHand, encode, encodeByHand, hmac }, length);
  const ratio = (of: keyof typeof rounds, to: keyof typeof rounds): string =>
    median(rounds[of].map((ns, i) => ns / (rounds[to][i] ?? Number.NaN))).toFixed(2);
  const row = (way: "decode" | "encode"): Row => {
    const byHand = `${way}ByHand` as const;
    const memory = `${octetsEach(sample[way]).toFixed(0)} octets`;
    const handMemory = octetsEach(sample[byHand]).toFixed(0);
    return [
      `${way}: ${what}`,
      `${median(rounds[way]).toFixed(0)} ns`,
      `${ratio(way, byHand)} x by hand, ${ratio(way, "hmac")} x HMAC-MD5, ${memory} (${handMemory})`,
    ];
  };
  return [row("decode"), row("encode")];
}

function largeRows(length: { rounds: number; milliseconds: number }): Row[] {
  return LARGE.map((octets) => {
    const bytes = largeMessage(octets);
    const { decode } = nanosecondsOfRounds({ decode: () => decodeControl(bytes) }, length);
    const each = median(decode) / bytes.length;
    return [`decode ${bytes.length} octets`, `${each.toFixed(1)} ns an octet`, "extensions of 22"];
  });
}

/** Headers of tunnels as targets of the fuzzer. */

import { greHeader } from "../../shared/wire/tunnel/gre.ts";
import { type CompiledHeader, readHeader, writeHeader } from "../../shared/wire/tunnel/header.ts";
import { ipv4Header } from "../../shared/wire/tunnel/ipv4.ts";
import { minimalForwardingHeader } from "../../shared/wire/tunnel/minimal.ts";
import { makeOctets, makeValues } from "../wire/arbitrary-values.ts";
import { untiled } from "../wire/invariants.ts";
import { featureOf, type Sees, type Target } from "./target.ts";

/** All that are known; each begins with whole words of four octets. */
export const HEADERS: readonly CompiledHeader[] = [ipv4Header, greHeader, minimalForwardingHeader];
const WORD = 4;
const MOST = 60;

function violationOf(
  header: CompiledHeader,
  bytes: Uint8Array,
  thorough: boolean,
  sees: Sees,
): string | undefined {
  const read = readHeader(header, bytes);
  if ("code" in read) {
    if (!(read.offset >= 0 && read.offset <= bytes.length)) return `an error at ${read.offset}`;
    sees(featureOf(1, read.code, read.field));
    return undefined;
  }
  const { value, end } = read;
  sees(featureOf(2, header.name, `size ${end}`));
  const written = writeHeader(header, value);
  if (written.length !== end) return `encodes to ${written.length} octets, not ${end}`;
  for (let i = 0; i < end; i++) {
    if (written[i] !== bytes[i]) return `encodes to ${written[i]} at ${i}, not ${bytes[i]}`;
  }
  return thorough ? untiled(header.layout, bytes, 0, end, value) : undefined;
}

export function headerTarget(header: CompiledHeader): Target {
  return {
    name: header.name,
    share: 1,
    run(bytes, thorough, sees) {
      try {
        return violationOf(header, bytes, thorough, sees);
      } catch (error) {
        return `threw ${error instanceof Error ? error.stack : error}`;
      }
    },
    make(choices) {
      const values = makeValues(choices, header.layout, MOST, WORD);
      const written = writeHeader(header, { name: header.name, ...values });
      const payload = makeOctets(choices, choices.below(20));
      return Uint8Array.from([...written, ...payload]);
    },
    cuts: (bytes) => [0, Math.min(WORD, bytes.length), bytes.length],
  };
}

/** What stands behind the options of `decode`. */

import type { TrialKey } from "../../security/identify.ts";
import { UsageError } from "./commands.ts";

const HEX = /^(?:[0-9a-f]{2})+$/i;

/** White space, colons and a leading 0x do not count. */
export function parseHex(text: string): Uint8Array {
  const digits = text.trim().replace(/^0x|[\s:]/gi, "");
  if (!HEX.test(digits)) throw new UsageError("--hex must be hex digits, two an octet");
  return octets(digits);
}

/** `SPI:HEX`. The message never repeats what was typed: it holds a secret. */
export function parseKey(text: string): TrialKey {
  const [, number = "", digits = ""] = /^(0x[0-9a-f]+|\d+):(?:0x)?(.*)$/i.exec(text) ?? [];
  const spi = Number(number);
  if (number === "" || spi > 0xffffffff) {
    throw new UsageError("--key must be SPI:HEX, with an SPI from 0 to 4294967295 (or 0xffffffff)");
  }
  if (!HEX.test(digits)) {
    throw new UsageError("--key must be SPI:HEX, with a key of hex digits, two an octet");
  }
  return { spi, key: octets(digits) };
}

function octets(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));
}

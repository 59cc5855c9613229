/** What the commands have in common that make a mobile node's configuration. */

import { randomBytes } from "node:crypto";
import { KEY_OCTETS, type NodeAlgorithm } from "../config/node-stanzas.ts";
import { type Invocation, type OptionSpec, UsageError } from "./commands.ts";

export const ALGORITHM_OPTION: OptionSpec = {
  name: "algorithm",
  value: "name",
  summary: "hmac-sha256 (the default), hmac-sha1 or hmac-md5",
};

/** A new key for the algorithm that was asked for. */
export function newKey(invocation: Invocation): { algorithm: NodeAlgorithm; key: Uint8Array } {
  const algorithm = invocation.text("algorithm") ?? "hmac-sha256";
  if (!isKnown(algorithm)) {
    const allowed = Object.keys(KEY_OCTETS).join(", ");
    throw new UsageError(`--algorithm ${algorithm}: must be ${allowed}`);
  }
  return { algorithm, key: randomBytes(KEY_OCTETS[algorithm]) };
}

function isKnown(text: string): text is NodeAlgorithm {
  return text in KEY_OCTETS;
}

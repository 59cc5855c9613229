/** Authentication extensions read and computed by hand: a second opinion on the authenticators. */

import { createHash, createHmac } from "node:crypto";

export interface AuthenticationTlv {
  readonly type: number;
  readonly spi: number;
  /** Everything in front of the authenticator. */
  readonly covered: Buffer;
  readonly authenticator: Buffer;
  /** Where the extension begins and ends in the message. */
  readonly start: number;
  readonly end: number;
}

/** The extensions 32, 33 and 34 of a message; all extensions of these tests are short ones. */
export function authenticationTlvs(message: Buffer): AuthenticationTlv[] {
  const found: AuthenticationTlv[] = [];
  let start = message[0] === 1 ? 24 : 20; // RFC 5944 §3.3 and §3.4
  while (start < message.length) {
    const type = message[start] ?? 0;
    const end = start + 2 + (message[start + 1] ?? 0);
    if (type >= 32 && type <= 34) {
      const covered = message.subarray(0, start + 6);
      const authenticator = message.subarray(start + 6, end);
      found.push({
        type,
        spi: message.readUInt32BE(start + 2),
        covered,
        authenticator,
        start,
        end,
      });
    }
    start = end;
  }
  return found;
}

export type AlgorithmName = "hmac-md5" | "keyed-md5" | "hmac-sha1" | "hmac-sha256";

export function authenticatorOf(algorithm: AlgorithmName, keyHex: string, covered: Buffer): string {
  const key = Buffer.from(keyHex, "hex");
  if (algorithm === "keyed-md5") {
    return createHash("md5").update(key).update(covered).update(key).digest("hex");
  }
  return createHmac(algorithm.slice("hmac-".length), key).update(covered).digest("hex");
}

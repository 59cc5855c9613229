/** Codec cost a message, beside a hand-written parser and the HMAC that every message needs. */

import { createHmac } from "node:crypto";
import { ipv4 } from "../../shared/base/address.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import { decodeDiscovery, encodeDiscovery } from "../../shared/wire/agent-discovery.ts";
import { decodeControl, encodeControl } from "../../shared/wire/control.ts";
import { nanosecondsEach } from "./stopwatch.ts";
import type { Row } from "./table.ts";

const context = {
  spi: 256,
  algorithm: "hmac-md5",
  key: new Uint8Array(16).fill(7),
  replay: "timestamp",
} as const;

/** What one would write for this one message and nothing else. */
function handWritten(bytes: Uint8Array): unknown {
  if (bytes.length < 24) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const extensions: unknown[] = [];
  for (let at = 24; at + 2 <= bytes.length; at += 2 + view.getUint8(at + 1)) {
    const length = view.getUint8(at + 1);
    if (at + 2 + length > bytes.length || length < 5) return undefined;
    const authenticator = bytes.slice(at + 6, at + 2 + length);
    extensions.push({ type: view.getUint8(at), spi: view.getUint32(at + 2), authenticator });
  }
  return {
    flags: view.getUint8(1),
    lifetime: view.getUint16(2),
    homeAddress: view.getUint32(4),
    homeAgent: view.getUint32(8),
    careOfAddress: view.getUint32(12),
    identification: view.getBigUint64(16),
    extensions,
  };
}

export function codecRows(): Row[] {
  const unsigned = encodeControl({
    name: "registration-request",
    flags: 2,
    lifetime: 1800,
    homeAddress: ipv4("10.1.0.7"),
    homeAgent: ipv4("198.51.100.1"),
    careOfAddress: ipv4("192.0.2.1"),
    identification: 0xec9a1b2c00000001n,
    extensions: [],
  });
  const bytes = appendAuthentication(unsigned, "mobile-home-authentication-extension", context);
  const decoded = decodeControl(bytes);
  if (!decoded.ok) throw new Error("the benchmark's own request does not decode");
  const { message } = decoded.value;
  const advertisement = encodeDiscovery({
    name: "router-advertisement",
    code: 0,
    lifetime: 30,
    routerAddresses: [{ address: ipv4("192.0.2.1"), preference: 0 }],
    extensions: [
      {
        name: "mobility-agent-advertisement-extension",
        sequenceNumber: 7,
        registrationLifetime: 1800,
        flags: 0x9100,
        careOfAddresses: [ipv4("192.0.2.1")],
      },
      { name: "prefix-lengths-extension", prefixLengths: [26] },
    ],
  });
  const times = nanosecondsEach({
    decode: () => decodeControl(bytes),
    encode: () => encodeControl(message),
    hand: () => handWritten(bytes),
    hmac: () => createHmac("md5", context.key).update(bytes).digest(),
    advertisement: () => decodeDiscovery(advertisement),
  });
  const row = (what: string, name: keyof typeof times): Row => {
    const ns = times[name] ?? Number.NaN;
    const toHand = (ns / (times.hand ?? Number.NaN)).toFixed(2);
    const toHmac = (ns / (times.hmac ?? Number.NaN)).toFixed(2);
    return [what, `${ns.toFixed(0)} ns`, `${toHand} x hand-written, ${toHmac} x HMAC-MD5`];
  };
  return [
    row("decode a Registration Request", "decode"),
    row("encode a Registration Request", "encode"),
    row("decode an Agent Advertisement", "advertisement"),
    row("hand-written DataView parser", "hand"),
    row("HMAC-MD5 of the request (node:crypto)", "hmac"),
  ];
}

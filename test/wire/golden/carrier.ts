/** Golden vectors as the codecs take them: an extension stands in the plainest message it may. */

import assert from "node:assert/strict";
import { ipv4 } from "../../../shared/base/address.ts";
import type { JsonObject } from "../../../shared/base/result.ts";
import { internetChecksum } from "../../../shared/wire/checksum.ts";
import type { AnyExtension } from "../../../shared/wire/extension.ts";
import { writeU16 } from "../../../shared/wire/field.ts";
import type { AnyMessage } from "../../../shared/wire/message.ts";
import { greHeader } from "../../../shared/wire/tunnel/gre.ts";
import {
  type CompiledHeader,
  headerJson,
  readHeader,
  writeHeader,
} from "../../../shared/wire/tunnel/header.ts";
import { ipv4Header } from "../../../shared/wire/tunnel/ipv4.ts";
import { minimalForwardingHeader } from "../../../shared/wire/tunnel/minimal.ts";
import { control, icmp, type Protocol } from "../protocols.ts";
import { type GoldenVector, hex, type Space } from "./vector.ts";

/** What the runner compares. */
export interface Case {
  readonly octets: Uint8Array;
  readonly value: unknown;
  decode(octets: Uint8Array): unknown;
  encode(): Uint8Array;
  json(): JsonObject;
}

/** A message without extensions, by hand. */
interface Carrier {
  readonly protocol: Protocol;
  readonly octets: Uint8Array;
  readonly message: AnyMessage;
}

type Carried = Extract<Space, "control-extension" | "icmp-extension" | "option">;

const CARRIERS: Readonly<Record<Carried, Carrier>> = {
  /** RFC 5944 §3.4. */
  "control-extension": {
    protocol: control,
    octets: hex("03 00 0708 0a010007 c6336401 ec9a1b2c 80000001"),
    message: messageOf("registration-reply", {
      code: 0,
      lifetime: 1800,
      homeAddress: ipv4("10.1.0.7"),
      homeAgent: ipv4("198.51.100.1"),
      identification: 0xec9a1b2c80000001n,
    }),
  },
  /** RFC 1256 §3; the checksum follows with the extension. */
  "icmp-extension": {
    protocol: icmp,
    octets: hex("09 00 0000 01 02 0708 c0000201 80000000"),
    message: messageOf("router-advertisement", {
      code: 0,
      addrEntrySize: 2,
      lifetime: 1800,
      routerAddresses: [{ address: ipv4("192.0.2.1"), preference: -0x80000000 }],
    }),
  },
  /** RFC 4988 §5.4; the checksum follows with the option. */
  option: {
    protocol: icmp,
    octets: hex("29 00 0000 07 00 1234"),
    message: messageOf("prrtadv", { code: 0, reserved: 0, identifier: 0x1234 }),
  },
};

function messageOf(name: string, fields: object): AnyMessage {
  return { name, ...fields, extensions: [] };
}

const HEADERS: readonly CompiledHeader[] = [ipv4Header, minimalForwardingHeader, greHeader];

export function caseOf({ space, hex: digits, value }: GoldenVector): Case {
  const octets = hex(digits);
  if (space === "control") return messageCase(control, octets, value);
  if (space === "icmp") return messageCase(icmp, octets, value);
  if (space === "tunnel") return headerCase(octets, value);
  return extensionCase(CARRIERS[space], octets, value);
}

function messageCase(protocol: Protocol, octets: Uint8Array, value: AnyMessage): Case {
  return {
    octets,
    value,
    decode: (bytes) => decode(protocol, bytes),
    encode: () => protocol.encode(value),
    json: () => protocol.json(value),
  };
}

function decode({ inspect }: Protocol, octets: Uint8Array): AnyMessage {
  const { decoded, error } = inspect(octets);
  assert.equal(error, undefined, JSON.stringify(error));
  assert(decoded !== undefined, "a message");
  return decoded.message;
}

function extensionCase(carrier: Carrier, extension: Uint8Array, value: AnyExtension): Case {
  const { protocol } = carrier;
  const message = { ...carrier.message, extensions: [value] };
  const octets = new Uint8Array([...carrier.octets, ...extension]);
  if (protocol === icmp) writeU16(octets, 2, internetChecksum(octets));
  return {
    octets,
    value: message,
    decode: (bytes) => decode(protocol, bytes),
    encode: () => protocol.encode(message),
    json: () => {
      const { extensions } = protocol.json(message) as { extensions?: readonly JsonObject[] };
      const json = extensions?.[0];
      assert(json !== undefined, "an extension");
      return json;
    },
  };
}

function headerCase(octets: Uint8Array, value: { readonly name: string }): Case {
  const table = HEADERS.find(({ name }) => name === value.name);
  assert(table !== undefined, value.name);
  return {
    octets,
    value,
    decode: (bytes) => {
      const header = readHeader(table, bytes);
      assert("value" in header, JSON.stringify(header));
      assert.equal(header.end, bytes.length);
      return header.value;
    },
    encode: () => writeHeader(table, value),
    json: () => headerJson(table, value),
  };
}

/** The headers of tunnels, by name. */
export const tunnelHeaderNames: readonly string[] = HEADERS.map(({ name }) => name);

/** The messages that the codec is measured with, each with its octets and both ways to make them. */

import assert from "node:assert/strict";
import { ipv4 } from "../../shared/base/address.ts";
import {
  type ControlMessage,
  decodeControl,
  encodeControl,
  type RegistrationRequest,
} from "../../shared/wire/control.ts";
import type { RouterAdvertisement } from "../../shared/wire/icmp/agent-discovery.ts";
import { decodeIcmp, encodeIcmp } from "../../shared/wire/icmp.ts";
import { readAdvertisementByHand, writeAdvertisementByHand } from "./codec-hand-icmp.ts";
import { readByHand } from "./codec-hand-read.ts";
import { writeByHand } from "./codec-hand-write.ts";

/** One message, and how it is read and written by the tables and by hand. */
export interface Sample {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly decode: () => unknown;
  readonly encode: () => Uint8Array;
  readonly decodeByHand: () => unknown;
  readonly encodeByHand: () => Uint8Array;
}

function authentication<const N extends string>(name: N) {
  return { name, spi: 256, authenticator: new Uint8Array(16).fill(7) };
}

const ADDRESSES = {
  homeAddress: ipv4("10.1.0.7"),
  homeAgent: ipv4("198.51.100.1"),
  careOfAddress: ipv4("192.0.2.1"),
  identification: 0xec9a1b2c00000001n,
} as const;
const MN_HA = authentication("mobile-home-authentication-extension");
const MN_FA = authentication("mobile-foreign-authentication-extension");
const FA_HA = authentication("foreign-home-authentication-extension");

const request: RegistrationRequest = {
  name: "registration-request",
  flags: 2,
  lifetime: 1800,
  ...ADDRESSES,
  extensions: [MN_HA, MN_FA],
};

const longRequest: RegistrationRequest = {
  ...request,
  extensions: [
    { name: "mobile-node-nai-extension", nai: "truck-4711@fleet.example.com" },
    {
      name: "regular-udp-tunnel-request-extension",
      reserved1: 0,
      flags: 0x80,
      encapsulation: 4,
      reserved3: 0,
    },
    {
      name: "revocation-support-extension",
      flags: 1,
      reserved: 0,
      timestamp: 0xec9a1b2c,
      rest: new Uint8Array(0),
    },
    MN_HA,
    { name: "mobile-foreign-challenge-extension", challenge: new Uint8Array(8).fill(3) },
  ],
};

const reply: ControlMessage = {
  name: "registration-reply",
  code: 0,
  lifetime: 1800,
  homeAddress: ADDRESSES.homeAddress,
  homeAgent: ADDRESSES.homeAgent,
  identification: ADDRESSES.identification,
  extensions: [MN_HA],
};

const fastBindingUpdate: ControlMessage = {
  name: "fast-binding-update",
  flags: 0,
  reserved: 0,
  lifetime: 10,
  ...ADDRESSES,
  extensions: [MN_FA],
};

const revocation: ControlMessage = {
  name: "registration-revocation",
  reserved: 0,
  flags: 1,
  reserved2: 0,
  homeAddress: ADDRESSES.homeAddress,
  homeDomainAddress: ADDRESSES.homeAgent,
  foreignDomainAddress: ADDRESSES.careOfAddress,
  revocationIdentifier: 0xec9a1b2c,
  extensions: [FA_HA],
};

const advertisement: RouterAdvertisement = {
  name: "router-advertisement",
  addrEntrySize: 2,
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
};

/** The comparison is worth something only while both ways give the same. */
function checked(sample: Sample): Sample {
  assert.deepEqual(sample.decodeByHand(), sample.decode(), sample.what);
  assert.deepEqual(sample.encodeByHand(), sample.bytes, sample.what);
  assert.deepEqual(sample.encode(), sample.bytes, sample.what);
  return sample;
}

function control(what: string, message: ControlMessage): Sample {
  const bytes = encodeControl(message);
  return checked({
    what,
    bytes,
    decode: () => decodeControl(bytes),
    encode: () => encodeControl(message),
    decodeByHand: () => readByHand(bytes),
    encodeByHand: () => writeByHand(message),
  });
}

function icmp(what: string, message: RouterAdvertisement): Sample {
  const bytes = encodeIcmp(message);
  return checked({
    what,
    bytes,
    decode: () => decodeIcmp(bytes),
    encode: () => encodeIcmp(message),
    decodeByHand: () => readAdvertisementByHand(bytes),
    encodeByHand: () => writeAdvertisementByHand(message),
  });
}

export function samples(): Sample[] {
  return [
    control("Registration Request: 32, 33", request),
    control("Registration Request: 131, 144, 137, 32, 132", longRequest),
    control("Registration Reply: 32", reply),
    control("Fast Binding Update: 33", fastBindingUpdate),
    control("Registration Revocation: 34", revocation),
    icmp("Agent Advertisement: 16, 19", advertisement),
  ];
}

/** Requests with small extensions, `octets` of them: what a large message costs an octet. */
export function largeMessage(octets: number): Uint8Array {
  const extensions = Array.from({ length: Math.floor(octets / 22) }, () => MN_HA);
  return encodeControl({ ...request, extensions });
}

/** Generators of everything that the tables allow. */

import fc from "fast-check";
import type { Ipv4 } from "../../shared/base/address.ts";
import type { IcmpExtension, RouterAdvertisement } from "../../shared/wire/agent-discovery.ts";
import type { ControlMessage } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";

const strict = { noNullPrototype: true } as const;
const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
export const arbitraryIpv4 = u32.map((value) => value as Ipv4);
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

const unknown = (least: number) =>
  fc.record(
    {
      name: fc.constant("unknown" as const),
      type: fc.integer({ min: least, max: 255 }).filter((type) => type !== 130),
      data: fc.uint8Array({ maxLength: 255 }),
    },
    strict,
  );

const arbitraryControlExtension: fc.Arbitrary<ControlExtension> = fc.oneof(
  fc.constantFrom(
    { name: "one-byte-padding" } as const,
    { name: "encapsulating-delivery-style-extension" } as const,
  ),
  fc.record(
    {
      name: fc.constantFrom(
        "mobile-home-authentication-extension" as const,
        "mobile-foreign-authentication-extension" as const,
        "foreign-home-authentication-extension" as const,
      ),
      spi: u32,
      authenticator: fc.uint8Array({ minLength: 1, maxLength: 251 }),
    },
    strict,
  ),
  unknown(128),
);

const extensions = fc.array(arbitraryControlExtension, { maxLength: 5 });

export const arbitraryControlMessage: fc.Arbitrary<ControlMessage> = fc.oneof(
  fc.record(
    {
      name: fc.constant("registration-request" as const),
      flags: u8,
      lifetime: u16,
      homeAddress: arbitraryIpv4,
      homeAgent: arbitraryIpv4,
      careOfAddress: arbitraryIpv4,
      identification: u64,
      extensions,
    },
    strict,
  ),
  fc.record(
    {
      name: fc.constant("registration-reply" as const),
      code: u8,
      lifetime: u16,
      homeAddress: arbitraryIpv4,
      homeAgent: arbitraryIpv4,
      identification: u64,
      extensions,
    },
    strict,
  ),
);

const arbitraryIcmpExtension: fc.Arbitrary<IcmpExtension> = fc.oneof(
  fc.constant({ name: "one-byte-padding" } as const),
  fc.record(
    {
      name: fc.constant("mobility-agent-advertisement-extension" as const),
      sequenceNumber: u16,
      registrationLifetime: u16,
      flags: u16,
      careOfAddresses: fc.array(arbitraryIpv4, { maxLength: 62 }),
    },
    strict,
  ),
  fc.record(
    {
      name: fc.constant("prefix-lengths-extension" as const),
      prefixLengths: fc.array(u8, { maxLength: 255 }),
    },
    strict,
  ),
  unknown(128),
);

/** Valid ones: an agent's may lack router addresses and have code 16, another's may not. */
export const arbitraryAdvertisement: fc.Arbitrary<RouterAdvertisement> = fc
  .record(
    {
      name: fc.constant("router-advertisement" as const),
      code: fc.constantFrom(0, 16),
      lifetime: u16,
      routerAddresses: fc.array(
        fc.record(
          {
            address: arbitraryIpv4,
            preference: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
          },
          strict,
        ),
        { maxLength: 10 },
      ),
      extensions: fc.array(arbitraryIcmpExtension, { maxLength: 4 }),
    },
    strict,
  )
  .filter(
    ({ code, routerAddresses, extensions: list }) =>
      list.some(({ name }) => name === "mobility-agent-advertisement-extension") ||
      (code === 0 && routerAddresses.length > 0),
  );

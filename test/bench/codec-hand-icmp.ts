/** The yardstick of the codec: reader and writer of the Agent Advertisement without tables. */

import type { Ipv4 } from "../../shared/base/address.ts";
import { err, ok, type Result } from "../../shared/base/result.ts";
import { internetChecksum } from "../../shared/wire/checksum.ts";
import { type WireError, wireError } from "../../shared/wire/error.ts";
import type { RouterAdvertisement } from "../../shared/wire/icmp/agent-discovery.ts";
import { get16, get32, put8, put16, put32 } from "./codec-octets.ts";

type Extension = RouterAdvertisement["extensions"][number];

export function readAdvertisementByHand(bytes: Uint8Array): Result<RouterAdvertisement, WireError> {
  if (bytes.length < 8 || internetChecksum(bytes) !== 0 || get16(bytes, 2) === 0xffff) {
    return err(wireError("wrong-checksum", "checksum", 2, "the ICMP checksum does not hold"));
  }
  if (bytes[0] !== 9) return err(wireError("wrong-type", "type", 0, "not by hand"));
  const count = bytes[4] ?? 0;
  const start = 8 + count * 8;
  if (bytes[5] !== 2) return err(wireError("wrong-length", "addr_entry_size", 5, "not by hand"));
  if (start > bytes.length) return err(wireError("truncated", "num_addrs", 4, "too many"));
  const extensions = readExtensions(bytes, start);
  if (!Array.isArray(extensions)) return err(extensions);
  const code = bytes[1] ?? 0;
  const isAgents = extensions.some(({ name }) => name === "mobility-agent-advertisement-extension");
  if (code !== 0 && !(isAgents && code === 16)) {
    return err(wireError("wrong-code", "code", 1, `code ${code}`));
  }
  if (!isAgents && count === 0) return err(wireError("wrong-length", "num_addrs", 4, "no address"));
  const routerAddresses = [];
  for (let at = 8; at < start; at += 8) {
    const preference = get32(bytes, at + 4) | 0;
    routerAddresses.push({ address: get32(bytes, at) as Ipv4, preference });
  }
  return ok({
    name: "router-advertisement",
    code,
    addrEntrySize: 2,
    lifetime: get16(bytes, 6),
    routerAddresses,
    extensions,
  });
}

function readExtensions(bytes: Uint8Array, start: number): Extension[] | WireError {
  const extensions: Extension[] = [];
  // Beside the value, as the codec notes them for `decode` and for authenticators.
  const offsets = [start];
  for (let at = start; at < bytes.length; ) {
    const type = bytes[at] ?? 0;
    if (type === 0) {
      extensions.push({ name: "one-byte-padding" });
      at += 1;
      offsets.push(at);
      continue;
    }
    const length = bytes[at + 1];
    const end = at + 2 + (length ?? 0);
    if (length === undefined || end > bytes.length) {
      return wireError("truncated", "length", at + 1, "octets are missing");
    }
    switch (type) {
      case 16: {
        if (length < 6 || (length - 6) % 4 !== 0) {
          return wireError("wrong-length", "length", at + 1, "no whole addresses");
        }
        const careOfAddresses: Ipv4[] = [];
        for (let i = at + 8; i < end; i += 4) careOfAddresses.push(get32(bytes, i) as Ipv4);
        extensions.push({
          name: "mobility-agent-advertisement-extension",
          sequenceNumber: get16(bytes, at + 2),
          registrationLifetime: get16(bytes, at + 4),
          flags: get16(bytes, at + 6),
          careOfAddresses,
        });
        break;
      }
      case 19: {
        const prefixLengths: number[] = [];
        for (let i = at + 2; i < end; i++) prefixLengths.push(bytes[i] ?? 0);
        extensions.push({ name: "prefix-lengths-extension", prefixLengths });
        break;
      }
      default:
        if (type < 128) return wireError("unknown-mandatory-extension", "type", at, "not known");
        extensions.push({ name: "unknown", type, data: bytes.slice(at + 2, end) });
    }
    at = end;
    offsets.push(at);
  }
  return extensions;
}

export function writeAdvertisementByHand(message: RouterAdvertisement): Uint8Array {
  let length = 8 + message.routerAddresses.length * 8;
  for (const extension of message.extensions) length += 2 + dataLength(extension);
  const bytes = new Uint8Array(length);
  bytes[0] = 9;
  put8(bytes, 1, message.code);
  put8(bytes, 4, message.routerAddresses.length);
  put8(bytes, 5, message.addrEntrySize);
  put16(bytes, 6, message.lifetime);
  let at = 8;
  for (const { address, preference } of message.routerAddresses) {
    put32(bytes, at, address);
    put32(bytes, at + 4, preference >>> 0);
    at += 8;
  }
  for (const extension of message.extensions) {
    const size = dataLength(extension);
    put8(bytes, at + 1, size);
    writeExtension(bytes, at, extension);
    at += 2 + size;
  }
  put16(bytes, 2, internetChecksum(bytes));
  return bytes;
}

function dataLength(extension: Extension): number {
  switch (extension.name) {
    case "mobility-agent-advertisement-extension":
      return 6 + 4 * extension.careOfAddresses.length;
    case "prefix-lengths-extension":
      return extension.prefixLengths.length;
    default:
      throw new Error(`no ${extension.name} by hand`);
  }
}

function writeExtension(bytes: Uint8Array, start: number, extension: Extension): void {
  let at = start;
  switch (extension.name) {
    case "mobility-agent-advertisement-extension":
      bytes[at] = 16;
      put16(bytes, at + 2, extension.sequenceNumber);
      put16(bytes, at + 4, extension.registrationLifetime);
      put16(bytes, at + 6, extension.flags);
      at += 8;
      for (const address of extension.careOfAddresses) {
        put32(bytes, at, address);
        at += 4;
      }
      return;
    case "prefix-lengths-extension":
      bytes[at] = 19;
      at += 2;
      for (const prefixLength of extension.prefixLengths) put8(bytes, at++, prefixLength);
      return;
    default:
      throw new Error(`no ${extension.name} by hand`);
  }
}

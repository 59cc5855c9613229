/** What the journal, or the store that home agents share, keeps of a binding. */

import { formatIpv4, type Ipv4, parseIpv4 } from "../../shared/base/address.ts";
import { addressText } from "../../shared/base/address-text.ts";
import type { Json, JsonObject } from "../../shared/base/result.ts";
import { after, type Now } from "../../shared/base/time.ts";
import type { Encapsulation, TunnelForm } from "../../shared/forwarding/state.ts";
import { INFINITE_LIFETIME } from "../../shared/wire/control.ts";
import { restoreRevocation, revocationRecord } from "./binding-revocation.ts";
import { type Binding, bindingKey } from "./bindings.ts";
import { networkRecord, restoreNetworks } from "./bound-networks.ts";

/**
 * Journal form: the expiry by the wall clock, since the monotonic one does not survive. What most
 * bindings do not have is left out; the store keeps every record in memory.
 */
export function bindingRecord(binding: Binding, now: Now): Json {
  const { expiresAt, careOfAddress, colocated, nai } = binding;
  const record: { [key: string]: Json } = {
    home_address: formatIpv4(binding.homeAddress),
    care_of_address: colocated ? formatIpv4(careOfAddress) : addressText(careOfAddress),
    home_agent: addressText(binding.homeAgent),
    identification: binding.identification.toString(16).padStart(16, "0"),
    replay: binding.replay,
    encapsulation: binding.encapsulation,
    reverse_tunnel: binding.reverse,
    lifetime: binding.lifetime,
    expires: expiresAt === undefined ? null : Math.round(now.wall + expiresAt - now.monotonic),
  };
  if (colocated) record.colocated = true;
  if (nai !== undefined) record.nai = nai;
  if (binding.broadcasts) record.broadcasts = true;
  if (binding.revocation !== undefined) record.revocation = revocationRecord(binding.revocation);
  if (binding.networks.length > 0) Object.assign(record, networkRecord(binding.networks));
  recordTunnel(record, binding);
  return record;
}

/** What is not there is as in a tunnel without NAT or keys. */
function recordTunnel(record: { [key: string]: Json }, binding: Binding): void {
  const { greKeyIn, greKeyOut, udpPort, effectiveCareOfAddress } = binding;
  if (greKeyIn !== undefined) record.gre_key_in = greKeyIn;
  if (greKeyOut !== undefined) record.gre_key_out = greKeyOut;
  if (udpPort === undefined) return;
  record.udp_port = udpPort;
  record.effective_care_of_address = formatIpv4(effectiveCareOfAddress);
}

function restoreTunnel(
  record: JsonObject,
  careOfAddress: Ipv4,
): Pick<Binding, keyof TunnelForm | "effectiveCareOfAddress"> | undefined {
  const { encapsulation, udp_port: port, effective_care_of_address: end } = record;
  if (!isEncapsulation(encapsulation)) return undefined;
  const effectiveCareOfAddress = end === undefined ? careOfAddress : parseIpv4(String(end));
  if (effectiveCareOfAddress === undefined) return undefined;
  const number = (value: Json | undefined) => (typeof value === "number" ? value : undefined);
  return {
    encapsulation,
    greKeyIn: number(record.gre_key_in),
    greKeyOut: number(record.gre_key_out),
    udpPort: number(port),
    effectiveCareOfAddress,
  };
}

const ENCAPSULATIONS: ReadonlySet<Json | undefined> = new Set(["ipip", "minimal", "gre"]);

function isEncapsulation(value: Json | undefined): value is Encapsulation {
  return ENCAPSULATIONS.has(value);
}

/** What a record tells: a binding that is over still tells which Identification was accepted. */
export interface KeptBinding {
  readonly binding: Binding;
  readonly isOver: boolean;
}

/** Reads a journal record; `undefined` when it is not one of ours. */
export function restoreBinding(value: Json, now: Now): KeptBinding | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  const record = value as JsonObject;
  const homeAddress = parseIpv4(String(record.home_address));
  const careOfAddress = parseIpv4(String(record.care_of_address));
  const homeAgent = parseIpv4(String(record.home_agent));
  if (homeAddress === undefined || careOfAddress === undefined || homeAgent === undefined) {
    return undefined;
  }
  const { identification, lifetime, expires } = record;
  const tunnel = restoreTunnel(record, careOfAddress);
  if (typeof identification !== "string" || !/^[0-9a-f]{16}$/.test(identification)) {
    return undefined;
  }
  if (tunnel === undefined || typeof lifetime !== "number") return undefined;
  if (typeof expires !== "number" && lifetime !== INFINITE_LIFETIME) return undefined;
  const left = typeof expires === "number" ? expires - now.wall : undefined;
  // A wall clock that stepped must not lengthen what was granted.
  const isOver = left !== undefined && !(left > 0 && left <= lifetime * 1000);
  const { encapsulation, greKeyIn, greKeyOut, udpPort, effectiveCareOfAddress } = tunnel;
  const binding: Binding = {
    encapsulation,
    greKeyIn,
    greKeyOut,
    udpPort,
    effectiveCareOfAddress,
    key: bindingKey(homeAddress, careOfAddress),
    homeAddress,
    nai: typeof record.nai === "string" ? record.nai : undefined,
    careOfAddress,
    homeAgent,
    identification: BigInt(`0x${identification}`),
    // What was written before there was this field has a record of its own for it.
    replay: record.replay === "timestamp" ? "timestamp" : "nonce",
    reverse: record.reverse_tunnel === true,
    colocated: record.colocated === true,
    networks: restoreNetworks(record),
    broadcasts: record.broadcasts === true,
    lifetime,
    expiresAt: left === undefined ? undefined : after(now.monotonic, left),
    revocation: restoreRevocation(record.revocation),
  };
  return { binding, isOver };
}

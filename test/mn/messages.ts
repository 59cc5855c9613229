/** What a mobile node may hear in the tests: advertisements, replies, ARP; and what it asks. */

import assert from "node:assert/strict";
import { type Ipv4, ipv4, type Mac, UNSPECIFIED } from "../../shared/base/address.ts";
import type {
  ArpReceived,
  IcmpReceived,
  SendUdp,
  UdpReceived,
} from "../../shared/protocol/core.ts";
import type { PeerAssociation, SecurityContext } from "../../shared/security/association.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import {
  appendExtension,
  type DecodedControl,
  decodeControl,
  encodeControl,
  type RegistrationRequest,
} from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { AdvertisementFlag, type IcmpExtension } from "../../shared/wire/icmp/agent-discovery.ts";
import { encodeIcmp } from "../../shared/wire/icmp.ts";

export const HOME = ipv4("10.1.0.7");
export const HOME_AGENT = ipv4("198.51.100.1");
export const HOME_LINK_ROUTER = ipv4("10.1.0.1");
export const OWN_MAC = "02:00:00:00:00:07" as Mac;
export const FA1 = ipv4("192.0.2.1");
export const FA2 = ipv4("192.0.2.65");
export const FA1_MAC = "02:00:00:00:01:01" as Mac;
export const FA2_MAC = "02:00:00:00:02:01" as Mac;
export const HA_MAC = "02:00:00:00:0a:01" as Mac;

export const HOME_CONTEXT: SecurityContext = {
  spi: 256,
  algorithm: "hmac-md5",
  key: Uint8Array.from({ length: 16 }, (_, i) => i),
  replay: "timestamp",
};
export const FA_CONTEXT: PeerAssociation = {
  peer: FA1,
  spi: 1000,
  algorithm: "hmac-sha1",
  key: Uint8Array.from({ length: 20 }, (_, i) => 200 - i),
  replay: "timestamp",
};

export interface AdvertisementOptions {
  readonly interface?: string;
  readonly source?: Ipv4;
  readonly mac?: Mac;
  readonly lifetime?: number;
  readonly sequenceNumber?: number;
  readonly registrationLifetime?: number;
  readonly flags?: number;
  readonly careOf?: readonly Ipv4[];
  readonly routers?: readonly Ipv4[];
  readonly code?: number;
  /** Prefix-Lengths, one for each router address. */
  readonly prefixes?: readonly number[] | undefined;
  /** Behind the agent's own. */
  readonly extensions?: readonly IcmpExtension[];
}

const { F, T, H, R } = AdvertisementFlag;
export const FOREIGN_FLAGS = F | T | R;

export function advertisement(options: AdvertisementOptions = {}): IcmpReceived {
  const { source = FA1, prefixes } = options;
  return {
    type: "icmp",
    interface: options.interface ?? "wlan0",
    linkSource: options.mac ?? (source === FA2 ? FA2_MAC : FA1_MAC),
    source,
    destination: ipv4("224.0.0.1"),
    ttl: 1,
    payload: encodeIcmp({
      name: "router-advertisement",
      addrEntrySize: 2,
      code: options.code ?? 0,
      lifetime: options.lifetime ?? 30,
      routerAddresses: (options.routers ?? [source]).map((address) => ({ address, preference: 0 })),
      extensions: [
        {
          name: "mobility-agent-advertisement-extension",
          sequenceNumber: options.sequenceNumber ?? 1000,
          registrationLifetime: options.registrationLifetime ?? 1800,
          flags: options.flags ?? FOREIGN_FLAGS,
          careOfAddresses: options.careOf ?? [source],
        },
        ...(prefixes === undefined
          ? []
          : [{ name: "prefix-lengths-extension", prefixLengths: prefixes } as const]),
        ...(options.extensions ?? []),
      ],
    }),
  };
}

export function homeAdvertisement(options: AdvertisementOptions = {}): IcmpReceived {
  const routers = [HOME_LINK_ROUTER, HOME_AGENT];
  return advertisement({
    ...{ source: HOME_LINK_ROUTER, mac: HA_MAC, flags: H, careOf: [], routers },
    ...options,
  });
}

export interface Request {
  readonly effect: SendUdp;
  readonly decoded: DecodedControl<RegistrationRequest>;
  readonly message: RegistrationRequest;
}

export function readRequest(effect: SendUdp): Request {
  const decoded = decodeControl(effect.payload);
  assert.ok(decoded.ok);
  const { message } = decoded.value;
  assert.ok(message.name === "registration-request");
  return { effect, message, decoded: { ...decoded.value, message } };
}

export interface ReplyOptions {
  readonly code?: number;
  readonly lifetime?: number;
  readonly identification?: bigint;
  readonly homeAgent?: Ipv4;
  readonly homeAddress?: Ipv4;
  /** Contexts of extensions 32 and 33, in order; default: one 32. */
  readonly home?: readonly SecurityContext[];
  readonly foreign?: readonly SecurityContext[];
  /** Before the first authentication extension, and behind the last 32. */
  readonly extensions?: readonly ControlExtension[];
  readonly behind?: readonly ControlExtension[];
  readonly event?: Partial<UdpReceived>;
}

export function replyTo({ effect, message }: Request, options: ReplyOptions = {}): UdpReceived {
  let payload = encodeControl({
    name: "registration-reply",
    code: options.code ?? 0,
    lifetime: options.lifetime ?? message.lifetime,
    homeAddress: options.homeAddress ?? message.homeAddress,
    homeAgent: options.homeAgent ?? message.homeAgent,
    identification: options.identification ?? message.identification,
    extensions: options.extensions ?? [],
  });
  for (const context of options.home ?? [HOME_CONTEXT]) {
    payload = appendAuthentication(payload, "mobile-home-authentication-extension", context);
  }
  for (const extension of options.behind ?? []) payload = appendExtension(payload, extension);
  for (const context of options.foreign ?? []) {
    payload = appendAuthentication(payload, "mobile-foreign-authentication-extension", context);
  }
  return {
    type: "udp",
    interface: effect.link?.interface ?? effect.device,
    linkSource: effect.link?.destination,
    source: effect.destination,
    sourcePort: 434,
    destination: effect.source === UNSPECIFIED ? HOME : effect.source,
    destinationPort: 434,
    ttl: 64,
    payload,
    ...options.event,
  };
}

export function arpRequest(changes: Partial<ArpReceived> = {}): ArpReceived {
  return {
    type: "arp",
    interface: "wlan0",
    operation: "request",
    senderMac: FA1_MAC,
    senderAddress: FA1,
    targetMac: "00:00:00:00:00:00" as Mac,
    targetAddress: HOME,
    linkSource: FA1_MAC,
    linkDestination: OWN_MAC,
    ...changes,
  };
}

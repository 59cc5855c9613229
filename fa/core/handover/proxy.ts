/**
 * Proxy Router Advertisements: what this agent tells of its neighbourhood (RFC 4988 §5.4, RFC 4068
 * §6.1.2). Nothing is remembered of who asked (RFC 4068 §3.2).
 */

import { type Ipv4, isUsableUnicast, type Mac, ZERO_MAC } from "../../../shared/base/address.ts";
import type { IcmpReceived, SendIcmp } from "../../../shared/protocol/core.ts";
import {
  LinkLayerCode,
  macOf,
  macOption,
  ProxyCode,
  tupleOptions,
} from "../../../shared/protocol/fast-handover.ts";
import type { FastHandoverOption } from "../../../shared/wire/icmp/fast-handover-options.ts";
import { encodeIcmp, type FastHandoverMessage } from "../../../shared/wire/icmp.ts";
import type { Neighbor } from "./config.ts";

type RtSolPr = Extract<FastHandoverMessage, { name: "rtsolpr" }>;

/** Octets that a tuple takes, and the message before it. */
const TUPLE = 48;
const IP_AND_HEADER = 28;

/** Where an advertisement goes. */
export interface ProxyPath {
  readonly interface: string;
  /** The agent's address on the link. */
  readonly source: Ipv4;
  readonly destination: Ipv4;
  readonly mac: Mac;
}

/** What one link is like, as far as it matters to what is told on it. */
export interface AskedLink {
  /** Is this an address of the agent by which it serves the link that was asked on? */
  readonly serves: (router: Ipv4) => boolean;
  readonly mtu: number;
}

interface Answer {
  readonly isKnown: boolean;
  readonly options: readonly FastHandoverOption[];
}

/** The answer to a solicitation; `undefined`: it asks for nothing (RFC 4988 §5.3). */
export function answerSolicitation(
  neighbors: readonly Neighbor[],
  { extensions, identifier }: RtSolPr,
  path: ProxyPath,
  link: AskedLink,
): SendIcmp | undefined {
  const most = Math.max(1, Math.floor((link.mtu - IP_AND_HEADER) / TUPLE));
  const addresses = extensions.filter((option) => option.name === "link-layer-address-option");
  const isWildcard = addresses.some(({ optionCode }) => optionCode === LinkLayerCode.wildcard);
  const asked = addresses
    .filter(({ optionCode }) => optionCode === LinkLayerCode.accessPoint)
    .flatMap((option) => macOf(option) ?? []);
  if (!isWildcard && asked.length === 0) return undefined;
  const answers = isWildcard
    ? neighborhood(neighbors, link)
    : [...new Set(asked)].map((accessPoint) => answerAbout(neighbors, accessPoint, link));
  const told = answers.slice(0, most);
  const known = told.filter(({ isKnown }) => isKnown).length;
  const { all, some, none } = ProxyCode;
  const code = known === 0 ? none : known === told.length ? all : some;
  const options = told.flatMap((answer) => answer.options);
  // RFC 4988 §5.4: an option for an access point is in every advertisement.
  const nobody = macOption(LinkLayerCode.unknown, ZERO_MAC);
  return proxyAdvertisement(path, code, identifier, options.length === 0 ? [nobody] : options);
}

/** RFC 4988 §5.4: the network's own word: hand over now. */
export function orderHandover(path: ProxyPath, to: Neighbor): SendIcmp {
  return proxyAdvertisement(path, ProxyCode.handOver, 0, tupleOptions(to));
}

/** May an answer go there? */
export function mayAnswer({ source }: IcmpReceived): boolean {
  return isUsableUnicast(source);
}

function neighborhood(neighbors: readonly Neighbor[], { serves }: AskedLink): Answer[] {
  return neighbors
    .filter(({ router, fastHandover }) => fastHandover && !serves(router))
    .map((neighbor) => ({ isKnown: true, options: tupleOptions(neighbor) }));
}

function answerAbout(
  neighbors: readonly Neighbor[],
  accessPoint: Mac,
  { serves }: AskedLink,
): Answer {
  const neighbor = neighbors.find((candidate) => candidate.accessPoint === accessPoint);
  const { unknown, sameLink, unsupported } = LinkLayerCode;
  const only = (code: number): Answer => {
    return { isKnown: false, options: [macOption(code, accessPoint)] };
  };
  if (neighbor === undefined) return only(unknown);
  if (serves(neighbor.router)) return only(sameLink);
  if (!neighbor.fastHandover) return only(unsupported);
  return { isKnown: true, options: tupleOptions(neighbor) };
}

function proxyAdvertisement(
  { interface: name, source, destination, mac }: ProxyPath,
  code: number,
  identifier: number,
  extensions: readonly FastHandoverOption[],
): SendIcmp {
  return {
    type: "send-icmp",
    source,
    destination,
    ttl: 255,
    payload: encodeIcmp({ name: "prrtadv", code, reserved: 0, identifier, extensions }),
    link: { interface: name, destination: mac },
  };
}

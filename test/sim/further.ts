/**
 * What a seed chooses beside the rest. It is drawn after everything else, so that what is added here
 * changes nothing of what older seeds draw.
 */

import { type Random, uniform } from "../../shared/base/random.ts";

export interface Further {
  /**
   * Foreign links give out addresses, and one more link has no agent at all. The nodes take them
   * where there is no agent, or always (RFC 5944 §1.7).
   */
  readonly coLocated: "no" | "auto" | "always";
  /** The R bit of foreign agents (RFC 5944 §2.1.1). */
  readonly registrationRequired: boolean;
  /**
   * Who has no reverse tunnels, where nodes may ask for one (RFC 3024 §3.1): `unsaid` are agents
   * that advertise them nevertheless.
   */
  readonly withoutReverse: "nobody" | "home-agent" | "one-agent" | "agents" | "unsaid";
  /** Mean seconds until an agent is set up so that it denies, for a while; `undefined`: never. */
  readonly denial: number | undefined;
  /** The nodes have NAIs, and their home addresses from the home agent (RFC 2794). */
  readonly assignsAddresses: boolean;
  /**
   * Agents hand over co-located care-of addresses; `given`: they have some for the nodes that arrive,
   * too (RFC 4988 §4.2).
   */
  readonly coLocatedHandovers: "no" | "moved" | "given";
  /** Their home agent, too, is assigned (RFC 4433): the one that they request, or an agent chooses. */
  readonly openHomeAgent: "no" | "requested" | "chosen";
}

/** As all seeds were before there was a choice. */
export const NOTHING_FURTHER: Further = {
  coLocated: "no",
  registrationRequired: true,
  withoutReverse: "nobody",
  denial: undefined,
  assignsAddresses: false,
  coLocatedHandovers: "no",
  openHomeAgent: "no",
};

/** Swarm testing here too: most runs have one or two of these. */
export function drawFurther(
  random: Random,
  {
    revocation,
    foreignHomeKeys,
    fastHandover,
  }: {
    readonly revocation: boolean;
    readonly foreignHomeKeys: boolean;
    readonly fastHandover: boolean;
  },
): Further {
  const coLocated = pick(random, "no", "no", "no", "auto", "always");
  // RFC 3543 §4.3.1: where all register so that they can be revoked, no co-located address is let in.
  const isDenied = coLocated === "always" && revocation && foreignHomeKeys;
  const isOptional = random.next() < 0.7 || isDenied;
  const withoutReverse = pick(random, "nobody", "home-agent", "one-agent", "agents", "unsaid");
  const isWithout = random.next() < 0.3;
  const denial = uniform(random, 5, 60);
  const denies = random.next() < 0.3;
  const registrationRequired = coLocated === "no" || !isOptional;
  const assignsAddresses = random.next() < 0.3;
  const handovers = pick(random, "no", "moved", "given", "given");
  const movesOwn = fastHandover && coLocated === "always" && registrationRequired;
  return {
    coLocated,
    registrationRequired,
    withoutReverse: isWithout ? withoutReverse : "nobody",
    denial: denies ? denial : undefined,
    assignsAddresses,
    coLocatedHandovers: movesOwn ? handovers : "no",
    openHomeAgent: drawOpen(random, { assignsAddresses, coLocated }),
  };
}

/** The same where there is hardly anything but fast handovers. */
export function drawHandoverFurther(random: Random): Partial<Further> & { revocation?: false } {
  const assignsAddresses = random.next() < 0.25;
  const coLocatedHandovers = pick(random, "no", "no", "no", "moved", "given", "given");
  const coLocated = coLocatedHandovers === "no" ? "no" : "always";
  const openHomeAgent = drawOpen(random, { assignsAddresses, coLocated });
  if (coLocated === "no") return { assignsAddresses, openHomeAgent };
  // RFC 3543 §4.3.1: where all register so that they can be revoked, no co-located address is let in.
  return { assignsAddresses, coLocatedHandovers, openHomeAgent, coLocated, revocation: false };
}

/** Where there is no agent that would choose, a node must know whom to request. */
function drawOpen(
  random: Random,
  { assignsAddresses, coLocated }: Pick<Further, "assignsAddresses" | "coLocated">,
): Further["openHomeAgent"] {
  const open = pick(random, "no", "requested", "chosen");
  if (open === "no" || !assignsAddresses) return "no";
  return coLocated === "no" ? open : "requested";
}

export function pick<T>(random: Random, ...choices: readonly [T, ...T[]]): T {
  return choices[Math.floor(random.next() * choices.length)] ?? choices[0];
}

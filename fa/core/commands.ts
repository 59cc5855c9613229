/** What people and scripts ask of a foreign agent over the control socket. */

import { formatIpv4, parseIpv4, parseMac } from "../../shared/base/address.ts";
import type { JsonObject } from "../../shared/base/result.ts";
import type { Now } from "../../shared/base/time.ts";
import type { Answer, Command, Effect } from "../../shared/protocol/core.ts";
import type { Agent } from "./agent.ts";

function answer(id: number, ok: boolean, message: string): Answer {
  return { type: "answer", id, ok, message };
}

const textOf = (args: JsonObject, name: string): string => {
  const value = args[name];
  return typeof value === "string" ? value : "";
};

/** `node-left` and `node-arrived` are triggers of the link layer, `handover` is the network's wish. */
export function answerCommand(agent: Agent, { id, name, args }: Command, now: Now): Effect[] {
  const isKnown = name === "node-left" || name === "node-arrived" || name === "handover";
  if (!isKnown) return [answer(id, false, `no command ${name} here`)];
  if (!agent.handovers.isEnabled) return [answer(id, false, "fast_handover.enabled is false")];
  if (name === "handover") return orderHandover(agent, id, args);
  const mac = parseMac(textOf(args, "mac"));
  if (mac === undefined) return [answer(id, false, "mac: must be a link-layer address")];
  if (name === "node-arrived") {
    const { interface: link } = args;
    const known = typeof link === "string" ? link : undefined;
    const effects = agent.handovers.arrived(mac, known, now);
    return [...effects, answer(id, true, effects.length > 0 ? "it was waited for" : "noted")];
  }
  const { count, effects } = agent.handovers.left(mac, now);
  if (count === 0) return [answer(id, false, `no visitor has ${mac}`)];
  return [...effects, answer(id, true, effects.length > 0 ? "its packets are kept" : "noted")];
}

function orderHandover(agent: Agent, id: number, args: JsonObject): Effect[] {
  const address = parseIpv4(textOf(args, "home_address"));
  const accessPoint = parseMac(textOf(args, "access_point"));
  const visitor = [...agent.visitors.all()].find(({ homeAddress }) => homeAddress === address);
  if (visitor === undefined) return [answer(id, false, "no such visitor")];
  const to = agent.handovers.neighbor(accessPoint);
  if (to?.fastHandover !== true)
    return [answer(id, false, "no such access point in the neighbourhood")];
  const effects = agent.handovers.order(visitor, to);
  const told = `told to hand over to ${formatIpv4(to.router)}`;
  return [...effects, answer(id, effects.length > 0, effects.length > 0 ? told : "link down")];
}

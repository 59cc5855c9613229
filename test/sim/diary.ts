/** The last events of a run, put into words only when somebody wants to read them. */

import { formatIpv4, formatPrefix } from "../../shared/base/address.ts";
import type { Effect, Event } from "../../shared/protocol/core.ts";
import { decodeControl } from "../../shared/wire/control.ts";
import { decodeIcmp } from "../../shared/wire/icmp.ts";

const KEPT = 50;

export class Diary {
  readonly #trace: ((line: string) => void) | undefined;
  #lines: (() => string)[] = [];

  /** `trace` gets every line at once. */
  constructor(trace?: (line: string) => void) {
    this.#trace = trace;
  }

  note(time: number, line: () => string): void {
    if (this.#lines.length >= 2 * KEPT) this.#lines = this.#lines.slice(-KEPT);
    const timed = (): string => `${(time / 1000).toFixed(3).padStart(9)}  ${line()}`;
    this.#lines.push(timed);
    this.#trace?.(timed());
  }

  /** A step of a node; advertisements without consequences are not worth a line. */
  step(time: number, name: string, event: Event, effects: readonly Effect[]): void {
    const routine = event.type === "tick" || event.type === "icmp";
    if (routine && effects.every((effect) => effect.type === "send-icmp")) return;
    this.note(time, () => `${name} < ${describe(event)}`);
    for (const effect of effects) {
      if (effect.type !== "persist") this.note(time, () => `${name}   > ${describe(effect)}`);
    }
  }

  get text(): string {
    return this.#lines
      .slice(-KEPT)
      .map((line) => line())
      .join("\n");
  }
}

function describe(item: Event | Effect): string {
  switch (item.type) {
    case "udp":
    case "send-udp":
      return `${item.type} to ${formatIpv4(item.destination)}: ${describeControl(item.payload)}`;
    case "icmp":
    case "send-icmp": {
      const decoded = decodeIcmp(item.payload);
      return `${item.type} ${decoded.ok ? decoded.value.name : "?"} from ${formatIpv4(item.source)}`;
    }
    case "arp":
    case "send-arp":
      return `${item.type} ${item.operation} ${formatIpv4(item.senderAddress)} is ${item.senderMac}`;
    case "link": {
      const addresses = item.link?.addresses.map(formatPrefix) ?? [];
      const state = item.link?.up === true ? "up" : "down";
      return ["link", item.interface, state, ...addresses].join(" ");
    }
    case "report":
      return `report ${item.event} ${JSON.stringify(item.fields)}`;
    case "command":
      return `command ${item.name}`;
    case "answer":
      return `answer ${item.id} ${item.ok ? "done" : "failed"}: ${item.message}`;
    case "restore":
      return `restore ${item.entries.map(([key]) => key).join(" ")}`;
    default:
      return item.type;
  }
}

function describeControl(payload: Uint8Array): string {
  const decoded = decodeControl(payload);
  if (!decoded.ok) return `unreadable (${decoded.error.code})`;
  const { message } = decoded.value;
  if (message.name === "registration-reply") {
    const { code, lifetime, identification } = message;
    return `reply code ${code} lifetime ${lifetime} id ${identification.toString(16)}`;
  }
  if (message.name !== "registration-request") return message.name;
  const { careOfAddress, lifetime, identification } = message;
  const careOf = formatIpv4(careOfAddress);
  return `request lifetime ${lifetime} care-of ${careOf} id ${identification.toString(16)}`;
}

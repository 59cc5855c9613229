/** A node that has told where it goes, or that somebody saw leave: plain data of the previous router. */

import type { Ipv4 } from "../../../shared/base/address.ts";
import type { Instant } from "../../../shared/base/time.ts";
import type { HandoverItem, HoldLimits } from "../../../shared/forwarding/state.ts";
import {
  AddressCode,
  addressOption,
  LinkLayerCode,
  macOption,
} from "../../../shared/protocol/fast-handover.ts";
import { HandoverInitiateFlag } from "../../../shared/wire/icmp/fast-handover.ts";
import type { FastHandoverOption } from "../../../shared/wire/icmp/fast-handover-options.ts";
import type { FastHandoverMessage } from "../../../shared/wire/icmp.ts";
import type { Visitor } from "../visits/visitors.ts";
import { AckCode, type BindingUpdate } from "./binding-update.ts";
import { shown } from "./reports.ts";

/**
 * `absent`: it left without a word, and may come back or say where it is. `initiating`: the other
 * router has not answered yet. `forwarding`: the tunnel stands. `back`: delivered here again.
 */
type DepartureState = "absent" | "initiating" | "forwarding" | "back";

export interface Departure {
  readonly address: Ipv4;
  readonly visitor: Visitor;
  readonly state: DepartureState;
  /** Of the tunnel; `absent`: nothing is known. */
  readonly ends: { readonly local: Ipv4; readonly remote: Ipv4 } | undefined;
  /** The latest, which is answered. */
  readonly update: BindingUpdate | undefined;
  /** Seconds that are granted. */
  readonly lifetime: number;
  /** For the node alone, at the other router. */
  readonly careOfAddress?: Ipv4 | undefined;
  readonly startedAt: Instant;
  readonly expiresAt: Instant;
  readonly initiate?: Initiate;
}

/** A HI that waits for its HAck. */
export interface Initiate {
  readonly identifier: number;
  readonly sent: number;
  /** Of each that was sent. */
  readonly timestamps: readonly bigint[];
  readonly repeatAt: Instant;
}

/**
 * What is forwarded while it lasts; `undefined`: as ever. RFC 4068 §4: the binding is made when the other
 * router has answered, and a node that has told on this link stays for that answer.
 */
export function departureItem(
  { address, state, ends, update }: Departure,
  limits: HoldLimits,
): HandoverItem | undefined {
  if (state === "initiating" && update?.link !== undefined) return undefined;
  const isBack = state === "back";
  return {
    kind: "handover",
    address,
    hold: state === "absent" || state === "initiating",
    limits,
    intercept: !isBack,
    tunnel: isBack ? undefined : ends,
  };
}

/**
 * RFC 4988 §5.5: code 0, and U, for an update from the node itself; code 1 for one that was relayed.
 * `tuples`: this router's own access points.
 */
export function initiateMessage(
  { address, visitor }: Departure,
  { link }: BindingUpdate,
  identifier: number,
  tuples: readonly FastHandoverOption[],
): FastHandoverMessage {
  const isDirect = link !== undefined;
  // A node with a care-of address of its own will want another one.
  const assigned = visitor.colocated ? HandoverInitiateFlag.S : 0;
  return {
    name: "hi",
    code: isDirect ? 0 : 1,
    flags: isDirect ? HandoverInitiateFlag.U | assigned : 0,
    reserved: 0,
    identifier,
    extensions: [
      macOption(LinkLayerCode.mobileNode, visitor.mac),
      addressOption(AddressCode.previous, address),
      ...tuples,
    ],
  };
}

/** The answer to the node. */
export interface Acceptance {
  readonly code: number;
  readonly lifetime: number;
}

export function acceptance({ careOfAddress, lifetime }: Departure): Acceptance {
  const { accepted, acceptedWithAddress } = AckCode;
  return { code: careOfAddress === undefined ? accepted : acceptedWithAddress, lifetime };
}

export function modeOf({ update }: Departure): string {
  return update?.link === undefined ? "reactive" : "predictive";
}

export function fieldsOf({ visitor, address, ends, update }: Departure) {
  return {
    role: "previous",
    home_address: shown(visitor.homeAddress),
    address: shown(address),
    interface: visitor.interface,
    mac: visitor.mac,
    next_router: shown(ends?.remote),
    spi: update?.context.spi ?? null,
  };
}

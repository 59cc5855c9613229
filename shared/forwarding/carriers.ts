/**
 * What carries each tunnel: a device of the kernel's, or the anchor and this process. Chosen for
 * each item by what the device cannot do; a choice may turn when other items come and go.
 */

import type { Ipv4 } from "../base/address.ts";
import type { DfPolicy } from "./ipip.ts";
import { MAX_AGENT_DEVICES, type Marks } from "./kernel-objects.ts";
import type { Encapsulation, ForwardingItem } from "./state.ts";
import {
  deviceName,
  endsKey,
  endsOf,
  isDeviceKind,
  MAX_DEVICES,
  type TunnelDevice,
  type TunnelEnds,
} from "./tunnel-device.ts";

/** Why a tunnel is carried by the anchor. */
export type AnchorReason =
  /** Minimal encapsulation (RFC 2004): no device does it. */
  | "minimal"
  /** In UDP (RFC 3519): no device does it. */
  | "udp"
  /** `dataplane.df` is `clear`, and a device with a TTL of its own sets DF. */
  | "df"
  /** It has a mobile network behind it (RFC 5177), perhaps in a tunnel inside the tunnel. */
  | "mobile-network"
  /** The node has, or may have, several bindings, and each gets a copy (RFC 5944 §4.2.3). */
  | "simultaneous"
  /** The visitor encapsulates what it sends (RFC 3024 §5.2). */
  | "delivery"
  /** A visitor of another home agent has the same address (RFC 3024 §A.2). */
  | "overlap"
  /** Its packets wait for the node, or follow it (RFC 4988). */
  | "handover"
  /** There are as many devices as there may be. */
  | "limit"
  /** The kernel has no such devices. */
  | "no-module"
  /** The kernel refused the device: somebody has one for the same tunnel. */
  | "refused";

export interface CarrierRules {
  readonly role: "fa" | "mn" | "ha";
  readonly marks: Marks;
  readonly df: DfPolicy;
}

/** An item that wants a tunnel. */
interface Request {
  readonly ends: TunnelEnds;
  readonly address: Ipv4;
  /** Of what it is itself. */
  readonly reason: AnchorReason | undefined;
  /** Another one for its address means that there are copies. */
  readonly isSingle: boolean;
}

/** A tunnel of a form that there are devices for. */
interface CarriedTunnel {
  device: TunnelDevice | undefined;
  refusal: AnchorReason | undefined;
  readonly users: Set<string>;
}

/** What else is declared for a home address. */
interface AddressUse {
  readonly requests: Set<string>;
  /** Those of which there are copies when there are several. */
  singles: number;
  readonly holds: Set<string>;
}

export type Choice = TunnelDevice | AnchorReason;

export function isDevice(choice: Choice | undefined): choice is TunnelDevice {
  return typeof choice === "object";
}

export class Carriers {
  readonly #rules: CarrierRules;
  readonly #limit: number;
  readonly #requests = new Map<string, Request>();
  readonly #holds = new Map<string, Ipv4>();
  readonly #addresses = new Map<Ipv4, AddressUse>();
  readonly #tunnels = new Map<string, CarriedTunnel>();
  readonly #numbers = new Set<number>();
  readonly #missing = new Map<Encapsulation, AnchorReason>();
  readonly #choices = new Map<string, Choice>();
  #isOn = false;
  /** By name; kept for a while after the last item that went by it. */
  readonly #devices = new Map<string, TunnelDevice>();
  #turned = new Set<string>();

  constructor(rules: CarrierRules) {
    this.#rules = rules;
    this.#limit = rules.role === "fa" ? MAX_AGENT_DEVICES : MAX_DEVICES;
  }

  /** Before anything is declared: there are devices. Without this no choice is made. */
  enable(): void {
    this.#isOn = true;
  }

  /** There are none at all. */
  disable(): void {
    this.#isOn = false;
  }

  /** Before anything is declared: there are no devices of this encapsulation. */
  lack(encapsulation: "ipip" | "gre"): void {
    this.#missing.set(encapsulation, "no-module");
  }

  /** Takes up a device that an earlier run left; false: it fits nothing. */
  adopt(device: TunnelDevice): boolean {
    const key = endsKey(device.ends);
    const isWanted = device.df === this.#dfOf(device.ends);
    if (!isWanted || device.number > this.#limit || this.#tunnels.has(key)) return false;
    this.#numbers.add(device.number);
    this.#devices.set(device.name, device);
    this.#tunnels.set(key, { device, refusal: undefined, users: new Set() });
    return true;
  }

  /** The device could not be made: the anchor carries that tunnel. */
  refuse(device: TunnelDevice, reason: AnchorReason): void {
    const tunnel = this.#tunnels.get(endsKey(device.ends));
    if (tunnel === undefined) return;
    tunnel.refusal = reason;
    this.forget(device);
    for (const key of tunnel.users) this.#turn(key);
  }

  /** What is declared under this key from now on. */
  swap(key: string, now: ForwardingItem | undefined): void {
    if (!this.#isOn) return;
    this.#forget(key);
    if (now === undefined) return;
    if (now.kind === "handover" || now.kind === "outgoing") {
      this.#holds.set(key, now.address);
      const use = this.#useOf(now.address);
      use.holds.add(key);
      for (const other of use.requests) this.#turn(other);
      return;
    }
    const request = requestOf(now, this.#rules);
    if (request === undefined) return;
    this.#requests.set(key, request);
    const use = this.#useOf(request.address);
    for (const other of use.requests) this.#turn(other);
    use.requests.add(key);
    if (request.isSingle) use.singles++;
    this.#choices.set(key, this.#choose(key, request));
  }

  /** What carries the item of this key; `undefined`: it has no tunnel. */
  choiceOf(key: string): Choice | undefined {
    return this.#choices.get(key);
  }

  /** Is there an item whose choice has turned since it was last asked for? */
  get isTurned(): boolean {
    return this.#turned.size > 0;
  }

  /** Makes the choices anew that other items have turned; `exchange` is called around each. */
  settle(exchange: (key: string, turn: () => void) => void): void {
    const turned = this.#turned;
    this.#turned = new Set();
    for (const key of turned) {
      const request = this.#requests.get(key);
      if (request === undefined) continue;
      const now = this.#choose(key, request);
      if (now !== this.#choices.get(key)) exchange(key, () => this.#choices.set(key, now));
    }
  }

  /** The devices that there should be. */
  devices(): IterableIterator<TunnelDevice> {
    return this.#devices.values();
  }

  /** Does any item go by this device? */
  isUsed(device: TunnelDevice): boolean {
    for (const key of this.#tunnels.get(endsKey(device.ends))?.users ?? []) {
      if (this.#choices.get(key) === device) return true;
    }
    return false;
  }

  /** There will be no such device any more, and its number is free. */
  forget(device: TunnelDevice): void {
    if (this.#devices.get(device.name) !== device) return;
    const key = endsKey(device.ends);
    const tunnel = this.#tunnels.get(key);
    this.#devices.delete(device.name);
    this.#numbers.delete(device.number);
    if (tunnel?.users.size === 0) this.#tunnels.delete(key);
    else if (tunnel !== undefined) tunnel.device = undefined;
  }

  /** What carries this tunnel, as far as any item wants it: a device, and why some go by the anchor. */
  carrierOf(ends: TunnelEnds): { readonly device?: TunnelDevice; readonly reason?: AnchorReason } {
    const tunnel = this.#tunnels.get(endsKey(ends));
    const choices = [...(tunnel?.users ?? [])].map((key) => this.#choices.get(key));
    const device = choices.find(isDevice);
    const reason =
      choices.find((choice): choice is AnchorReason => typeof choice === "string") ??
      formReason(ends, this.#rules);
    return { ...(device && { device }), ...(reason && { reason }) };
  }

  #choose(key: string, { ends, address, reason, isSingle }: Request): Choice {
    // The form of the tunnel alone decides.
    if (reason !== undefined && formReason(ends, this.#rules) === reason) return reason;
    const tunnel = this.#tunnelOf(ends);
    tunnel.users.add(key);
    const use = this.#useOf(address);
    if (reason !== undefined) return reason;
    if (use.holds.size > 0) return "handover";
    if (isSingle && use.singles > 1) return "simultaneous";
    const missing = this.#missing.get(ends.encapsulation) ?? tunnel.refusal;
    if (missing !== undefined) return missing;
    tunnel.device ??= this.#newDevice(ends);
    return tunnel.device ?? "limit";
  }

  #tunnelOf(ends: TunnelEnds): CarriedTunnel {
    const key = endsKey(ends);
    const known = this.#tunnels.get(key);
    if (known !== undefined) return known;
    const tunnel = { device: undefined, refusal: undefined, users: new Set<string>() };
    this.#tunnels.set(key, tunnel);
    return tunnel;
  }

  #newDevice(ends: TunnelEnds): TunnelDevice | undefined {
    let number = 1;
    while (this.#numbers.has(number)) number++;
    const name = deviceName(this.#rules.marks, number, ends);
    if (number > this.#limit || name === undefined) return undefined;
    const device = { name, number, ends: endsOf(ends), df: this.#dfOf(ends) };
    this.#numbers.add(number);
    this.#devices.set(name, device);
    return device;
  }

  #dfOf({ encapsulation }: TunnelEnds): TunnelDevice["df"] {
    return encapsulation === "gre" && this.#rules.df === "copy" ? "copy" : "set";
  }

  #useOf(address: Ipv4): AddressUse {
    const use = this.#addresses.get(address) ?? {
      requests: new Set(),
      singles: 0,
      holds: new Set(),
    };
    this.#addresses.set(address, use);
    return use;
  }

  #turn(key: string): void {
    this.#turned.add(key);
  }

  #forget(key: string): void {
    const request = this.#requests.get(key);
    const address = request?.address ?? this.#holds.get(key);
    this.#requests.delete(key);
    this.#holds.delete(key);
    this.#choices.delete(key);
    if (address === undefined) return;
    const use = this.#useOf(address);
    use.requests.delete(key);
    if (request?.isSingle === true) use.singles--;
    use.holds.delete(key);
    for (const other of use.requests) this.#turn(other);
    if (use.requests.size === 0 && use.holds.size === 0) this.#addresses.delete(address);
    if (request === undefined) return;
    const tunnelKey = endsKey(request.ends);
    const tunnel = this.#tunnels.get(tunnelKey);
    tunnel?.users.delete(key);
    // What a device was refused for may be over when the tunnel comes again.
    if (tunnel?.users.size !== 0) return;
    tunnel.refusal = undefined;
    if (tunnel.device === undefined) this.#tunnels.delete(tunnelKey);
  }
}

function requestOf(item: ForwardingItem, rules: CarrierRules): Request | undefined {
  switch (item.kind) {
    case "replaced-binding":
    case "binding": {
      const { homeAgent: local, careOfAddress: remote, homeAddress: address, networks = [] } = item;
      const more = networks.length > 0 ? "mobile-network" : undefined;
      const ends = endsOf({ ...item, local, remote });
      const isSingle = item.kind === "binding";
      return { ends, address, isSingle, reason: formReason(ends, rules) ?? more };
    }
    case "visitor": {
      const { careOfAddress: local, homeAgent: remote, homeAddress: address } = item;
      const more =
        item.plane !== 0 ? "overlap" : item.delivery === "direct" ? undefined : "delivery";
      const ends = endsOf({ ...item, local, remote });
      return { ends, address, isSingle: false, reason: formReason(ends, rules) ?? more };
    }
    case "co-located": {
      const { homeAgent: remote, homeAddress: address, path } = item;
      const ends = endsOf({ ...item, local: path.careOfAddress, remote });
      return { ends, address, isSingle: true, reason: formReason(ends, rules) };
    }
    default:
      return undefined;
  }
}

function formReason(ends: TunnelEnds, { df }: CarrierRules): AnchorReason | undefined {
  if (ends.udpPort !== undefined) return "udp";
  if (!isDeviceKind(ends.encapsulation)) return "minimal";
  return df === "clear" ? "df" : undefined;
}

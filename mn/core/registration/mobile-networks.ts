/**
 * The networks that move with this node, a mobile router: what is asked for them, and what the home
 * agent has granted. RFC 5177 §5, RFC 6626 §3.1.
 */

import {
  formatPrefix,
  type Ipv4,
  networkOf,
  type Prefix,
  UNSPECIFIED,
} from "../../../shared/base/address.ts";
import type { Json } from "../../../shared/base/result.ts";
import type { Report } from "../../../shared/protocol/core.ts";
import { MOBILE_NETWORK_ACK_CODES, MobileNetworkCode } from "../../../shared/wire/codes.ts";
import type { RegistrationReply } from "../../../shared/wire/control.ts";
import type { ControlExtension } from "../../../shared/wire/control-extensions.ts";
import { ReplyCode } from "../../../shared/wire/reply-code.ts";
import type { MnCoreConfig, MobileRouterConfig, MovingNetwork } from "../config.ts";
import { report } from "../reports.ts";

/** A network that the home agent forwards to this node. */
export interface GrantedNetwork {
  readonly network: MovingNetwork;
  readonly prefix: Prefix;
}

interface Acknowledgement {
  readonly code: number;
  readonly prefix: Prefix;
}

const NONE: MobileRouterConfig = { mode: "explicit", networks: [] };

function acknowledgements({ extensions }: RegistrationReply): Acknowledgement[] {
  return extensions.flatMap((extension) =>
    extension.name === "explicit-mode-acknowledgement-extension" ||
    extension.name === "implicit-mode-acknowledgement-extension"
      ? [{ code: extension.code, prefix: prefixOf(extension.prefix, extension.prefixLength) }]
      : [],
  );
}

/** Lengths above 32 are no prefix's, and fit nothing that was asked for. */
function prefixOf(address: Prefix["address"], length: number): Prefix {
  return length > 32 ? { address, length } : networkOf({ address, length });
}

export class MobileNetworks {
  #router: MobileRouterConfig;
  #granted: readonly GrantedNetwork[] = [];
  /** What the home agent denied with code 147, as text; "dynamic": that it gives prefixes out. */
  readonly #refused = new Set<string>();
  /** Code 148: nothing of the kind is asked for any more (RFC 5177 §5.1). */
  #isDisallowed = false;
  /** The one that was asked last, which what was denied is of. */
  #homeAgent: Ipv4 | undefined;
  /** What was told last. */
  #told = "";

  constructor({ mobileRouter = NONE }: MnCoreConfig) {
    this.#router = mobileRouter;
  }

  get granted(): readonly GrantedNetwork[] {
    return this.#granted;
  }

  /** `keep`: it is the same home agent. What was denied may be had with the other terms. */
  reconfigure({ mobileRouter = NONE }: MnCoreConfig, keep: boolean): void {
    this.#router = mobileRouter;
    this.forgive();
    const granted = keep ? this.#granted : [];
    this.#granted = granted.flatMap(({ network, prefix }) => {
      const same = mobileRouter.networks.find((one) => isSame(one, network));
      return same === undefined ? [] : [{ network: same, prefix }];
    });
  }

  /** Somebody asks for a new try. */
  forgive(): void {
    this.#refused.clear();
    this.#isDisallowed = false;
  }

  /** The registration is over, and with it what was given out (RFC 6626 §3.2). */
  end(): void {
    this.#granted = [];
    this.#told = "";
  }

  /**
   * Explicit mode (RFC 5177 §4.1): each in an extension of its own; a prefix of zero asks for one
   * (RFC 6626 §3.1), and what was given out is asked for by name from then on.
   */
  requests(homeAgent: Ipv4): ControlExtension[] {
    if (homeAgent !== this.#homeAgent) this.forgive();
    this.#homeAgent = homeAgent;
    return this.#wishes();
  }

  #wishes(): ControlExtension[] {
    const { mode, networks } = this.#router;
    if (mode === "implicit" || this.#isDisallowed) return [];
    return networks.flatMap((network) => {
      const prefix = network.prefix ?? this.#given(network);
      if (this.#refused.has(prefix === undefined ? "dynamic" : formatPrefix(prefix))) return [];
      const { address, length } = prefix ?? { address: UNSPECIFIED, length: network.wishedLength };
      const name = "mobile-network-request-extension" as const;
      return [{ name, prefix: address, prefixLength: length }];
    });
  }

  /** What was given out for it, while the home agent does not say that it is ours no more. */
  #given(network: MovingNetwork): Prefix | undefined {
    const prefix = this.#granted.find((one) => isSame(one.network, network))?.prefix;
    return prefix === undefined || this.#refused.has(formatPrefix(prefix)) ? undefined : prefix;
  }

  /** The home agent has accepted a registration (RFC 5177 §4.2, §5.1). */
  accept(reply: RegistrationReply): Report[] {
    const answers = acknowledgements(reply);
    const left = answers.flatMap(({ code, prefix }) =>
      code === MobileNetworkCode.success ? [prefix] : [],
    );
    const take = (wanted: Prefix | undefined): Prefix | undefined => {
      const text = wanted && formatPrefix(wanted);
      const at = left.findIndex((prefix) => formatPrefix(prefix) === text);
      return at < 0 ? undefined : left.splice(at, 1)[0];
    };
    const known = this.#router.networks.map((network) => ({
      network,
      prefix: take(network.prefix ?? this.#given(network)),
    }));
    // What is left has been given out, in the order of the answers.
    const granted = known.map(({ network, prefix }) => {
      const isOpen = prefix === undefined && network.prefix === undefined;
      return { network, prefix: isOpen ? left.find(isGivenOut) && left.shift() : prefix };
    });
    this.#granted = granted.flatMap(({ network, prefix }) =>
      prefix === undefined ? [] : [{ network, prefix }],
    );
    return this.#tell(answers);
  }

  /** Codes 147 and 148; true when the next request asks for something else. */
  refuse(reply: RegistrationReply): boolean {
    const before = JSON.stringify(this.#wishes());
    if (reply.code === ReplyCode.haMobileNetworkDisallowed) this.#isDisallowed = true;
    if (reply.code === ReplyCode.haMobileNetworkError) this.#refuse(acknowledgements(reply));
    return JSON.stringify(this.#wishes()) !== before;
  }

  #refuse(answers: readonly Acknowledgement[]): void {
    for (const { prefix } of answers) {
      const text = formatPrefix(prefix);
      this.#refused.add(prefix.address === UNSPECIFIED ? "dynamic" : text);
    }
    // An agent that denies without saying which: none of them.
    if (answers.length === 0) this.#isDisallowed = true;
  }

  /** `mobile-networks`, when what is granted or denied has changed. */
  #tell(answers: readonly Acknowledgement[]): Report[] {
    if (this.#router.networks.length === 0 && answers.length === 0) return [];
    const granted = this.#granted.map(({ prefix }) => formatPrefix(prefix));
    const denied = answers.filter(({ code }) => code !== MobileNetworkCode.success).map(reasonOf);
    // RFC 5177 §5.1: no acknowledgement at all means that the home agent has no such thing.
    const isSupported = answers.length > 0;
    const fields: { [key: string]: Json } = { networks: granted, denied, supported: isSupported };
    const text = JSON.stringify(fields);
    if (text === this.#told) return [];
    this.#told = text;
    const isWhole = denied.length === 0 && granted.length === this.#router.networks.length;
    return [report("mobile-networks", fields, isWhole ? "info" : "warning")];
  }
}

function isGivenOut(prefix: Prefix): boolean {
  return prefix.length > 0 && prefix.length <= 32;
}

function isSame(a: MovingNetwork, b: MovingNetwork): boolean {
  const text = ({ prefix }: MovingNetwork): string => (prefix ? formatPrefix(prefix) : "dynamic");
  return a.interface === b.interface && text(a) === text(b);
}

function reasonOf({ code, prefix }: Acknowledgement): string {
  const texts: Readonly<Record<number, string>> = MOBILE_NETWORK_ACK_CODES;
  return `${formatPrefix(prefix)}: ${texts[code] ?? `code ${code}`}`;
}

/** What a golden vector is: octets that somebody wrote down from an RFC's figure, and their value. */

import type { Json } from "../../../shared/base/result.ts";
import type { ControlMessage } from "../../../shared/wire/control.ts";
import type { ControlExtension } from "../../../shared/wire/control-extensions.ts";
import type { IcmpExtension } from "../../../shared/wire/icmp/agent-discovery.ts";
import type { FastHandoverOption } from "../../../shared/wire/icmp/fast-handover-options.ts";
import type { IcmpMessage } from "../../../shared/wire/icmp.ts";
import type { GreHeader } from "../../../shared/wire/tunnel/gre.ts";
import type { Ipv4Header } from "../../../shared/wire/tunnel/ipv4.ts";
import type { MinimalForwardingHeader } from "../../../shared/wire/tunnel/minimal.ts";

/** What is decoded and encoded, by the number space that it is from. */
export interface Values {
  /** A whole control message. */
  readonly control: ControlMessage;
  /** One extension of a control message. */
  readonly "control-extension": ControlExtension;
  /** A whole ICMP message with its checksum. */
  readonly icmp: IcmpMessage;
  /** One extension of an agent advertisement. */
  readonly "icmp-extension": IcmpExtension;
  /** One option of a fast handover message. */
  readonly option: FastHandoverOption;
  /** The header of a tunnel. */
  readonly tunnel: Ipv4Header | MinimalForwardingHeader | GreHeader;
}

export type Space = keyof Values;

interface Vector<S extends Space> {
  /** The rule with its section, and the requirement rows that it proves. */
  readonly title: string;
  readonly space: S;
  /** White space as in the rows of the figure. */
  readonly hex: string;
  readonly value: Values[S];
  /** Some of the keys of the JSON form. */
  readonly json?: { readonly [key: string]: Json };
}

/** Written from the figure, not from the table. */
export type GoldenVector = { [S in Space]: Vector<S> }[Space];

/** Octets from hex digits and white space. */
export function hex(text: string): Uint8Array {
  const digits = text.replace(/\s/g, "");
  if (!/^(?:[\da-f]{2})*$/.test(digits)) throw new Error(`not octets in hex: ${text}`);
  return Uint8Array.from(Buffer.from(digits, "hex"));
}

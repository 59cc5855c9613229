/**
 * The tunnel of a binding: its encapsulation, its GRE keys (RFC 6245) and whether it goes in UDP
 * through a NAT (RFC 3519). Pure judgement: what was asked for, what is agreed, how it is answered.
 */

import { type Ipv4, isUsableUnicast } from "../../shared/base/address.ts";
import type { Random } from "../../shared/base/random.ts";
import { err, ok, type Result } from "../../shared/base/result.ts";
import { type Encapsulation, HALF_BOUND, type TunnelForm } from "../../shared/forwarding/state.ts";
import { requestedEncapsulation } from "../../shared/protocol/requested-encapsulation.ts";
import { authenticationIndexes } from "../../shared/security/authenticator.ts";
import { UdpTunnelReplyFlag, UdpTunnelRequestFlag } from "../../shared/wire/control/udp-tunnel.ts";
import { type RegistrationRequest, RequestFlag } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { ReplyCode } from "../../shared/wire/reply-code.ts";
import type { HaCoreConfig, ServiceLimits } from "./config.ts";

/** IP protocol numbers, as the Encapsulation field has them (RFC 3519 §3.1.4). */
const ENCAPSULATIONS: ReadonlyMap<number, Encapsulation> = new Map([
  [4, "ipip"],
  [47, "gre"],
  [55, "minimal"],
]);
/** RFC 3519 §3.2.1. */
const WILL_TUNNEL = 0;
const DECLINED = 64;

/** Whose extension it is: the node's is signed by extension 32, the agent's stands behind it. */
type Author = "node" | "agent";

interface UdpTunnelWish {
  readonly by: Author;
  readonly force: boolean;
  /** R: the node registers through an agent, but its tunnel does not go there. */
  readonly throughAgent: boolean;
  /** As sent; 0 leaves it to M and G. */
  readonly encapsulation: number;
}

/** What a request says about its tunnel beside M and G. */
export interface TunnelRequest {
  readonly udp: UdpTunnelWish | undefined;
  readonly greKey: { readonly by: Author; readonly key: number } | undefined;
}

/** What is agreed. */
export interface TunnelTerms {
  readonly form: TunnelForm;
  /** Where the tunnel ends: the care-of address, or what a NAT has made of it (RFC 3519 §4.6). */
  readonly effectiveCareOfAddress: Ipv4;
}

/** Extensions of a reply: those that extension 32 covers, and those behind it for the agent. */
export interface ReplyExtensions {
  readonly toNode: readonly ControlExtension[];
  readonly toAgent: readonly ControlExtension[];
}

const NO_EXTENSIONS: ReplyExtensions = { toNode: [], toAgent: [] };

/**
 * Finds the extensions. With an association with the foreign agent, `isProtected`, what stands
 * behind extension 34 counts for nothing: anyone can have put it there.
 */
export function readTunnelRequest(
  request: RegistrationRequest,
  isProtected: boolean,
): TunnelRequest {
  const [mobile = -1] = authenticationIndexes(request, "mobile-home-authentication-extension");
  const [foreign] = authenticationIndexes(request, "foreign-home-authentication-extension");
  const end = isProtected ? (foreign ?? mobile) : request.extensions.length;
  let udp: UdpTunnelWish | undefined;
  let greKey: TunnelRequest["greKey"];
  for (let index = 0; index < end; index++) {
    const extension = request.extensions[index];
    if (extension === undefined) break;
    const by: Author = index < mobile ? "node" : "agent";
    // RFC 3519 §3.1.3 has one with a reserved 3 that is not 0 skipped; §4.6.1 would deny it.
    if (extension.name === "regular-udp-tunnel-request-extension" && extension.reserved3 === 0) {
      udp ??= {
        by,
        force: (extension.flags & UdpTunnelRequestFlag.F) !== 0,
        throughAgent: by === "node" && (extension.flags & UdpTunnelRequestFlag.R) !== 0,
        encapsulation: extension.encapsulation,
      };
    } else if (extension.name === "gre-key-extension") {
      greKey ??= { by, key: extension.keyIdentifier };
    }
  }
  return { udp, greKey };
}

export interface TunnelContext {
  readonly config: Pick<HaCoreConfig, "natTraversal">;
  readonly limits: Pick<ServiceLimits, "encapsulations">;
  readonly isOwnAddress: (address: Ipv4) => boolean;
  readonly random: Random;
  /** IP source of the request, and its port. */
  readonly source: Ipv4;
  readonly sourcePort: number;
  /** The tunnel of the binding that the request renews. */
  readonly current: TunnelForm | undefined;
}

/** The tunnel that a request for one gets, or the code that tells why not. */
export function agreeTunnel(
  context: TunnelContext,
  request: RegistrationRequest,
  { udp, greKey }: TunnelRequest,
): Result<TunnelTerms, number> {
  const { limits, source, sourcePort } = context;
  const inUdp = udp === undefined ? ok(false) : decideUdp(context, request, udp);
  if (!inUdp.ok) return inUdp;
  // RFC 6245 §4.2: a key asks for GRE whatever G says.
  const asked = greKey === undefined ? requestedEncapsulation(request.flags) : "gre";
  if (!inUdp.value || udp === undefined) {
    if (!limits.encapsulations.includes(asked)) return err(ReplyCode.haEncapsulationUnavailable);
    const form = withKeys(context, asked, greKey?.key);
    return ok({ form, effectiveCareOfAddress: request.careOfAddress });
  }
  // RFC 3519 §3.1.4: an encapsulation that is named holds, whatever M and G say.
  const encapsulation = udp.encapsulation === 0 ? asked : ENCAPSULATIONS.get(udp.encapsulation);
  if (encapsulation === undefined || !limits.encapsulations.includes(encapsulation)) {
    return err(ReplyCode.haUdpTunnelUnavailable);
  }
  if (!isPossibleEnd(context, request)) return err(ReplyCode.haPoorlyFormedRequest);
  const udpPort = udp.throughAgent ? HALF_BOUND : sourcePort;
  const form = { ...withKeys(context, encapsulation, greKey?.key), udpPort };
  return ok({ form, effectiveCareOfAddress: source });
}

/** Does the tunnel go in UDP? RFC 3519 §4.6, §4.6.1. */
function decideUdp(
  { config: { natTraversal }, source }: TunnelContext,
  { flags, careOfAddress }: RegistrationRequest,
  { by, force, throughAgent }: UdpTunnelWish,
): Result<boolean, number> {
  const isColocated = (flags & RequestFlag.D) !== 0;
  if (isColocated !== (by === "node")) return err(ReplyCode.haPoorlyFormedRequest);
  const behindNat = source !== careOfAddress;
  if (!natTraversal.enabled) {
    return behindNat || force ? err(ReplyCode.haProhibited) : ok(false);
  }
  if (behindNat || throughAgent) return ok(true);
  if (!force) return ok(false);
  return natTraversal.force ? ok(true) : err(ReplyCode.haProhibited);
}

/** Tunnel packets to the home address, or to this agent, would come back here for ever. */
function isPossibleEnd(
  { source, isOwnAddress }: TunnelContext,
  { homeAddress }: RegistrationRequest,
): boolean {
  return isUsableUnicast(source) && source !== homeAddress && !isOwnAddress(source);
}

/**
 * RFC 6245 §4.2, §5: the other end says which key the packets to it bear, this one chooses that of
 * those that come, and keeps it while the binding is renewed. Who says 0 leaves both to this end;
 * the one field of the answer then tells both.
 */
function withKeys(
  { current, random }: TunnelContext,
  encapsulation: Encapsulation,
  key: number | undefined,
): TunnelForm {
  if (encapsulation !== "gre" || key === undefined) return { encapsulation };
  const greKeyIn = current?.greKeyIn ?? Math.max(1, random.u32());
  return { encapsulation, greKeyIn, greKeyOut: key === 0 ? greKeyIn : key };
}

/**
 * What the reply says of the tunnel: `form` is the one that is agreed, or that stays in force. A
 * wish for UDP is answered where a binding is made (RFC 3519 §4.6), a key wherever there is one
 * (RFC 6245 §4.2), each to whom it came from.
 */
export function tunnelAnswers(
  { udp, greKey }: TunnelRequest,
  form: TunnelForm | undefined,
  accepted: { readonly keepalive: number } | undefined,
): ReplyExtensions {
  if (udp === undefined && greKey === undefined) return NO_EXTENSIONS;
  const answers: { by: Author; extension: ControlExtension }[] = [];
  if (udp !== undefined && form !== undefined && accepted !== undefined) {
    answers.push({ by: udp.by, extension: udpAnswer(udp, form, accepted.keepalive) });
  }
  const key = form?.greKeyIn;
  if (greKey !== undefined && key !== undefined) {
    answers.push({
      by: greKey.by,
      extension: { name: "gre-key-extension", keyIdentifier: key },
    });
  }
  const to = (author: Author): ControlExtension[] =>
    answers.flatMap(({ by, extension }) => (by === author ? [extension] : []));
  return { toNode: to("node"), toAgent: to("agent") };
}

/** `keepalive` in seconds. RFC 3519 §3.2. */
function udpAnswer(
  { force }: UdpTunnelWish,
  { udpPort }: TunnelForm,
  keepalive: number,
): ControlExtension {
  const isTunnelled = udpPort !== undefined;
  return {
    name: "regular-udp-tunnel-reply-extension",
    replyCode: isTunnelled ? WILL_TUNNEL : DECLINED,
    flags: isTunnelled && force ? UdpTunnelReplyFlag.F : 0,
    keepaliveInterval: isTunnelled ? keepalive : 0,
  };
}

/** A mobile node that a test plays frame by frame: it sends what the test says and hears all. */

import { readFileSync } from "node:fs";
import { formatIpv4, ipv4 } from "../../shared/base/address.ts";
import type { SecurityContext } from "../../shared/security/association.ts";
import { appendAuthentication } from "../../shared/security/authenticator.ts";
import { readCapture } from "../../shared/wire/capture/capture.ts";
import { messageIn } from "../../shared/wire/capture/messages.ts";
import {
  appendExtension,
  decodeControl,
  encodeControl,
  type RegistrationReply,
  type RegistrationRequest,
  RequestFlag,
} from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import type { RouterAdvertisement } from "../../shared/wire/icmp/agent-discovery.ts";
import { decodeDiscovery } from "../../shared/wire/icmp.ts";
import type { Capture } from "./capture.ts";
import { ethernet, inject, ipPacket, type LinkHeader, udpDatagram } from "./frames.ts";
import type { Host } from "./host.ts";
import { waitFor } from "./wait.ts";

/** Seconds from 1900 to 1970 (RFC 5944 §5.7.1 counts as NTP does). */
const NTP_OFFSET = 2_208_988_800n;

/** A request that the node sends; what is left out is as an ordinary node has it. */
export interface ScriptedRequest {
  readonly homeAddress: string;
  readonly homeAgent: string;
  readonly careOfAddress: string;
  readonly lifetime?: number;
  /** By default a reverse tunnel. */
  readonly flags?: number;
  /** For extension 32. */
  readonly home: SecurityContext;
  /** Ahead of extension 32. */
  readonly signed?: readonly ControlExtension[];
  /** Behind extension 32. */
  readonly extensions?: readonly ControlExtension[];
  /** For an extension 33 at the end. */
  readonly foreign?: SecurityContext;
}

let last = 0n;

/** Now as a timestamp, each one larger than those before. */
function identification(): bigint {
  const now = Date.now();
  const seconds = BigInt(Math.floor(now / 1000)) + NTP_OFFSET;
  const fraction = (BigInt(now % 1000) << 32n) / 1000n;
  const stamp = (seconds << 32n) | fraction;
  last = stamp > last ? stamp : last + 1n;
  return last;
}

/** The octets of a request and its Identification. */
export function scriptedRequest(wanted: ScriptedRequest): {
  readonly bytes: Uint8Array;
  readonly identification: bigint;
} {
  const request: RegistrationRequest = {
    name: "registration-request",
    flags: wanted.flags ?? RequestFlag.T,
    lifetime: wanted.lifetime ?? 300,
    homeAddress: ipv4(wanted.homeAddress),
    homeAgent: ipv4(wanted.homeAgent),
    careOfAddress: ipv4(wanted.careOfAddress),
    identification: identification(),
    extensions: wanted.signed ?? [],
  };
  const [home, foreign] = ["home", "foreign"].map(
    (peer) => `mobile-${peer}-authentication-extension`,
  ) as ["mobile-home-authentication-extension", "mobile-foreign-authentication-extension"];
  let bytes = appendAuthentication(encodeControl(request), home, wanted.home);
  for (const extension of wanted.extensions ?? []) bytes = appendExtension(bytes, extension);
  if (wanted.foreign !== undefined) bytes = appendAuthentication(bytes, foreign, wanted.foreign);
  return { bytes, identification: request.identification };
}

/** The frame of a request, as a neighbour sends it: TTL 255 (RFC 3024 §3.2). */
export function requestFrame(
  link: LinkHeader,
  source: string,
  destination: string,
  bytes: Uint8Array,
): Buffer {
  const payload = udpDatagram(40_434, 434, Buffer.from(bytes));
  return ethernet(link, 0x0800, ipPacket({ source, destination, protocol: 17, ttl: 255, payload }));
}

/** The node: its interface has no address, so that its kernel says nothing of its own. */
export class ScriptedNode {
  readonly host: Host;
  readonly link: LinkHeader;
  readonly #capture: Capture;

  /** `capture` is one of the host's only interface, `wlan0`. */
  constructor(host: Host, link: LinkHeader, capture: Capture) {
    this.host = host;
    this.link = link;
    this.#capture = capture;
  }

  /** Everything that has come or gone so far, in order. */
  #heard() {
    return readCapture(readFileSync(this.#capture.path)).packets.flatMap(
      (packet) => messageIn(packet) ?? [],
    );
  }

  advertisements(): RouterAdvertisement[] {
    return this.#heard().flatMap(({ kind, payload }) => {
      const decoded = kind === "icmp" ? decodeDiscovery(payload) : undefined;
      return decoded?.ok === true && decoded.value.name === "router-advertisement"
        ? [decoded.value]
        : [];
    });
  }

  replies(): RegistrationReply[] {
    return this.#heard().flatMap(({ kind, payload }) => {
      const decoded = kind === "udp" ? decodeControl(payload) : undefined;
      return decoded?.ok === true && decoded.value.message.name === "registration-reply"
        ? [decoded.value.message as RegistrationReply]
        : [];
    });
  }

  /** Sends a request to the agent whose care-of address it has; its Identification. */
  send(wanted: ScriptedRequest): bigint {
    const { bytes, identification } = scriptedRequest(wanted);
    const destination = formatIpv4(ipv4(wanted.careOfAddress));
    const frame = requestFrame(this.link, wanted.homeAddress, destination, bytes);
    inject(this.host, "wlan0", [frame]);
    return identification;
  }

  /** The reply to a request, by the low-order half of the Identification. */
  replyTo(identification: bigint): RegistrationReply | undefined {
    const low = BigInt.asUintN(32, identification);
    return this.replies().find((reply) => BigInt.asUintN(32, reply.identification) === low);
  }

  /** Sends a request and waits for its reply. */
  ask(wanted: ScriptedRequest): Promise<RegistrationReply> {
    const identification = this.send(wanted);
    return waitFor("a reply", () => this.replyTo(identification));
  }

  /** The file of all that came and went; nothing is heard any more. */
  end(): Promise<string> {
    return this.#capture.stop();
  }
}

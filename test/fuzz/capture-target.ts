/** Capture files as a target of the fuzzer. */

import { readCapture } from "../../shared/wire/capture/capture.ts";
import { isKnownLinkType } from "../../shared/wire/capture/link.ts";
import { messageIn } from "../../shared/wire/capture/messages.ts";
import { makeMessage, messageKinds } from "../wire/arbitrary-messages.ts";
import { type Choices, makeOctets, pick } from "../wire/arbitrary-values.ts";
import { ipPacket, join, pcap, pcapng, udp } from "../wire/capture-files.ts";
import { control, icmp, type Protocol } from "../wire/protocols.ts";
import { digits, featureOf, type Target } from "./target.ts";

function payload(choices: Choices, { space, encode }: Protocol): Uint8Array {
  return encode(makeMessage(choices, space, pick(choices, messageKinds(space))));
}

/** A packet from its IP header on; some of them in a tunnel. */
function ipPacketOf(choices: Choices, tunnels: number): Uint8Array {
  const kind = choices.below(tunnels > 0 ? 8 : 4);
  if (kind === 0) return ipPacket(1, payload(choices, icmp));
  if (kind === 1) return ipPacket(choices.below(256), makeOctets(choices, choices.below(60)));
  if (kind < 4) return ipPacket(17, udp(434, choices.below(65536), payload(choices, control)));
  return tunnelled(choices, kind, ipPacketOf(choices, tunnels - 1));
}

function tunnelled(choices: Choices, kind: number, inner: Uint8Array): Uint8Array {
  const body = inner.subarray(20);
  const destination = makeOctets(choices, 4);
  switch (kind) {
    case 4:
      return ipPacket(4, inner);
    case 5:
      return ipPacket(47, join([0x20, 0, 0x08, 0, ...makeOctets(choices, 4)], inner));
    case 6:
      return ipPacket(55, join([inner[9] ?? 0, 0, 0, 0], destination, body));
    default:
      return ipPacket(17, udp(434, 434, join([4, 4, 0, 0], inner)));
  }
}

/** Link types that are read, and the octets that they have in front of an IP header. */
const LINK_LAYERS: readonly (readonly [number, readonly number[]])[] = [
  [101, []],
  [1, [...Array(12).fill(0), 0x08, 0]],
  [1, [...Array(12).fill(0), 0x81, 0, 0, 7, 0x08, 0]],
  [113, [...Array(14).fill(0), 0x08, 0]],
  [276, [0x08, 0, ...Array(18).fill(0)]],
  [276, [0x81, 0, ...Array(18).fill(0), 0, 7, 0x08, 0]],
  [0, [2, 0, 0, 0]],
  [108, [0, 0, 0, 2]],
];

function make(choices: Choices): Uint8Array {
  const [linkType, header] = pick(choices, LINK_LAYERS);
  const records = Array.from({ length: 1 + choices.below(3) }, () => ({
    time: choices.below(2 ** 32),
    bytes: join(header, ipPacketOf(choices, 3)),
  }));
  const little = choices.below(2) === 0;
  if (choices.below(2) === 0)
    return pcap(records, { little, nano: choices.below(2) === 0, linkType });
  return pcapng(records, choices.below(2) === 0 ? { little } : { little, resolution: 9 });
}

/** Does a view lie within the file? */
function isWithin(file: Uint8Array, { buffer, byteOffset, length }: Uint8Array): boolean {
  if (buffer !== file.buffer) return true;
  const start = byteOffset - file.byteOffset;
  return length === 0 || (start >= 0 && start + length <= file.length);
}

export const captureTarget: Target = {
  name: "capture",
  share: 2,
  run(bytes, _thorough, sees) {
    try {
      const { packets, error } = readCapture(bytes);
      if (error !== undefined) {
        if (error.offset < 0 || error.offset > bytes.length) return "an error outside the file";
        sees(featureOf(1, "capture", error.message.replace(/\d+/g, "n")));
      }
      sees(featureOf(2, "packets", `size ${digits(packets.length)}`));
      for (const each of packets) {
        if (!isWithin(bytes, each.bytes)) return "a packet outside the file";
        const message = messageIn(each);
        sees(
          featureOf(
            3,
            isKnownLinkType(each.linkType) ? `link ${each.linkType}` : "link",
            message?.kind ?? "-",
          ),
        );
        const tunnels = message?.tunnels.map(({ encapsulation }) => encapsulation) ?? [];
        sees(featureOf(4, tunnels.slice(0, 2).join("+"), message?.cut === undefined ? "-" : "cut"));
        if (message !== undefined && !isWithin(bytes, message.payload)) {
          return "a message outside the file";
        }
      }
      return undefined;
    } catch (error) {
      return `threw ${error instanceof Error ? error.stack : error}`;
    }
  },
  make,
  cuts: ({ length }) => [...new Set([0, 24, 40, 60].map((at) => Math.min(at, length))), length],
};

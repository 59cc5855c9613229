/** What `decode` does: messages explained, from hex or from a capture. */

import { readFileSync } from "node:fs";
import { formatIpv4 } from "../../base/address.ts";
import type { JsonObject } from "../../base/result.ts";
import type { TrialKey } from "../../security/identify.ts";
import { type CapturedPacket, readCapture } from "../../wire/capture/capture.ts";
import { isKnownLinkType } from "../../wire/capture/link.ts";
import { type CapturedMessage, messageIn } from "../../wire/capture/messages.ts";
import { safeJson } from "../../wire/show-text.ts";
import { EXIT, type Invocation, UsageError } from "./commands.ts";
import { type Explained, explainMessage, explanationJson } from "./decode-explain.ts";
import { parseHex, parseKey } from "./decode-options.ts";
import { type Envelope, treeLines } from "./decode-tree.ts";

export function decode(invocation: Invocation): number {
  const hex = invocation.text("hex");
  const file = invocation.text("pcap");
  if ((hex === undefined) === (file === undefined)) {
    throw new UsageError("decode needs one of --hex BYTES and --pcap FILE");
  }
  const keys = invocation.texts("key").map(parseKey);
  if (hex !== undefined) {
    const kind = invocation.has("icmp") ? "icmp" : "udp";
    const message = { kind, payload: parseHex(hex), cut: undefined } as const;
    return print(invocation, explainMessage(message, keys), undefined);
  }
  if (invocation.has("icmp")) throw new UsageError("--icmp goes with --hex only");
  return decodeCapture(invocation, file ?? "", keys);
}

function decodeCapture(invocation: Invocation, file: string, keys: readonly TrialKey[]): number {
  const { output } = invocation;
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    output.err(`${file}: cannot be read (${code})`);
    return EXIT.failed;
  }
  const capture = readCapture(bytes);
  let exit: number = EXIT.ok;
  for (const packet of capture.packets) {
    const message = messageIn(packet);
    if (message === undefined) continue;
    const explained = explainMessage(message, keys);
    exit = Math.max(exit, print(invocation, explained, envelopeOf(packet, message)));
  }
  for (const line of unreadLinkTypes(capture.packets)) {
    output.err(`${file}: ${line}`);
    exit = EXIT.failed;
  }
  if (capture.error !== undefined) {
    output.err(`${file}: at octet ${capture.error.offset}: ${capture.error.message}`);
    exit = EXIT.failed;
  }
  return exit;
}

/** Silence about packets that nobody has looked into would pass for "no message there". */
function unreadLinkTypes(packets: readonly CapturedPacket[]): string[] {
  const counts = new Map<number, number>();
  for (const { linkType } of packets) {
    if (!isKnownLinkType(linkType)) counts.set(linkType, (counts.get(linkType) ?? 0) + 1);
  }
  return [...counts].map(
    ([linkType, count]) => `link type ${linkType} is not known, ${count} packets not searched`,
  );
}

function envelopeOf(packet: CapturedPacket, message: CapturedMessage): Envelope {
  return {
    packet: packet.number,
    time: showTime(packet.time),
    source: formatIpv4(message.source),
    destination: formatIpv4(message.destination),
    tunnels: message.tunnels.map(({ encapsulation, source, destination, key }) => ({
      encapsulation,
      source: formatIpv4(source),
      destination: formatIpv4(destination),
      ...(encapsulation === "gre" ? { key: key ?? null } : {}),
    })),
  };
}

/** RFC 3339 with milliseconds; `null` when the capture has no time, or none that is a date. */
function showTime(time: number | undefined): string | null {
  const date = new Date(time ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** One message; the exit code says whether it was whole. */
function print(
  { output, ...invocation }: Invocation,
  explained: Explained,
  envelope: Envelope | undefined,
): number {
  if (invocation.has("json")) {
    const { tunnels, ...outside } = envelope ?? {};
    const { error, ...json } = explanationJson(explained);
    const line: JsonObject = {
      ...outside,
      ...json,
      ...(tunnels === undefined ? {} : { tunnels }),
      ...(error === undefined ? {} : { error }),
    };
    output.out(safeJson(JSON.stringify(line)));
  } else {
    for (const line of treeLines(explained, envelope, output.hasColour)) output.out(line);
  }
  return explained.error === undefined ? EXIT.ok : EXIT.failed;
}

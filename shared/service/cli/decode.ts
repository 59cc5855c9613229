/** `decode`: explains Mobile IPv4 messages, from hex or from a capture. */

import { readFileSync } from "node:fs";
import { formatIpv4 } from "../../base/address.ts";
import type { Json, JsonObject } from "../../base/result.ts";
import { discoveryJson, inspectDiscovery } from "../../wire/agent-discovery.ts";
import { type CapturedPacket, readCapture } from "../../wire/capture/capture.ts";
import { type CapturedMessage, messageIn } from "../../wire/capture/messages.ts";
import { controlJson, inspectControl } from "../../wire/control.ts";
import type { WireError } from "../../wire/error.ts";
import { isObject } from "../json.ts";
import { type CommandSpec, EXIT, type Invocation, JSON_OPTION, UsageError } from "./commands.ts";

export const decodeCommand: CommandSpec = {
  name: "decode",
  arguments: [],
  summary: "explain Mobile IPv4 messages",
  options: [
    { name: "hex", value: "bytes", summary: "a UDP port 434 payload in hex" },
    { name: "icmp", summary: "the hex is an ICMP message" },
    { name: "pcap", value: "file", summary: "a capture, pcap or pcapng, searched for both" },
    JSON_OPTION,
  ],
  exits: {
    [EXIT.ok]: "every message found is well-formed",
    [EXIT.failed]: "a message is malformed or the file cannot be read; the rest has been decoded",
  },
  action: (invocation) => {
    const hex = invocation.text("hex");
    const file = invocation.text("pcap");
    if ((hex === undefined) === (file === undefined)) {
      throw new UsageError("decode needs one of --hex BYTES and --pcap FILE");
    }
    if (hex !== undefined) {
      return print(invocation, explain(invocation.has("icmp") ? "icmp" : "udp", parseHex(hex)));
    }
    if (invocation.has("icmp")) throw new UsageError("--icmp goes with --hex only");
    return decodeCapture(invocation, file ?? "");
  },
};

/** White space, colons and a leading 0x do not count. */
function parseHex(text: string): Uint8Array {
  const digits = text.replace(/^0x|[\s:]/gi, "");
  if (!/^(?:[0-9a-f]{2})+$/i.test(digits)) {
    throw new UsageError("--hex must be hex digits, two an octet");
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));
}

function decodeCapture(invocation: Invocation, file: string): number {
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
    const decoded = { ...envelope(packet, message), ...explain(message.kind, message.payload) };
    exit = Math.max(exit, print(invocation, decoded));
  }
  if (capture.error !== undefined) {
    output.err(`${file}: at octet ${capture.error.offset}: ${capture.error.message}`);
    exit = EXIT.failed;
  }
  return exit;
}

function envelope(packet: CapturedPacket, message: CapturedMessage): JsonObject {
  return {
    packet: packet.number,
    time: showTime(packet.time),
    source: formatIpv4(message.source),
    destination: formatIpv4(message.destination),
  };
}

/** RFC 3339 with milliseconds; `null` when the capture has no time, or none that is a date. */
function showTime(time: number | undefined): string | null {
  const date = new Date(time ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** The contract's JSON of a message; `error` stands in the place of what could not be read. */
function explain(kind: "udp" | "icmp", bytes: Uint8Array): JsonObject {
  if (kind === "icmp") {
    const { message, error } = inspectDiscovery(bytes);
    return { ...(message === undefined ? bare(bytes) : discoveryJson(message)), ...failed(error) };
  }
  const { decoded, error } = inspectControl(bytes);
  return {
    ...(decoded === undefined ? bare(bytes) : controlJson(decoded.message)),
    ...failed(error),
  };
}

function bare(bytes: Uint8Array): JsonObject {
  return { type: bytes[0] ?? null };
}

function failed(error: WireError | undefined): JsonObject {
  return error === undefined ? {} : { error: { ...error } };
}

/** One message; the exit code says whether it was whole. */
function print(invocation: Invocation, decoded: JsonObject): number {
  const { output } = invocation;
  if (invocation.has("json")) output.out(JSON.stringify(decoded));
  else for (const line of describe(decoded)) output.out(line);
  return decoded.error === undefined ? EXIT.ok : EXIT.failed;
}

/** For people: a heading, then a line a field, extensions indented below. */
function describe(decoded: JsonObject): string[] {
  const { packet, time, source, destination, type, name, error, ...fields } = decoded;
  const from =
    packet === undefined ? [] : [`#${packet} ${time ?? "-"} ${source} -> ${destination}`];
  const lines = [...from, `${name ?? "unknown message"} (type ${type})`, ...fieldLines(fields, 1)];
  if (isObject(error)) {
    lines.push(
      `  MALFORMED: ${error.field} at octet ${error.offset}: ${error.message} (${error.code})`,
    );
  }
  return [...lines, ""];
}

function fieldLines(fields: JsonObject, depth: number): string[] {
  const indent = "  ".repeat(depth);
  const width = Math.max(0, ...Object.keys(fields).map((key) => key.length));
  return Object.entries(fields).flatMap(([key, value]) => {
    if (key === "extensions" && Array.isArray(value)) {
      return value.filter(isObject).flatMap(({ type, name, ...rest }) => {
        return [`${indent}${name} (type ${type})`, ...fieldLines(rest, depth + 1)];
      });
    }
    return [`${indent}${key.padEnd(width)}  ${showField(value ?? null)}`];
  });
}

function showField(value: Json): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(showField).join(", ");
  if (!isObject(value)) return String(value ?? "-");
  const entries = Object.entries(value);
  if (entries.length > 0 && entries.every(([, each]) => typeof each === "boolean")) {
    return entries.map(([flag, isSet]) => (isSet ? flag : "-")).join(" ");
  }
  return entries.map(([key, each]) => `${key} ${showField(each ?? null)}`).join(" ");
}

/** The tree of a message as lines: the offset of each field, its name, its value. */

import type { Json } from "../../base/result.ts";
import type { Identified } from "../../security/identify.ts";
import { type TraceNode, traceMessage } from "../../wire/trace.ts";
import type { Explained } from "./decode-explain.ts";

/** Where in a capture a message was found. */
export interface Envelope {
  readonly packet: number;
  readonly time: string | null;
  readonly source: string;
  readonly destination: string;
  /** Outermost first. */
  readonly tunnels: readonly TunnelJson[];
}

interface TunnelJson {
  readonly [key: string]: Json;
  readonly encapsulation: string;
  readonly source: string;
  readonly destination: string;
}

const OFFSET_WIDTH = 5;

export function treeLines(
  explained: Explained,
  envelope: Envelope | undefined,
  hasColour: boolean,
): string[] {
  const { space, bytes, error, notes, identified } = explained;
  const root = traceMessage(space, bytes, error);
  const heading = `${root.name} (${root.value}), ${root.length} octets`;
  return [
    ...(envelope === undefined ? [] : envelopeLines(envelope)),
    hasColour ? `\x1b[1m${heading}\x1b[0m` : heading,
    ...nodeLines(withVerdicts(root.children, identified), 0),
    ...notes.map((note) => `  note: ${note}`),
    "",
  ];
}

function envelopeLines({ packet, time, source, destination, tunnels }: Envelope): string[] {
  return [
    `#${packet} ${time ?? "-"} ${source} -> ${destination}`,
    ...tunnels.map((tunnel) => {
      const key = tunnel.key === undefined || tunnel.key === null ? "" : `, key ${tunnel.key}`;
      return `  in ${tunnel.encapsulation} ${tunnel.source} -> ${tunnel.destination}${key}`;
    }),
  ];
}

function nodeLines(nodes: readonly TraceNode[], depth: number): string[] {
  const fields = nodes.filter(({ kind }) => kind === "field" || kind === "rest");
  const width = fields.reduce((most, { name }) => Math.max(most, name.length), 0);
  return nodes.flatMap((node) => {
    const start = `${String(node.offset).padStart(OFFSET_WIDTH)}  ${"  ".repeat(depth)}`;
    return [start + nodeText(node, width), ...nodeLines(node.children, depth + 1)];
  });
}

function nodeText({ kind, name, offset, value, meaning }: TraceNode, width: number): string {
  switch (kind) {
    case "extension":
      return `${name}${meaning === undefined ? "" : `: ${meaning}`} (${value})`;
    case "error":
      return `MALFORMED: ${name} at octet ${offset}: ${value} (${meaning})`;
    default: {
      const more = meaning ?? (name === "identification" ? showTimestamp(value) : undefined);
      return `${name.padEnd(width)}  ${value}${more === undefined ? "" : ` (${more})`}`;
    }
  }
}

/** Milliseconds from 1900, where NTP begins, to 1970. */
const NTP_EPOCH_MS = 2_208_988_800_000;

/** Shows a clock that is wrong (RFC 5944 §5.7.1). Where the two use nonces it means nothing. */
function showTimestamp(hex: string): string | undefined {
  const seconds = Number.parseInt(hex.slice(0, 8), 16);
  const fraction = Number.parseInt(hex.slice(8), 16) / 2 ** 32;
  if (!(seconds >= 2 ** 31)) return undefined;
  const time = new Date(Math.floor((seconds + fraction) * 1000) - NTP_EPOCH_MS);
  return `as a timestamp ${time.toISOString()}`;
}

/** Says of each authenticator that was looked at whether it holds. */
function withVerdicts(
  nodes: readonly TraceNode[],
  identified: readonly (Identified | undefined)[],
): TraceNode[] {
  let index = 0;
  return nodes.map((node) => {
    const found = node.kind === "extension" ? identified[index++] : undefined;
    if (found === undefined) return node;
    const children = node.children.map((child) =>
      child.name === "authenticator" ? { ...child, meaning: verdictText(found) } : child,
    );
    return { ...node, children };
  });
}

function verdictText({ spi, valid, algorithm }: Identified): string {
  if (valid === null) return `not checked: no key for SPI ${spi}`;
  return valid ? `holds: ${algorithm}` : `DOES NOT HOLD with any key for SPI ${spi}`;
}

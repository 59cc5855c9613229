/**
 * What becomes of the scalars of the Mobile IP MIB (RFC 2006 §5) and of the UDP tunnel MIB: the
 * same events are counted under our own names.
 */

/** One scalar, and where its value is. */
export type MibObject = { readonly object: string } & (
  | {
      /** Counters whose sum it is. */
      readonly counters: readonly string[];
    }
  | {
      /** The key of `status --json` that says it. */
      readonly status: string;
    }
  | {
      /** What tells it instead. */
      readonly elsewhere: string;
    }
);

/** `prefix-N` for each number from `first` to `last`. */
export function numbered(prefix: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => `${prefix}-${first + i}`);
}

/** The system group, of every program. */
export function systemObjects(encapsulations: string): readonly MibObject[] {
  return [
    { object: "mipEntities", elsewhere: "the program's name" },
    { object: "mipEnable", elsewhere: "that it runs" },
    { object: "mipEncapsulationSupported", elsewhere: encapsulations },
  ];
}

/** The advertisement group of both kinds of agents. */
export const AGENT_OBJECTS: readonly MibObject[] = [
  { object: "maAdvertisementsSent", counters: ["advertisements-sent"] },
  { object: "maAdvsSentForSolicitation", counters: ["advertisements-solicited"] },
  { object: "maSolicitationsReceived", counters: ["solicitations-received"] },
];

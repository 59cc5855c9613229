/** What is said to who has asked for a handover. */

import type { Answer } from "../../../shared/protocol/core.ts";
import { LinkLayerCode } from "../../../shared/protocol/fast-handover.ts";
import { FBACK_CODES } from "../../../shared/wire/codes.ts";

/** What the Option-Codes of RFC 4988 §6.1 mean for who asked. */
export const OUTCOMES: Readonly<Record<number, string>> = {
  [LinkLayerCode.sameLink]: "that access point is on this link: no handover is needed",
  [LinkLayerCode.unknown]: "the agent does not know that access point",
  [LinkLayerCode.unsupported]: "the agent behind that access point does no fast handovers",
};

export function refusal(code: number): string {
  const known: Readonly<Record<number, string>> = FBACK_CODES;
  return `refused: ${known[code] ?? `code ${code}`}`;
}

export function answer(id: number, ok: boolean, message: string): Answer {
  return { type: "answer", id, ok, message };
}

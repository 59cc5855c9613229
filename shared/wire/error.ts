/** What can be wrong with octets from the network: a value with a place, never an exception. */

export type WireErrorCode =
  | "truncated"
  | "wrong-type"
  | "wrong-length"
  | "wrong-code"
  | "wrong-checksum"
  | "unknown-mandatory-extension";

export interface WireError {
  readonly code: WireErrorCode;
  /** The field at fault, snake_case as the JSON form names it. */
  readonly field: string;
  /** Octets from the start of the message. */
  readonly offset: number;
  readonly message: string;
}

export function wireError(
  code: WireErrorCode,
  field: string,
  offset: number,
  message: string,
): WireError {
  return { code, field, offset, message };
}

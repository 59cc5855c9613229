import type { HoldLimits } from "../../../shared/forwarding/state.ts";

/** What the mobile node's fast handovers must know (RFC 4988). */
export interface FastHandoverConfig {
  /** RtSolPr is repeated so often (RFC 4068 §7, RTSOLPR_RETRIES). */
  readonly solicitationRetries: number;
  /** RtSolPr in a second (RFC 4068 §7, MAX_RTSOLPR_RATE). */
  readonly solicitationRate: number;
  /** FBU is repeated so often (RFC 4068 §7, FBU_RETRIES). */
  readonly updateRetries: number;
  /** Seconds that a binding is asked for; at most 10 (RFC 4988 §5.1). */
  readonly lifetime: number;
  /** What the node sends while it is between two links is kept within them. */
  readonly limits: HoldLimits;
  /** Does the network's own order to hand over count (RFC 4988 §5.4, code 1)? */
  readonly obeysNetwork: boolean;
}

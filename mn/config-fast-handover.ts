/** The `[fast_handover]` table of the mobile node (RFC 4988). */

import { MAX_HANDOVER_LIFETIME } from "../shared/protocol/fast-handover.ts";
import { HOLD_LIMITS, toLimits } from "../shared/service/config/hold-limits.ts";
import { absolutePath, flag, integer, table } from "../shared/service/config/values.ts";
import type { MnConfig } from "./config.ts";
import type { FastHandoverConfig } from "./core/handover/config.ts";

export const fastHandover = table({
  enabled: flag()
    .default(false)
    .describe(
      "Tell the agent that is left where the node goes, so that its packets follow; takes an association with that agent. Where agents do not take part, handovers are as without it.",
    ),
  ...HOLD_LIMITS,
  lifetime: integer(1, MAX_HANDOVER_LIFETIME, "whole seconds")
    .default(MAX_HANDOVER_LIFETIME)
    .describe("Seconds that packets are asked to follow, until the node is registered anew."),
  network_initiated: flag()
    .default(true)
    .describe(
      "Make a handover ready when the agent orders it (RFC 4988 §5.4, code 1). That order is not authenticated: false where others on the link are not trusted.",
    ),
  rtsolpr_retries: integer(0, 10)
    .default(3)
    .describe(
      "How often a question about access points is repeated (RTSOLPR_RETRIES, RFC 4068 §7).",
    ),
  max_rtsolpr_rate: integer(1, 100)
    .default(3)
    .describe("Such questions in a second at most (MAX_RTSOLPR_RATE, RFC 4068 §7)."),
  signal_threshold: integer(-100, -20, "dBm")
    .optional()
    .describe(
      "Signal of a Wi-Fi interface in dBm below which a stronger access point of its network is made ready for a handover, and changed to where `supplicant` says by whom. Not together with a `bgscan` of wpa_supplicant, which sets a threshold of its own.",
    ),
  signal_hysteresis: integer(0, 20, "dB")
    .default(4)
    .describe("dB by which the signal has to pass the threshold."),
  signal_advantage: integer(0, 40, "dB")
    .default(8)
    .describe("dB by which another access point has to be stronger."),
  supplicant: absolutePath("the absolute path of a folder")
    .optional()
    .describe(
      'Folder of wpa_supplicant\'s control sockets, like "/run/wpa_supplicant": it is told to change to the access point that is ready. Without it a hook or a script does that.',
    ),
  fbu_retries: integer(0, 10)
    .default(3)
    .describe("How often a Fast Binding Update is repeated (FBU_RETRIES, RFC 4068 §7)."),
})
  .prefault({})
  .describe("Fast handovers (RFC 4988).");

/** `undefined`: none are tried. */
export function resolveFastHandover({
  fast_handover: file,
}: MnConfig): FastHandoverConfig | undefined {
  if (!file.enabled) return undefined;
  return {
    solicitationRetries: file.rtsolpr_retries,
    solicitationRate: file.max_rtsolpr_rate,
    updateRetries: file.fbu_retries,
    lifetime: file.lifetime,
    limits: toLimits(file),
    obeysNetwork: file.network_initiated,
  };
}

/** What the mobile node tells Prometheus. */

import { type Gauge, gauge, type ProgramMetrics } from "../shared/service/metrics/metrics.ts";
import { MN_MIB } from "./mib.ts";

/** One sample for the state it is in. */
const state: Gauge = {
  name: "state",
  help: "1 for the state that the registration is in.",
  samples: (status) =>
    typeof status.state === "string" ? [{ labels: { state: status.state }, value: 1 }] : [],
};

export const mnMetrics: ProgramMetrics = {
  gauges: [
    state,
    gauge("lifetime_remaining_seconds", "What is left of the registration.", "lifetime_remaining"),
    gauge("reverse_tunnel", "1 with a reverse tunnel.", "reverse_tunnel"),
  ],
  counters: {
    "advertisements-received": "Agent Advertisements received.",
    "solicitations-sent": "Agent Solicitations sent.",
    "requests-sent": "Registration Requests sent.",
    "requests-retransmitted": "Registration Requests sent again.",
    "denied-foreign-agent": "Denials by foreign agents.",
    "denied-home-agent": "Denials by the home agent.",
    "security-exceptions": "Replies that fail authentication, and denials about it.",
  },
  mib: MN_MIB,
};

/** What the home agent tells Prometheus. */

import { gauge, type ProgramMetrics } from "../shared/service/metrics/metrics.ts";
import { HA_MIB } from "./mib.ts";

export const haMetrics: ProgramMetrics = {
  gauges: [
    gauge("active", "1 when this home agent acts, 0 when it stands by.", "active"),
    gauge("bindings", "Mobility bindings.", "bindings"),
    gauge("pending", "Requests that wait for an answer.", "pending"),
  ],
  counters: {
    "advertisements-sent": "Agent Advertisements sent.",
    "advertisements-solicited": "Agent Advertisements sent in answer to solicitations.",
    "solicitations-received": "Agent Solicitations received.",
    "reg-requests-received": "Registration Requests received.",
    "de-reg-requests-received": "Registration Requests received with lifetime 0.",
    "reg-replies-sent": "Registration Replies sent.",
    "de-reg-replies-sent": "Registration Replies sent to requests with lifetime 0.",
    "registration-accepted": "Registration Requests accepted.",
  },
  mib: HA_MIB,
};

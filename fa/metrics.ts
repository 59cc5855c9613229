/** What the foreign agent tells Prometheus. */

import { gauge, type ProgramMetrics, rowsGauge } from "../shared/service/metrics/metrics.ts";
import { FA_MIB } from "./mib.ts";

export const faMetrics: ProgramMetrics = {
  gauges: [
    gauge("visitors", "Registered visitors.", "visitors"),
    gauge("pending", "Requests that wait for the home agent's reply.", "pending"),
    gauge("busy", "1 when no further visitor is taken (the B bit).", "busy"),
    rowsGauge("advertisement_age_seconds", "Since the last periodic advertisement.", {
      list: "advertising",
      of: "interface",
      label: "interface",
      value: "age",
    }),
    rowsGauge("home_agent_unanswered", "Requests in a row that it did not answer.", {
      list: "home_agents",
      of: "address",
      label: "home_agent",
      value: "unanswered",
    }),
  ],
  counters: {
    "advertisements-sent": "Agent Advertisements sent.",
    "advertisements-solicited": "Agent Advertisements sent in answer to solicitations.",
    "solicitations-received": "Agent Solicitations received.",
    "requests-received": "Registration Requests received.",
    "requests-relayed": "Registration Requests relayed to home agents.",
    "replies-received": "Registration Replies received from home agents.",
    "replies-relayed": "Registration Replies relayed to mobile nodes.",
    "replies-sent": "Registration Replies sent to mobile nodes, this agent's own included.",
    "denials-over-rate": "Denials not sent: one a second a node.",
  },
  mib: FA_MIB,
};

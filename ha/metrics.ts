/** What the home agent tells Prometheus. */

import { isObject } from "../shared/service/json.ts";
import {
  type Gauge,
  gauge,
  type ProgramMetrics,
  rowsGauge,
  samplesOf,
} from "../shared/service/metrics/metrics.ts";
import { HA_MIB } from "./mib.ts";

/** A key of `room` in the status. */
function roomGauge(name: string, help: string, key: string): Gauge {
  return {
    name,
    help,
    samples: ({ room }) => (isObject(room) ? samplesOf(room[key]) : []),
  };
}

export const haMetrics: ProgramMetrics = {
  gauges: [
    gauge("active", "1 when this home agent acts, 0 when it stands by.", "active"),
    gauge("bindings", "Mobility bindings.", "bindings"),
    gauge("pending", "Requests that wait for an answer.", "pending"),
    roomGauge("bindings_limit", "Bindings that there may be (limits.bindings).", "bindings"),
    roomGauge("addresses", "Home addresses that the pools have.", "addresses"),
    roomGauge("addresses_taken", "Home addresses that are given out.", "addresses_taken"),
    rowsGauge("advertisement_age_seconds", "Since the last periodic advertisement.", {
      list: "advertising",
      of: "interface",
      label: "interface",
      value: "age",
    }),
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

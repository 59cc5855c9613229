/** The scalars of the Mobile IP MIB that concern a foreign agent (RFC 2006 §5). */

import {
  AGENT_OBJECTS,
  type MibObject,
  numbered,
  systemObjects,
} from "../shared/service/metrics/mib.ts";

export const FA_MIB: readonly MibObject[] = [
  ...systemObjects("`advertisement.encapsulations` in `check`"),
  {
    object: "mipSecTotalViolations",
    // Bad, missing, unknown and stale challenges are violations too (RFC 4721 §3.2).
    counters: ["denied-67", "denied-68", ...numbered("denied", 104, 107)],
  },
  ...AGENT_OBJECTS,
  { object: "faIsBusy", status: "busy" },
  {
    object: "faRegistrationRequired",
    elsewhere: "`advertisement.registration_required` in `check`",
  },
  { object: "faRegRequestsReceived", counters: ["requests-received"] },
  { object: "faRegRequestsRelayed", counters: ["requests-relayed"] },
  { object: "faReasonUnspecified", counters: ["denied-64"] },
  { object: "faAdmProhibited", counters: ["denied-65"] },
  { object: "faInsufficientResource", counters: ["denied-66"] },
  { object: "faMNAuthenticationFailure", counters: ["denied-67"] },
  { object: "faRegLifetimeTooLong", counters: ["denied-69"] },
  { object: "faPoorlyFormedRequests", counters: ["denied-70"] },
  { object: "faEncapsulationUnavailable", counters: ["denied-72"] },
  { object: "faVJCompressionUnavailable", counters: ["denied-73"] },
  { object: "faHAUnreachable", counters: numbered("denied", 80, 95) },
  { object: "faRegRepliesRecieved", counters: ["replies-received"] },
  { object: "faRegRepliesRelayed", counters: ["replies-relayed"] },
  { object: "faHAAuthenticationFailure", counters: ["denied-68"] },
  { object: "faPoorlyFormedReplies", counters: ["denied-71"] },
  { object: "faUdpTunnelEnable", elsewhere: "`advertisement.udp_tunneling` in `check`" },
  { object: "faUdpTunnelForce", elsewhere: "false: F is the mobile node's wish (RFC 3519 §3.1)" },
  {
    object: "faUdpTunnelKeepaliveInterval",
    elsewhere: "110 s, unless the home agent grants another (RFC 3519 §4.9)",
  },
];

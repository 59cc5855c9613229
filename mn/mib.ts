/** The scalars of the Mobile IP MIB that concern a mobile node (RFC 2006 §5). */

import { type MibObject, systemObjects } from "../shared/service/metrics/mib.ts";

const AGENT_HEARD = "`agents`";
const MOVES = "the events `handover-finished` and `home`";
const NOT_TOLD_APART = "not told apart from the others";
const UDP_KEYS = "`registration.nat_traversal` in `check`";

/** The counters of replies whose authentication failed. */
function failed(association: "home" | "foreign"): string[] {
  const outcomes = ["missing", "repeated", "unknown-spi", "wrong-authenticator"];
  return outcomes.map((outcome) => `reply-mobile-${association}-${outcome}`);
}

export const MN_MIB: readonly MibObject[] = [
  ...systemObjects("`registration.encapsulation` in `check`"),
  { object: "mipSecTotalViolations", counters: ["security-exceptions"] },
  { object: "mnState", status: "state" },
  { object: "mnHomeAddress", status: "home_address" },
  { object: "mnAdvSourceAddress", elsewhere: AGENT_HEARD },
  { object: "mnAdvSequence", elsewhere: AGENT_HEARD },
  { object: "mnAdvFlags", elsewhere: AGENT_HEARD },
  { object: "mnAdvMaxRegLifetime", elsewhere: AGENT_HEARD },
  { object: "mnAdvMaxAdvLifetime", elsewhere: AGENT_HEARD },
  { object: "mnAdvTimeReceived", elsewhere: AGENT_HEARD },
  { object: "mnSolicitationsSent", counters: ["solicitations-sent"] },
  { object: "mnAdvertisementsReceived", counters: ["advertisements-received"] },
  {
    object: "mnAdvsDroppedInvalidExtension",
    counters: [
      "advertisement-truncated",
      "advertisement-wrong-length",
      "advertisement-unknown-mandatory-extension",
    ],
  },
  { object: "mnAdvsIgnoredUnknownExtension", elsewhere: NOT_TOLD_APART },
  { object: "mnMoveFromHAToFA", elsewhere: MOVES },
  { object: "mnMoveFromFAToFA", elsewhere: MOVES },
  { object: "mnMoveFromFAToHA", elsewhere: MOVES },
  { object: "mnGratuitousARPsSend", elsewhere: "the event `home`: they go out with each" },
  { object: "mnAgentRebootsDectected", elsewhere: "the event `agent-rebooted`" },
  { object: "mnRegRequestsSent", counters: ["requests-sent"] },
  { object: "mnDeRegRequestsSent", elsewhere: "the event `deregistering`" },
  { object: "mnRegRepliesRecieved", elsewhere: "the event `registered`" },
  { object: "mnDeRegRepliesRecieved", elsewhere: "the event `deregistered`" },
  { object: "mnRepliesInvalidHomeAddress", counters: ["reply-wrong-home-address"] },
  { object: "mnRepliesUnknownHA", counters: ["reply-wrong-home-agent"] },
  { object: "mnRepliesUnknownFA", counters: ["reply-from-stranger"] },
  { object: "mnRepliesInvalidID", counters: ["reply-identification-mismatch"] },
  {
    object: "mnRepliesDroppedInvalidExtension",
    counters: ["reply-truncated", "reply-wrong-length", "reply-unknown-mandatory-extension"],
  },
  { object: "mnRepliesIgnoredUnknownExtension", elsewhere: NOT_TOLD_APART },
  { object: "mnRepliesHAAuthenticationFailure", counters: failed("home") },
  { object: "mnRepliesFAAuthenticationFailure", counters: failed("foreign") },
  { object: "mnRegRequestsAccepted", elsewhere: "the event `registered`" },
  { object: "mnRegRequestsDeniedByHA", counters: ["denied-home-agent"] },
  { object: "mnRegRequestsDeniedByFA", counters: ["denied-foreign-agent"] },
  { object: "mnRegRequestsDeniedByHADueToID", elsewhere: "the event `denied` with code 133" },
  {
    object: "mnRegRequestsWithDirectedBroadcast",
    elsewhere: "never sent: the home agent is named",
  },
  { object: "mnUdpTunnelEnable", elsewhere: UDP_KEYS },
  { object: "mnUdpTunnelForce", elsewhere: UDP_KEYS },
  {
    object: "mnUdpTunnelKeepaliveInterval",
    elsewhere: "`registration.keepalive` in `check`, or as the home agent grants it",
  },
];

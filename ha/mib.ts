/** The scalars of the Mobile IP MIB that concern a home agent (RFC 2006 §5). */

import { AGENT_OBJECTS, type MibObject, systemObjects } from "../shared/service/metrics/mib.ts";

export const HA_MIB: readonly MibObject[] = [
  ...systemObjects("`registration.encapsulations` in `check`"),
  {
    object: "mipSecTotalViolations",
    counters: [
      "mn-authentication-failure",
      "fa-authentication-failure",
      "id-mismatch",
      "discarded-mn-authentication-failure",
      "discarded-unexpected-foreign-home-extension",
    ],
  },
  ...AGENT_OBJECTS,
  { object: "haRegistrationAccepted", counters: ["registration-accepted"] },
  { object: "haMultiBindingUnsupported", counters: ["code-1"] },
  { object: "haReasonUnspecified", counters: ["reason-unspecified"] },
  { object: "haAdmProhibited", counters: ["adm-prohibited"] },
  { object: "haInsufficientResource", counters: ["insufficient-resource"] },
  { object: "haMNAuthenticationFailure", counters: ["mn-authentication-failure"] },
  { object: "haFAAuthenticationFailure", counters: ["fa-authentication-failure"] },
  { object: "haIDMismatch", counters: ["id-mismatch"] },
  { object: "haPoorlyFormedRequest", counters: ["poorly-formed-request"] },
  { object: "haTooManyBindings", counters: ["too-many-bindings"] },
  { object: "haUnknownHA", counters: ["unknown-ha"] },
  { object: "haGratuitiousARPsSent", counters: ["gratuitous-arps-sent"] },
  { object: "haProxyARPsSent", elsewhere: "not counted: the kernel answers for the nodes" },
  { object: "haRegRequestsReceived", counters: ["reg-requests-received"] },
  { object: "haDeRegRequestsReceived", counters: ["de-reg-requests-received"] },
  { object: "haRegRepliesSent", counters: ["reg-replies-sent"] },
  { object: "haDeRegRepliesSent", counters: ["de-reg-replies-sent"] },
  { object: "haUdpTunnelEnable", elsewhere: "`nat_traversal.enabled` in `check`" },
  { object: "haUdpTunnelKeepaliveInterval", elsewhere: "`nat_traversal.keepalive` in `check`" },
  { object: "haUdpTunnelForce", elsewhere: "`nat_traversal.force` in `check`" },
  { object: "haUdpTunnelEncapUnavail", counters: ["udp-encapsulation-unavailable"] },
];

/** The masks by which agents test flags are those of the tables' letters. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { HandoffFlag } from "../../shared/wire/control/low-latency-handoff.ts";
import { MultipathFlag } from "../../shared/wire/control/multipath.ts";
import { NotificationFlag } from "../../shared/wire/control/notification.ts";
import {
  RevocationAcknowledgmentFlag,
  RevocationFlag,
} from "../../shared/wire/control/revocation.ts";
import { RevocationSupportFlag } from "../../shared/wire/control/revocation-support.ts";
import {
  RouteOptimizationCapabilityFlag,
  RouteOptimizationReplyFlag,
} from "../../shared/wire/control/route-optimization-extensions.ts";
import { UdpTunnelReplyFlag, UdpTunnelRequestFlag } from "../../shared/wire/control/udp-tunnel.ts";
import { controlMessages, RequestFlag } from "../../shared/wire/control.ts";
import { controlExtensions } from "../../shared/wire/control-extensions.ts";
import { AdvertisementFlag, icmpExtensions } from "../../shared/wire/icmp/agent-discovery.ts";
import { HandoverInitiateFlag } from "../../shared/wire/icmp/fast-handover.ts";
import { icmpMessages } from "../../shared/wire/icmp.ts";
import type { CompiledLayout } from "../../shared/wire/layout.ts";

const compiled = [controlMessages, controlExtensions, icmpMessages, icmpExtensions].flatMap(
  ({ byName }) => [...byName] as [string, { readonly layout: CompiledLayout }][],
);

const MASKS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "registration-request": RequestFlag,
  "registration-revocation": RevocationFlag,
  "registration-revocation-acknowledgment": RevocationAcknowledgmentFlag,
  "handoff-request": HandoffFlag,
  "generic-notification": NotificationFlag,
  hi: HandoverInitiateFlag,
  "mobility-agent-advertisement-extension": AdvertisementFlag,
  "revocation-support-extension": RevocationSupportFlag,
  "regular-udp-tunnel-request-extension": UdpTunnelRequestFlag,
  "regular-udp-tunnel-reply-extension": UdpTunnelReplyFlag,
  "route-optimization-reply": RouteOptimizationReplyFlag,
  "mobile-router-route-optimization-capability": RouteOptimizationCapabilityFlag,
  "multipath-extension": MultipathFlag,
};

for (const [name, masks] of Object.entries(MASKS)) {
  test(`flags: the masks for ${name} are its letters' bits`, () => {
    const layout = compiled.find(([each]) => each === name)?.[1].layout;
    const shows = layout?.slots.find((slot) => slot.field.shows.kind === "flags")?.field.shows;
    assert.ok(shows?.kind === "flags", `${name} has flags`);
    const { letters } = shows;
    for (const [letter, mask] of Object.entries(masks)) {
      assert.equal(mask, 2 ** (letters.length - 1 - letters.indexOf(letter)), letter);
      assert.ok(letters.includes(letter), letter);
    }
  });
}

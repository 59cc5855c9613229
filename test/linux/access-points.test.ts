/** Wireless events of rtnetlink: a station that changes its access point and keeps its carrier. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Mac, macToBytes } from "../../shared/base/address.ts";
import { AccessPoints, accessPointOf } from "../../shared/linux/netlink/access-points.ts";
import { LinkMonitor } from "../../shared/linux/netlink/link-monitor.ts";
import {
  encodeBody,
  encodeMessage,
  fixedPart,
  LITTLE_ENDIAN,
  NLMSG_DONE,
} from "../../shared/linux/netlink/message.ts";
import { RTM } from "../../shared/linux/netlink/objects.ts";
import type { PacketIo } from "../../shared/linux/packet-io.ts";
import { until } from "./support.ts";

const A = "02:00:00:00:01:01" as Mac;
const B = "02:00:00:00:02:01" as Mac;
const NONE = "00:00:00:00:00:00" as Mac;

/** As the kernel sends it: `header` is 8 octets with 64-bit pointers, 4 with 32-bit ones. */
function event(index: number, mac: Mac, header = 8, command = 0x8b15): Uint8Array {
  const value = fixedPart(header + 16, (view) => {
    view.setUint16(0, header + 16, LITTLE_ENDIAN);
    view.setUint16(2, command, LITTLE_ENDIAN);
  });
  value.set(macToBytes(mac), header + 2);
  const fixed = fixedPart(16, (view) => view.setInt32(4, index, LITTLE_ENDIAN));
  return encodeBody(fixed, [[11, value]]);
}

test("the access point is read from kernels of 32 and 64 bits, and from no other event", () => {
  for (const header of [4, 8])
    assert.deepEqual(accessPointOf(event(7, A, header)), { index: 7, mac: A });
  assert.equal(accessPointOf(event(7, A, 8, 0x8b19)), undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
      accessPointOf(octets);
    }),
  );
});

test("another access point is a change; the first one, the same one, and none are not", () => {
  const points = new AccessPoints();
  for (const mac of [A, A, NONE, A]) points.note(event(3, mac));
  assert.equal(points.changes(3), 0);
  points.note(event(3, B));
  points.note(event(3, A));
  points.note(event(4, B));
  assert.deepEqual([points.changes(3), points.changes(4)], [2, 0]);
});

test("a link whose access point has changed counts as one whose carrier has gone", async () => {
  let tell: (message: Uint8Array) => void = () => {};
  const message = (type: number, body: Uint8Array): Uint8Array =>
    encodeMessage({ type, flags: 0, sequence: 1, body });
  const link = encodeBody(
    fixedPart(16, (view) => view.setInt32(4, 3, LITTLE_ENDIAN)),
    [[3, new TextEncoder().encode("wlan0\0")]],
  );
  const io = {
    capabilities: new Set(["netlink"]),
    openNetlink: () => ({
      request: async (asked: Uint8Array) => {
        const isLinks =
          new DataView(asked.buffer, asked.byteOffset).getUint16(4, LITTLE_ENDIAN) === RTM.getLink;
        const done = message(NLMSG_DONE, new Uint8Array(4));
        return isLinks ? [message(RTM.newLink, link), done] : [done];
      },
      onNotification: (handler: typeof tell) => {
        tell = handler;
      },
      close: () => {},
    }),
  } as unknown as PacketIo;
  const monitor = await LinkMonitor.open(io);
  const changed: string[] = [];
  monitor.onChange((name) => changed.push(name));
  assert.equal(monitor.link("wlan0")?.carrierLosses, 0);
  tell(message(RTM.newLink, event(3, A)));
  tell(message(RTM.newLink, event(3, B)));
  await until("the change", () => changed.length > 0);
  assert.deepEqual(changed, ["wlan0"]);
  assert.equal(monitor.link("wlan0")?.carrierLosses, 1);
  monitor.close();
});

/** nl80211: what the kernel says of radios, and that nothing it could say breaks anything. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Mac } from "../../shared/base/address.ts";
import { LinkMonitor } from "../../shared/linux/netlink/link-monitor.ts";
import {
  encodeBody,
  encodeMessage,
  fixedPart,
  LITTLE_ENDIAN,
  NLMSG_DONE,
  text,
} from "../../shared/linux/netlink/message.ts";
import { RTM } from "../../shared/linux/netlink/objects.ts";
import {
  decodeEvent,
  decodeFamily,
  decodeFound,
  decodePeer,
  decodeStationInterface,
  signalWatchRequest,
} from "../../shared/linux/nl80211/messages.ts";
import { Radio } from "../../shared/linux/nl80211/radio.ts";
import { NO_IO } from "../no-io.ts";
import { CAPTURED } from "./nl80211-captured.ts";
import { until } from "./support.ts";
import { connected, found, RadioKernel, roamed, scanned, signal } from "./wireless.ts";

const A = "02:00:00:00:01:01" as Mac;
const B = "02:00:00:00:02:01" as Mac;
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");

test("connections, changes, signals and scans are told apart; a connection that failed is none", () => {
  assert.deepEqual(decodeEvent(connected(3, A)), { kind: "connected", index: 3, mac: A });
  assert.deepEqual(decodeEvent(roamed(3, B)), { kind: "connected", index: 3, mac: B });
  assert.equal(decodeEvent(connected(3, A, 17)), undefined);
  assert.deepEqual(decodeEvent(scanned(4)), { kind: "scanned", index: 4 });
  const level = { kind: "signal", index: 3, level: -75 };
  assert.deepEqual(decodeEvent(signal(3, true, -75)), { ...level, isLow: true });
  assert.deepEqual(decodeEvent(signal(3, false, -75)), { ...level, isLow: false });
});

test("an access point of a scan: address, network, signal in dBm, age", () => {
  const seen = { mac: A, signal: -61, network: "mip4", age: 20 };
  const expected = { mac: A, signal: -61, network: "6d697034", age: 20, isOurs: false };
  assert.deepEqual(decodeFound(found(3, seen)), expected);
  const ours = found(3, { ...seen, isOurs: true });
  assert.deepEqual(decodeFound(ours), { ...expected, isOurs: true });
});

test("what a real kernel has sent is read", () => {
  if (!LITTLE_ENDIAN) return;
  const family = decodeFamily(CAPTURED.family);
  assert.equal(family?.id, 0x20);
  assert.deepEqual([family?.groups.get("scan"), family?.groups.get("mlme")], [10, 12]);
  assert.equal(decodeStationInterface(CAPTURED.interface), 4);
  assert.equal(decodeStationInterface(CAPTURED.device), undefined, "it has no interface");
  assert.deepEqual(decodePeer(CAPTURED.station), { mac: A, signal: -30 });
  const [ours, other] = [CAPTURED.found, CAPTURED.other].map((body) => decodeFound(body));
  const common = { network: "6d697034", signal: -30 };
  assert.deepEqual({ ...ours, age: 0 }, { ...common, mac: A, isOurs: true, age: 0 });
  assert.deepEqual({ ...other, age: 0 }, { ...common, mac: B, isOurs: false, age: 0 });
  assert.deepEqual(decodeEvent(CAPTURED.connect), { kind: "connected", index: 4, mac: B });
  assert.deepEqual(decodeEvent(CAPTURED.disconnect), { kind: "disconnected", index: 4 });
  const signalled = { kind: "signal", index: 4, isLow: false, level: -30 };
  assert.deepEqual(decodeEvent(CAPTURED.signal), signalled);
});

test("a threshold is asked for as the kernel wants it: dBm as a signed number, dB after it", () => {
  if (!LITTLE_ENDIAN) return;
  const [request, threshold, hysteresis] = [signalWatchRequest(3, -70, 4), "baffffff", "04000000"];
  assert.equal(
    hex(request),
    `3f010000${"08000300"}03000000${"14005e00"}${"08000100"}${threshold}${"08000200"}${hysteresis}`,
  );
});

test("octets that nobody sends break nothing", () => {
  const decoders = [decodeEvent, decodeFamily, decodeFound, decodePeer, decodeStationInterface];
  const samples = Object.values(CAPTURED);
  fc.assert(
    fc.property(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }),
      fc.nat(1200),
      (sample, changes, length) => {
        const octets = sample.slice(0, length);
        for (const [at, value] of changes) if (at < octets.length) octets[at] = value;
        for (const decode of decoders) decode(octets);
      },
    ),
  );
});

test("a kernel without radios, or without generic netlink, is one without radios", async () => {
  assert.equal(await Radio.open(NO_IO), undefined);
});

test("the first change after the start counts: the access point that a station has is known", async () => {
  const kernel = new RadioKernel();
  kernel.stations.set(3, A);
  const message = (type: number, body: Uint8Array): Uint8Array =>
    encodeMessage({ type, flags: 0, sequence: 1, body });
  const link = encodeBody(
    fixedPart(16, (view) => view.setInt32(4, 3, LITTLE_ENDIAN)),
    [[3, text("wlan0")]],
  );
  const monitor = await LinkMonitor.open({
    ...NO_IO,
    capabilities: new Set(["netlink"]),
    openGenericNetlink: kernel.open,
    openNetlink: () => ({
      request: async (asked) => {
        const type = new DataView(asked.buffer, asked.byteOffset).getUint16(4, LITTLE_ENDIAN);
        const done = message(NLMSG_DONE, new Uint8Array(4));
        return type === RTM.getLink ? [message(RTM.newLink, link), done] : [done];
      },
      onNotification: () => {},
      close: () => {},
    }),
  });
  const changed: string[] = [];
  monitor.onChange((name) => changed.push(name));
  assert.equal(monitor.link("wlan0")?.carrierLosses, 0);
  kernel.tell(connected(3, A));
  kernel.tell(connected(3, B));
  await until("the change", () => changed.length > 0);
  assert.equal(monitor.link("wlan0")?.carrierLosses, 1);
  monitor.close();
  assert.equal(kernel.isWatched, false);
});

/** What a notification says of a carrier counts at once, and nothing that is older than it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkMonitor } from "../../shared/linux/netlink/link-monitor.ts";
import {
  encodeBody,
  encodeMessage,
  fixedPart,
  LITTLE_ENDIAN,
  NLMSG_DONE,
  u32,
} from "../../shared/linux/netlink/message.ts";
import { RTM } from "../../shared/linux/netlink/objects.ts";
import { NO_IO } from "../no-io.ts";
import { until } from "./support.ts";

const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;

function link(isRunning: boolean, losses: number, index = 3): Uint8Array {
  const fixed = fixedPart(16, (view) => {
    view.setInt32(4, index, LITTLE_ENDIAN);
    view.setUint32(8, isRunning ? IFF_UP | IFF_RUNNING : IFF_UP, LITTLE_ENDIAN);
  });
  const name = new TextEncoder().encode("wlan0\0");
  const body = encodeBody(fixed, [
    [3, name],
    [48, u32(losses)],
  ]);
  return encodeMessage({ type: RTM.newLink, flags: 0, sequence: 1, body });
}

const DONE = encodeMessage({ type: NLMSG_DONE, flags: 0, sequence: 1, body: new Uint8Array(4) });

/** A kernel with one link, which is read only when `answer` is called. */
async function openKernel() {
  let tell: (message: Uint8Array) => void = () => {};
  let state = link(true, 4);
  let waiting: (() => void)[] = [];
  let isSlow = false;
  const request = async (asked: Uint8Array): Promise<Uint8Array[]> => {
    const type = new DataView(asked.buffer, asked.byteOffset).getUint16(4, LITTLE_ENDIAN);
    const answers = type === RTM.getLink ? [state, DONE] : [DONE];
    if (isSlow) await new Promise<void>((resolve) => waiting.push(resolve));
    return answers;
  };
  const onNotification = (handler: typeof tell) => {
    tell = handler;
  };
  const io = { ...NO_IO, capabilities: new Set(["netlink"] as const) };
  const openNetlink = () => ({ request, onNotification, close: () => {} });
  const monitor = await LinkMonitor.open({ ...io, openNetlink });
  isSlow = true;
  const seen: (boolean | undefined)[] = [];
  monitor.onChange((name) => seen.push(monitor.link(name)?.up));
  return {
    monitor,
    seen,
    tell: (message: Uint8Array) => tell(message),
    /** What a dump finds from now on. */
    become: (message: Uint8Array) => {
      state = message;
    },
    isAsked: () => waiting.length > 0,
    answer: () => {
      for (const resolve of waiting.splice(0)) resolve();
    },
    answerAll: () => {
      isSlow = false;
      for (const resolve of waiting.splice(0)) resolve();
      waiting = [];
    },
  };
}

test("a carrier that goes and comes is told before anything is read again", async () => {
  const { monitor, seen, tell } = await openKernel();
  tell(link(false, 5));
  tell(link(true, 5));
  assert.deepEqual(seen, [false, true]);
  assert.equal(monitor.link("wlan0")?.carrierLosses, 5);
  monitor.close();
});

test("a notification of what has been read already, or of another interface, says nothing", async () => {
  const { monitor, seen, tell } = await openKernel();
  tell(link(true, 4));
  tell(link(false, 4));
  tell(link(false, 3));
  tell(link(false, 5, 4));
  assert.deepEqual(seen, []);
  monitor.close();
});

test("what was read before a notification does not undo it", async () => {
  const kernel = await openKernel();
  kernel.tell(link(true, 4));
  await until("the first question", kernel.isAsked);
  kernel.tell(link(false, 5));
  kernel.become(link(false, 5));
  kernel.answerAll();
  await until("two more looks", () => !kernel.isAsked());
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(kernel.seen, [false]);
  kernel.monitor.close();
});

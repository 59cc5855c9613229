/** What a netlink socket does. The messages are built by hand; the codec has tests of its own. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { PacketIo } from "../../shared/linux/packet-io.ts";
import { ip, quiet, range, until } from "./support.ts";

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_DUMP = 0x300;
const RTMGRP_LINK = 1;
const ENODEV = 19;

/** A request about a link: struct nlmsghdr and struct ifinfomsg. */
function linkRequest(type: number, flags: number, index = 0): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setInt32(20, index, true);
  return bytes;
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset);
const typeOf = (message: Uint8Array | undefined): number =>
  message === undefined ? -1 : view(message).getUint16(4, true);
const hasName = (message: Uint8Array, name: string): boolean =>
  Buffer.from(message).includes(`${name}\0`);

export function netlinkCases(io: PacketIo): void {
  test("a dump is all its messages and the end", async () => {
    const socket = io.openNetlink(0);
    const answers = await socket.request(linkRequest(RTM_GETLINK, NLM_F_DUMP));
    assert.equal(typeOf(answers.at(-1)), NLMSG_DONE);
    const links = answers.slice(0, -1);
    assert.ok(links.every((message) => typeOf(message) === RTM_NEWLINK));
    for (const name of ["lo", "l0", "l1", "v0", "v1"]) {
      assert.ok(
        links.some((message) => hasName(message, name)),
        name,
      );
    }
    socket.close();
  });

  test("a question has one answer and an acknowledgment; a failure its error number", async () => {
    const socket = io.openNetlink(0);
    const answers = await socket.request(linkRequest(RTM_GETLINK, 0, 1));
    assert.deepEqual(answers.map(typeOf), [RTM_NEWLINK, NLMSG_ERROR]);
    assert.equal(view(answers[1] ?? new Uint8Array(20)).getInt32(16, true), 0);
    const failed = await socket.request(linkRequest(RTM_DELLINK, 0, 987_654));
    assert.deepEqual(failed.map(typeOf), [NLMSG_ERROR]);
    assert.equal(view(failed[0] ?? new Uint8Array(20)).getInt32(16, true), -ENODEV);
    socket.close();
  });

  test("requests made at once are answered each with its own answers", async () => {
    const socket = io.openNetlink(0);
    const requests = range(100).map((i) =>
      socket.request(
        i % 2 === 0 ? linkRequest(RTM_GETLINK, NLM_F_DUMP) : linkRequest(RTM_GETLINK, 0, 1),
      ),
    );
    const answers = await Promise.all(requests);
    answers.forEach((messages, i) => {
      if (i % 2 === 0) assert.equal(typeOf(messages.at(-1)), NLMSG_DONE);
      else assert.deepEqual(messages.map(typeOf), [RTM_NEWLINK, NLMSG_ERROR]);
    });
    socket.close();
  });

  test("the answer to what is no dump takes no turn of the event loop, but for many at once", async () => {
    const socket = io.openNetlink(0);
    const answered: number[] = [];
    const all = range(200).map(async (i) => {
      await socket.request(linkRequest(RTM_GETLINK, 0, 1));
      answered.push(i);
    });
    for (const _ of range(1000)) await Promise.resolve();
    assert.ok(answered.length >= 32 && answered.length <= 150, `${answered.length} at once`);
    await Promise.all(all);
    assert.deepEqual(answered, range(200));
    socket.close();
  });

  test("few requests in each turn of the event loop are never many at once", async () => {
    const socket = io.openNetlink(0);
    const late: number[] = [];
    for (const i of range(200)) {
      let isAnswered = false;
      const answer = socket.request(linkRequest(RTM_GETLINK, 0, 1)).then(() => (isAnswered = true));
      for (const _ of range(5)) await Promise.resolve();
      if (!isAnswered) late.push(i);
      await answer;
      await nextTurn();
    }
    assert.deepEqual(late, []);
    socket.close();
  });

  test("changes are notified, and none is mistaken for an answer", async () => {
    const socket = io.openNetlink(RTMGRP_LINK);
    const seen: Uint8Array[] = [];
    socket.onNotification((message) => seen.push(message));
    ip("link add n0 type veth peer name n1");
    await until("the new link", () =>
      seen.some((m) => typeOf(m) === RTM_NEWLINK && hasName(m, "n0")),
    );
    const index = Number.parseInt(ip("-o link show dev n0"), 10);
    const answers = await socket.request(linkRequest(RTM_DELLINK, 0, index));
    assert.deepEqual(answers.map(typeOf), [NLMSG_ERROR]);
    await until("its end", () => seen.some((m) => typeOf(m) === RTM_DELLINK && hasName(m, "n0")));
    socket.close();
  });

  test("close fails what waits, inside a handler too", async () => {
    const socket = io.openNetlink(RTMGRP_LINK);
    const waiting = socket.request(linkRequest(RTM_GETLINK, NLM_F_DUMP));
    socket.close();
    await assert.rejects(waiting, { code: "ECANCELED" });
    await assert.rejects(socket.request(linkRequest(RTM_GETLINK, NLM_F_DUMP)), { code: "EBADF" });
    const other = io.openNetlink(RTMGRP_LINK);
    let calls = 0;
    other.onNotification(() => {
      calls++;
      other.close();
    });
    ip("link set l0 mtu 1400");
    ip("link set l0 mtu 1500");
    await quiet();
    assert.equal(calls, 1);
  });
}

/** Datagrams of the local domain: with the owner of a socket file, and with nobody else. */

import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fillByReceive, HelperDescriptor } from "../../shared/linux/helper-socket.ts";
import { AF_UNIX, check, META, openSocket, SOCK_DGRAM } from "../../shared/linux/kernel-call.ts";
import { loadNative } from "../../shared/linux/native-loader.ts";
import type { PacketIo } from "../../shared/linux/packet-io.ts";
import { quiet, until } from "./support.ts";

const text = (octets: Uint8Array): string => new TextDecoder().decode(octets);
const octets = (value: string): Uint8Array => new TextEncoder().encode(value);

function addressOf(path: string): Uint8Array {
  return Uint8Array.of(AF_UNIX, 0, ...octets(path), 0);
}

/** As hostapd is: bound to a file, it answers whoever writes. */
class Owner extends HelperDescriptor {
  readonly heard: string[] = [];
  #last = new Uint8Array(0);

  constructor(path: string) {
    const native = loadNative();
    const fd = openSocket(native, path, [AF_UNIX, SOCK_DGRAM, 0], (open) => {
      check(native.bind(open, addressOf(path)), path);
    });
    super(native, fd, path);
    this.poll(fillByReceive(native), (batch) => {
      for (let i = 0; i < batch.count; i++) {
        const start = batch.offsets[i] ?? 0;
        this.heard.push(text(batch.slab.slice(start, start + (batch.lengths[i] ?? 0))));
        // A name that the kernel has chosen is a zero and five digits.
        this.#last = batch.meta.slice(i * META.size, i * META.size + 8);
      }
    });
  }

  answer(message: string): void {
    check(this.native.sendTo(this.fd, octets(message), this.#last, -1), "answer");
  }

  get last(): Uint8Array {
    return this.#last;
  }
}

const newPath = (): string => join(mkdtempSync(join(tmpdir(), "mip4-local-")), "owner");

export function localCases(io: PacketIo): void {
  test("what is sent reaches the owner of the file, whose answers come back as they were", async () => {
    const path = newPath();
    const owner = new Owner(path);
    const socket = io.openLocal(path);
    const heard: string[] = [];
    socket.onMessage((message) => heard.push(message === undefined ? "gone" : text(message)));
    assert.equal(socket.send(octets("ATTACH")), undefined);
    await until("the command", () => owner.heard.length === 1);
    owner.answer("OK\n");
    owner.answer("<3>AP-STA-CONNECTED 02:00:00:00:00:07");
    await until("both", () => heard.length === 2);
    assert.deepEqual(heard, ["OK\n", "<3>AP-STA-CONNECTED 02:00:00:00:00:07"]);
    socket.close();
    owner.close();
  });

  test("nobody but the owner can send to it", async () => {
    const path = newPath();
    const owner = new Owner(path);
    const stranger = new Owner(newPath());
    const socket = io.openLocal(path);
    const heard: string[] = [];
    socket.onMessage((message) => heard.push(message === undefined ? "gone" : text(message)));
    socket.send(octets("PING"));
    await until("the command", () => owner.heard.length === 1);
    const sent = stranger.native.sendTo(stranger.fd, octets("<3>AP-STA"), owner.last, -1);
    assert.ok(sent < 0, "the kernel refuses it");
    await quiet();
    assert.deepEqual(heard, []);
    for (const each of [socket, owner, stranger]) each.close();
  });

  test("an owner that has gone, or was never there, is an error by name", () => {
    const path = newPath();
    assert.throws(() => io.openLocal(path), /ENOENT/);
    const owner = new Owner(path);
    const socket = io.openLocal(path);
    owner.close();
    assert.equal(socket.send(octets("PING")), "ECONNREFUSED");
    assert.throws(() => io.openLocal(path), /ECONNREFUSED/);
    assert.throws(() => io.openLocal(`/${"x".repeat(108)}`), /ENAMETOOLONG/);
    socket.close();
  });
}

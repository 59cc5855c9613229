/** How programs are held where the kernel has no tcx links; on the real kernel, which takes root. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { Attachments } from "../../shared/linux/bpf/attachments.ts";
import { BpfCalls } from "../../shared/linux/bpf/calls.ts";
import { bpfObject } from "../../shared/linux/bpf/object-image.ts";
import { openMaps } from "../../shared/linux/bpf/open-maps.ts";
import { LITTLE_ENDIAN } from "../../shared/linux/kernel-call.ts";
import { loadNative } from "../../shared/linux/native-loader.ts";
import { Rtnetlink } from "../../shared/linux/netlink/rtnetlink.ts";
import { IoError } from "../../shared/linux/packet-io.ts";
import { choosePacketIo } from "../../shared/linux/providers.ts";
import { canLoadPrograms, inside, isInside } from "../forwarding/inside.ts";

/** BPF_MAP_TYPE_ARRAY */
const ARRAY = 2;

/** An older kernel. */
class WithoutTcx extends BpfCalls {
  override attach(): never {
    throw new IoError("EINVAL", "attaching");
  }
}

if (!isInside()) {
  const rule = "programs in a namespace of their own";
  if (canLoadPrograms()) test(rule, inside(import.meta.url, "ebpf"));
} else {
  test("before kernel 6.6 a filter holds a program: a next run puts its own in its place, and takes it away", async () => {
    const io = choosePacketIo("helper").io;
    const object = bpfObject(LITTLE_ENDIAN ? "LE" : "BE");
    assert.ok(object !== undefined);
    const calls = new WithoutTcx(loadNative());
    const maps = openMaps(calls, object.maps, ({ type }) => (type === ARRAY ? 1 : 64), undefined);
    const descriptors = new Map([...maps].map(([name, { fd }]) => [name, fd]));
    const [one, other] = object.programs.map((program) => calls.load(program, descriptors));
    const rtnetlink = Rtnetlink.open(io);
    const run = () => new Attachments({ calls, rtnetlink, pins: undefined, preference: 434 });
    const place = { ifindex: 1, hook: "ingress" } as const;
    const filters = () =>
      execFileSync("tc", ["filter", "show", "dev", "lo", "ingress"], { encoding: "utf8" });
    const first = run();
    await first.attach(place, one ?? -1, "one");
    assert.equal(first.mechanism, "clsact");
    assert.match(filters(), /protocol ip pref 434 bpf .* one direct-action/);
    first.close();
    const next = run();
    await next.attach(place, other ?? -1, "other");
    assert.match(filters(), / other direct-action/);
    assert.doesNotMatch(filters(), / one direct-action/);
    await next.keepOnly([]);
    assert.equal(filters(), "");
    rtnetlink.close();
    calls.close(one ?? -1);
    calls.close(other ?? -1);
    for (const map of maps.values()) map.close();
  });
}

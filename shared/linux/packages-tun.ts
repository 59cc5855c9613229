/**
 * TUN devices through the tuntap package: it creates the device, everything else is done on its
 * descriptor. Its own stream would block threads of libuv's pool and hang the end of the process.
 *
 * The package can neither choose a name nor make the device stay: `ip` renames it, and it goes when
 * it is closed.
 */

import { spawnSync } from "node:child_process";
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { loadTuntap } from "./packages-load.ts";
import { createBatch, HEADROOM, IoError, type PacketBatch, type TunDevice } from "./packet-io.ts";

const SLOT = 65536 + HEADROOM;

interface PipeHandle {
  open(fd: number): number;
}
interface PipeBinding {
  readonly Pipe: new (type: number) => PipeHandle;
  readonly constants: { readonly SOCKET: number };
}

/**
 * Node's pipe handle polls any descriptor, but only this deprecated binding gives a handle on one
 * that is no pipe (DEP0111). The helper provider does not need it.
 */
function pipeHandle(fd: number): PipeHandle {
  const { binding } = process as unknown as { binding(name: "pipe_wrap"): PipeBinding };
  const { Pipe, constants } = binding("pipe_wrap");
  const handle = new Pipe(constants.SOCKET);
  const status = handle.open(fd);
  if (status < 0) throw new IoError(`errno ${-status}`, "polling the TUN device");
  return handle;
}

function ip(...args: readonly string[]): { readonly ok: boolean; readonly output: string } {
  const { status, stdout, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  return {
    ok: status === 0,
    output: status === 0 ? stdout : (stderr ?? "ip cannot be run").trim(),
  };
}

function mustIp(...args: readonly string[]): string {
  const { ok, output } = ip(...args);
  if (!ok) throw new IoError("EIO", `ip ${args.join(" ")}: ${output}`);
  return output;
}

/** Gives the new device its name, MTU and state; the index is the first field of `ip -o link`. */
function configure(created: string, name: string, mtu: number): number {
  // One left behind by the helper provider; this removes nothing but a TUN device.
  if (ip("link", "show", "dev", name).ok) mustIp("tuntap", "del", "dev", name, "mode", "tun");
  mustIp("link", "set", "dev", created, "name", name);
  mustIp("link", "set", "dev", name, "mtu", String(mtu), "txqueuelen", "1000", "up");
  return Number.parseInt(mustIp("-o", "link", "show", "dev", name), 10);
}

class PackagesTun implements TunDevice {
  readonly name: string;
  readonly index: number;
  readonly #fd: number;
  readonly #handle: PipeHandle;
  #socket: Socket | undefined;
  #isClosed = false;

  constructor(fd: number, handle: PipeHandle, name: string, index: number) {
    this.#fd = fd;
    this.#handle = handle;
    this.name = name;
    this.index = index;
  }

  onPackets(handler: (batch: PacketBatch) => void): void {
    const batch = createBatch(1, SLOT);
    const buffer = batch.slab.subarray(HEADROOM);
    this.#open({
      buffer,
      callback: (octets: number) => {
        batch.count = 1;
        batch.offsets[0] = HEADROOM;
        batch.lengths[0] = octets;
        handler(batch);
        return true;
      },
    });
  }

  write(batch: PacketBatch): number {
    if (this.#isClosed) return 0;
    let taken = 0;
    for (let i = 0; i < batch.count; i++) {
      try {
        writeSync(this.#fd, batch.slab, batch.offsets[i] ?? 0, batch.lengths[i] ?? 0);
        taken++;
      } catch {
        // EIO while the device is down, EINVAL for what is no packet: not taken.
      }
    }
    return taken;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The handle owns the descriptor, and only a socket can close the handle.
    const socket = this.#socket ?? this.#open();
    socket.destroy();
  }

  #open(onread?: { buffer: Uint8Array; callback: (octets: number) => boolean }): Socket {
    const options = { handle: this.#handle, writable: false, ...(onread ? { onread } : {}) };
    const socket = new Socket(options);
    // The device was deleted: netlink tells those who care.
    socket.on("error", () => socket.destroy());
    this.#socket = socket;
    return socket;
  }
}

export function openPackagesTun(options: {
  readonly name: string;
  readonly mtu: number;
}): TunDevice {
  const { LinuxTun } = loadTuntap();
  let tun: InstanceType<typeof LinuxTun>;
  try {
    tun = new LinuxTun();
  } catch (error) {
    throw new IoError("EIO", `creating TUN device ${options.name}: ${String(error)}`);
  }
  const device = { fd: tun._fd, handle: pipeHandle(tun._fd) };
  try {
    const index = configure(tun.name, options.name, options.mtu);
    return new PackagesTun(device.fd, device.handle, options.name, index);
  } catch (error) {
    new PackagesTun(device.fd, device.handle, options.name, 0).close();
    throw error;
  }
}

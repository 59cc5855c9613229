/**
 * The packages behind the provider `packages`, found beside the running program (`node_modules` of
 * a checkout) and only when they are asked for, so that a bundle neither holds nor needs them.
 */

import { createRequire } from "node:module";
import { IoError } from "./packet-io.ts";

/** The parts of raw-socket that are used; it has no types of its own. */
export interface RawSocketModule {
  createSocket(options: { protocol: number; bufferSize: number }): RawSocket;
}

export interface RawSocket {
  /** The addon's object: its calls are synchronous, those of the outer one queue without limit. */
  readonly wrap: {
    send(
      buffer: Buffer,
      offset: number,
      length: number,
      address: string,
      sent: (octets: number) => void,
    ): void;
    recv(buffer: Buffer, received: (buffer: Buffer, octets: number) => void): void;
    on(event: "recvReady", listener: () => void): void;
    removeAllListeners(event: "recvReady"): void;
  };
  setOption(level: number, option: number, value: number): void;
  setOption(level: number, option: number, value: Buffer, length: number): void;
  pauseRecv(): void;
  resumeRecv(): void;
  on(event: "error", listener: (error: Error) => void): void;
  close(): void;
}

/** The parts of @xiaobaidadada/node-tuntap2-wintun that are used: never its stream or release(). */
export interface TuntapModule {
  readonly LinuxTun: new () => { readonly _fd: number; readonly name: string };
}

/** Loads a package. The script's own directory is where the search begins. */
function load(name: string): unknown {
  const script = process.argv[1];
  if (script === undefined)
    throw new IoError("ENOENT", `package ${name}: no script to look beside`);
  try {
    return createRequire(script)(name);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new IoError(
      "ENOENT",
      `package ${name} cannot be loaded (npm ci in a checkout builds it for this Node; ${why.replaceAll("\n", " ").slice(0, 250)})`,
    );
  }
}

export function loadRawSocket(): RawSocketModule {
  return load("raw-socket") as RawSocketModule;
}

export function loadTuntap(): TuntapModule {
  return load("@xiaobaidadada/node-tuntap2-wintun") as TuntapModule;
}

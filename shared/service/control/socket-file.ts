/** The file of a Unix socket: made with its directory, taken over from the dead, never from the living. */

import { lstatSync, mkdirSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { ask } from "./client.ts";
import { IDENTITY_QUERY } from "./protocol.ts";

const DIRECTORY_MODE = 0o755;
/** Milliseconds for a program that listens to say who it is. */
const IDENTITY_TIMEOUT_MS = 1000;

/** Makes way for a new socket at this path, or throws one sentence that says why not. */
export async function clearSocketPath(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    throw new Error(
      `control socket ${path}: there is a file that is no socket; remove it, or set control.socket`,
    );
  }
  if (await isAlive(path)) {
    const owner = await identify(path);
    throw new Error(
      `control socket ${path} belongs to ${owner}, which is running; stop it, or set control.socket`,
    );
  }
  unlinkSync(path);
}

/** Does a process listen there? Only a refused connection proves that none does. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", (error) => {
      resolve(!("code" in error && (error.code === "ECONNREFUSED" || error.code === "ENOENT")));
    });
  });
}

async function identify(path: string): Promise<string> {
  const answer = await ask(path, { query: IDENTITY_QUERY }, IDENTITY_TIMEOUT_MS);
  const result = answer.ok ? answer.value.result : undefined;
  if (typeof result !== "object" || result === null || !("program" in result))
    return "another program";
  return `${String(result.program)} (process ${String(result.pid)})`;
}

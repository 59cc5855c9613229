/** The standard network with its programs running, for one test file. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildMobileNet, type MobileNet, type MobileNetOptions } from "./mobile-net.ts";
import { type Daemon, type ProgramOptions, type Programs, startPrograms } from "./programs.ts";
import { PROJECT_ROOT } from "./root.ts";

export interface Session {
  readonly net: MobileNet;
  readonly programs: Programs;
  close(): Promise<void>;
}

export type SessionOptions = ProgramOptions &
  MobileNetOptions & {
    /** Done in the network before anything runs in it, e.g. to begin a capture. */
    readonly before?: (net: MobileNet) => Promise<void> | void;
  };

/** `MIP4_DIST` names another folder of bundles. */
const DIST = process.env.MIP4_DIST ?? join(PROJECT_ROOT, "dist");

export function bundleOf(role: "fa" | "mn" | "ha"): string {
  return join(DIST, `mip4-${role}`);
}

export async function startSession(options: SessionOptions = {}): Promise<Session> {
  const net = await buildMobileNet(options);
  try {
    await options.before?.(net);
    const programs = await startPrograms(net, { dist: DIST, ...options });
    return { net, programs, close: () => net.lab.close() };
  } catch (error) {
    await net.lab.close();
    throw error;
  }
}

/** Waits until the mobile node is registered through an agent. */
export async function registeredVia({ programs }: Session, agent: string): Promise<void> {
  await programs.waitForState("registered", agent);
}

/** Changes a daemon's file with a pattern that must be in it. */
export function editConfig({ files }: Daemon, pattern: RegExp | string, text: string): void {
  const before = readFileSync(files.config, "utf8");
  const after = before.replace(pattern, text);
  assert.notEqual(after, before, `${pattern} is not in ${files.config}`);
  writeFileSync(files.config, after);
}

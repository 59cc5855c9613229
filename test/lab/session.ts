/** The standard network with its programs running, for one test file. */

import assert from "node:assert/strict";
import { buildMobileNet, type MobileNet, type MobileNetOptions } from "./mobile-net.ts";
import { type ProgramOptions, type Programs, startPrograms } from "./programs.ts";

export interface Session {
  readonly net: MobileNet;
  readonly programs: Programs;
  /** Ends the programs if they still run, and the lab. */
  close(): Promise<void>;
}

export async function startSession(
  options: ProgramOptions & MobileNetOptions = {},
): Promise<Session> {
  const net = await buildMobileNet(options);
  try {
    const dist = process.env.MIP4_DIST;
    const programs = await startPrograms(net, { ...(dist && { dist }), ...options });
    return { net, programs, close: () => net.lab.close() };
  } catch (error) {
    await net.lab.close();
    throw error;
  }
}

/** Waits until the mobile node is registered through an agent; fails with its status. */
export async function registeredVia(session: Session, agent: string): Promise<void> {
  const status = await session.programs.waitForState("registered");
  assert.equal(status.agent, agent);
}

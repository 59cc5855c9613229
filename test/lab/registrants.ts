/** Nodes beside the mobile one, all of them at the correspondent's address, which register often. */

import { fileURLToPath } from "node:url";
import type { Host } from "./host.ts";
import { ADDRESS } from "./mobile-net.ts";
import type { LabProcess } from "./process.ts";
import { KEYS } from "./program-files.ts";
import type { RequestsJob } from "./traffic/job.ts";

const REQUESTS = fileURLToPath(new URL("./traffic/requests.js", import.meta.url));
const OTHERS = Array.from({ length: 40 }, (_, i) => `10.1.0.${100 + i}`);

/** Rows of `mobile_node`, the mobile node's own first. */
export const NODES = [ADDRESS.home, ...OTHERS].map((home) => ({
  home_address: home,
  spi: 256,
  key: KEYS.mobileNode,
}));

export interface Answer {
  readonly home: string;
  readonly code: number;
}

/** Registrations as they go. */
export class Registrants {
  readonly #process: LabProcess;

  constructor(process: LabProcess) {
    this.#process = process;
  }

  #lines(word: string): string[][] {
    const words = this.#process.stdout.map(({ text }) => text.split(" "));
    return words.filter(([first]) => first === word);
  }

  get answers(): readonly Answer[] {
    return this.#lines("answered").map(([, home = "", code]) => ({ home, code: Number(code) }));
  }

  /** The request that the last answer was for, in hex. */
  lastAnswered(): string {
    const { answers } = this;
    const home = answers.at(-1)?.home;
    const count = answers.filter((answer) => answer.home === home).length;
    return this.#lines("sent").filter((words) => words[1] === home)[count - 1]?.[2] ?? "";
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }
}

function start(from: Host, rate: number, octets?: string): LabProcess {
  const job: RequestsJob = {
    homeAgent: ADDRESS.homeAgent,
    careOfAddress: ADDRESS.correspondent,
    homeAddresses: OTHERS,
    spi: 256,
    key: KEYS.mobileNode,
    rate,
    ...(octets === undefined ? {} : { octets }),
  };
  return from.spawn([process.execPath, REQUESTS, JSON.stringify(job)], { name: "requests" });
}

/** So many requests a second. */
export function startRegistrants(from: Host, rate: number): Registrants {
  return new Registrants(start(from, rate));
}

/** Sends one request as it is; the code of its reply. */
export async function replay(from: Host, octets: string): Promise<number> {
  const process = start(from, 1, octets);
  const { text } = await process.waitForLine(/^answered/);
  await process.stop();
  return Number(text.split(" ")[2]);
}

/** Which layer a file belongs to, and what each layer may import. */

import type { Edge } from "./source-tree.ts";

export type Layer =
  | "base"
  | "wire"
  | "security"
  | "forwarding"
  | "protocol"
  | "core"
  | "linux"
  | "driver"
  | "service"
  | "program"
  | "scripts"
  | "test";

const SHARED_LAYERS = ["base", "wire", "security", "protocol", "linux", "service"] as const;

/** `undefined`: a file that has no place in the layout. */
export function layerOf(path: string): Layer | undefined {
  const [top = "", second = ""] = path.split("/");
  if (top === "test" || top === "scripts") return top;
  if (top === "fa" || top === "mn" || top === "ha") return second === "core" ? "core" : "program";
  if (top !== "shared") return undefined;
  if (second !== "forwarding") return SHARED_LAYERS.find((layer) => layer === second);
  // What forwards packets touches the kernel; what says what should be forwarded does not.
  const impure = /^shared\/forwarding\/((tun|ebpf)\/|driver\.ts$)/.test(path);
  return impure ? "driver" : "forwarding";
}

const PURE_BELOW_CORES: readonly Layer[] = ["base", "wire", "security", "forwarding", "protocol"];
const BELOW_PROGRAMS: readonly Layer[] = [...PURE_BELOW_CORES, "linux", "driver", "service"];

/** The layers of a pure machine: the simulator and the daemon run them alike. */
export const PURE_LAYERS: ReadonlySet<Layer> = new Set([...PURE_BELOW_CORES, "core"]);

const MAY_IMPORT: Readonly<Record<Layer, readonly Layer[]>> = {
  base: ["base"],
  wire: ["base", "wire"],
  security: ["base", "wire", "security"],
  forwarding: ["base", "wire", "forwarding"],
  protocol: PURE_BELOW_CORES,
  core: [...PURE_BELOW_CORES, "core"],
  linux: ["base", "wire", "forwarding", "protocol", "linux"],
  driver: ["base", "wire", "forwarding", "linux", "driver"],
  service: BELOW_PROGRAMS,
  program: [...BELOW_PROGRAMS, "core", "program"],
  // The demo runs in the lab; neither ships.
  scripts: [...BELOW_PROGRAMS, "core", "program", "scripts", "test"],
  test: [...BELOW_PROGRAMS, "core", "program", "scripts", "test"],
};

const WHY: Readonly<Record<Layer, string>> = {
  base: "plain values know nothing of what is made of them",
  wire: "the codec turns octets into messages and back; it holds no keys and has no opinions",
  security: "authenticators are computed over octets; who is served is decided above",
  forwarding: "what should be forwarded is data; how the kernel does it is a driver's business",
  protocol: "what the cores share must run in the simulator too",
  core: "a core is a pure state machine: the simulator runs the very same one",
  linux: "it carries out what is described below it, for any driver and any program",
  driver: "a driver carries out declared state; it does not know why it was declared",
  service: "the service runs any core, so it must not know a particular one",
  program: "a program is the end of the line: only tests and scripts look into it",
  scripts: "tools may use everything",
  test: "nothing that ships depends on a test",
};

/** What is wrong with an edge, or `undefined`. */
export function judgeEdge({ from, to, line }: Edge): string | undefined {
  const place = `${from}:${line}: `;
  const source = layerOf(from);
  if (source === undefined) return `${place}this file belongs to no layer`;
  if (!to.includes(".ts")) return judgePackage(place, source, to);
  const target = layerOf(to);
  if (target === undefined) return `${place}${to} belongs to no layer`;
  if (!MAY_IMPORT[source].includes(target)) {
    const why = target === "test" ? WHY.test : WHY[source];
    return `${place}${source} must not import ${target} (${to}): ${why}`;
  }
  const owned = (layer: Layer): boolean => layer === "core" || layer === "program";
  if (owned(source) && owned(target) && from.split("/")[0] !== to.split("/")[0]) {
    return `${place}programs must not import one another (${to}): what two need belongs in shared`;
  }
  return undefined;
}

function judgePackage(place: string, source: Layer, name: string): string | undefined {
  if (!PURE_LAYERS.has(source)) return undefined;
  if (source === "security" && name === "node:crypto") return undefined;
  return `${place}${source} must not import ${name}: ${WHY[source]}; pure code has no packages and no node:*, but for node:crypto in security`;
}

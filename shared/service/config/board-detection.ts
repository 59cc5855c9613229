/** Which board this is: `--board auto`. */

import { readFileSync } from "node:fs";
import type { Json, JsonObject } from "../../base/result.ts";
import { isObject } from "../json.ts";
import type { Board } from "./board.ts";

/** What a machine says about itself. */
export interface MachineFacts {
  /** Names of it, the most particular first. */
  readonly names: readonly string[];
  /** OpenWrt's /etc/board.json, if there is one. */
  readonly boardJson: Json | undefined;
}

/** OpenWrt's own name of the board, and the names that the device tree has for it. */
export function readMachineFacts(): MachineFacts {
  const openwrt = readText("/tmp/sysinfo/board_name")?.trim();
  const tree = readText("/proc/device-tree/compatible")?.split("\0") ?? [];
  const names = [openwrt ?? "", ...tree].filter((name) => name !== "");
  return { names, boardJson: readJson("/etc/board.json") };
}

function readJson(path: string): Json | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Json;
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The board whose names has one of the machine's. */
export function detectBoard(facts: MachineFacts, all: readonly Board[]): Board | undefined {
  for (const name of facts.names) {
    const board = all.find(({ about }) => about.board.names.includes(name));
    if (board !== undefined) return board;
  }
  return undefined;
}

/**
 * A board file made of OpenWrt's board.json, for boards that are not built in: the same rules by
 * which OpenWrt's config_generate writes its first /etc/config/network (LAN is always a bridge, so
 * that radios can join it; WAN is one when it has several ports).
 */
export function boardFromJson(boardJson: Json | undefined, memory: number): string | undefined {
  const network = isObject(boardJson) ? boardJson.network : undefined;
  if (!isObject(network)) return undefined;
  const lan = isObject(network.lan) ? "br-lan" : undefined;
  const wan = isObject(network.wan) ? deviceOf("wan", network.wan) : undefined;
  if (lan === undefined && wan === undefined) return undefined;
  const cpu = { x64: "x86-64", arm: "armv7" }[process.arch as string] ?? process.arch;
  const lines = [
    "[board]",
    'title = "as OpenWrt describes it"',
    `cpu = ${JSON.stringify(cpu)}`,
    `memory = ${memory}`,
  ];
  if (lan !== undefined) lines.push(...port(lan, "link", "fa"));
  if (wan !== undefined) lines.push(...port(wan, "uplink", "mn"));
  return lines.join("\n");
}

function port(name: string, role: string, program: string): string[] {
  const quoted = JSON.stringify(name);
  const medium = name.startsWith("br-") ? "bridge" : "ethernet";
  return [
    `[[port]]\nname = ${quoted}\nrole = "${role}"\nmedium = "${medium}"`,
    `[[${program}.interface]]\nname = ${quoted}`,
  ];
}

function deviceOf(name: string, part: JsonObject): string | undefined {
  if (Array.isArray(part.ports)) return `br-${name}`;
  return typeof part.device === "string" ? part.device : undefined;
}

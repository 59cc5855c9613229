/** The maps of an object: those that an earlier run pinned, with what is in them, or new ones. */

import type { BpfCalls } from "./calls.ts";
import { BpfMap } from "./map.ts";
import type { BpfMapShape } from "./object.ts";
import type { Pins } from "./pins.ts";

type Sizes = (shape: BpfMapShape) => number;

/** By name; throws an `IoError`. */
export function openMaps(
  calls: BpfCalls,
  shapes: readonly BpfMapShape[],
  sizeOf: Sizes,
  pins: Pins | undefined,
): ReadonlyMap<string, BpfMap> {
  const adopted = pins === undefined ? undefined : adopt(calls, shapes, sizeOf, pins);
  // What is of another shape, and all that refers to it, is of no use.
  if (adopted === undefined) for (const name of pins?.names() ?? []) pins?.remove(name);
  const opened = new Map<string, BpfMap>();
  for (const shape of shapes) {
    const fd = adopted?.get(shape.name) ?? calls.createMap(shape, sizeOf(shape));
    if (adopted === undefined && pins !== undefined) calls.pin(fd, pins.path(shape.name));
    opened.set(shape.name, new BpfMap(calls, fd, shape));
  }
  return opened;
}

/** All of them or none. */
function adopt(
  calls: BpfCalls,
  shapes: readonly BpfMapShape[],
  sizeOf: Sizes,
  pins: Pins,
): ReadonlyMap<string, number> | undefined {
  const adopted = new Map<string, number>();
  for (const shape of shapes) {
    const fd = calls.get(pins.path(shape.name));
    if (fd === undefined) break;
    adopted.set(shape.name, fd);
    const { type, keySize, valueSize, flags, entries } = calls.mapInfo(fd);
    const found = [type, keySize, valueSize, flags, entries].join();
    const wanted = [shape.type, shape.keySize, shape.valueSize, shape.flags, sizeOf(shape)].join();
    if (found === wanted) continue;
    calls.close(fd);
    adopted.delete(shape.name);
    break;
  }
  if (adopted.size === shapes.length) return adopted;
  for (const fd of adopted.values()) calls.close(fd);
  return undefined;
}

/**
 * bpf(2), a command a method. Attributes are written as include/uapi/linux/bpf.h has them; what is
 * left out of them is zero. Every failure is an `IoError`.
 */

import { check, LITTLE_ENDIAN } from "../kernel-call.ts";
import type { Native } from "../native-loader.ts";
import type { BpfMapShape, BpfProgram } from "./object.ts";

const COMMAND = {
  mapCreate: 0,
  lookup: 1,
  update: 2,
  delete: 3,
  load: 5,
  pin: 6,
  get: 7,
  info: 15,
  lookupBatch: 24,
  updateBatch: 26,
  deleteBatch: 27,
  linkCreate: 28,
  linkUpdate: 29,
} as const;
const PROGRAM_SCHED_CLS = 3;
const NAME = 15;
/** struct bpf_map_info begins with type, id, key and value size, entries. */
const MAP_INFO = 40;
const LICENCE = new TextEncoder().encode("GPL\0");
const LOG = 65536;

export const TCX_INGRESS = 46;
export const TCX_EGRESS = 47;

/** Attributes: where in them, and what. */
function attributes(size: number, ...fields: readonly (readonly [number, number])[]): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of fields) view.setUint32(at, value, LITTLE_ENDIAN);
  return bytes;
}

function octetsOf(path: string): Uint8Array {
  return new TextEncoder().encode(`${path}\0`);
}

export interface BatchRoom {
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  readonly count: number;
}

export class BpfCalls {
  readonly #native: Native;

  constructor(native: Native) {
    this.#native = native;
  }

  close(fd: number): void {
    this.#native.close(fd);
  }

  createMap({ name, type, keySize, valueSize, flags }: BpfMapShape, entries: number): number {
    const head = attributes(
      72,
      [0, type],
      [4, keySize],
      [8, valueSize],
      [12, entries],
      [16, flags],
    );
    head.set(new TextEncoder().encode(name.slice(0, NAME)), 28);
    return check(this.#native.bpf(COMMAND.mapCreate, head), `creating BPF map ${name}`);
  }

  /** Loads a program whose maps have these descriptors. The verifier's last words are in the error. */
  load({ name, instructions, relocations }: BpfProgram, maps: ReadonlyMap<string, number>): number {
    const code = Uint8Array.from(instructions);
    const view = new DataView(code.buffer);
    for (const { at, map } of relocations) {
      const byte = view.getUint8(at + 1);
      // BPF_PSEUDO_MAP_FD is the source register: a nibble whose place depends on the byte order.
      view.setUint8(at + 1, LITTLE_ENDIAN ? (byte & 0x0f) | 0x10 : (byte & 0xf0) | 0x01);
      view.setInt32(at + 4, maps.get(map) ?? -1, LITTLE_ENDIAN);
    }
    const head = attributes(72, [0, PROGRAM_SCHED_CLS], [4, code.length / 8]);
    head.set(new TextEncoder().encode(name.slice(0, NAME)), 48);
    const fd = this.#native.bpf(COMMAND.load, head, 8, code, 16, LICENCE);
    if (fd >= 0) return fd;
    const log = new Uint8Array(LOG);
    const view2 = new DataView(head.buffer);
    view2.setUint32(24, 1, LITTLE_ENDIAN);
    view2.setUint32(28, LOG, LITTLE_ENDIAN);
    const again = this.#native.bpf(COMMAND.load, head, 8, code, 16, LICENCE, 32, log);
    const said = new TextDecoder().decode(log.subarray(0, log.indexOf(0))).trim();
    const last = said.split("\n").slice(-3).join("; ");
    return check(again, `loading BPF program ${name}${last === "" ? "" : `: ${last}`}`);
  }

  pin(fd: number, path: string): void {
    const head = attributes(16, [8, fd]);
    check(this.#native.bpf(COMMAND.pin, head, 0, octetsOf(path)), `pinning ${path}`);
  }

  /** A descriptor of what is pinned there; `undefined`: nothing is, or nothing that we may open. */
  get(path: string): number | undefined {
    const fd = this.#native.bpf(COMMAND.get, attributes(16), 0, octetsOf(path));
    return fd < 0 ? undefined : fd;
  }

  /** What kind of map a descriptor is of. */
  mapInfo(fd: number): Omit<BpfMapShape, "name"> & { readonly entries: number } {
    const info = new Uint8Array(MAP_INFO);
    const head = attributes(16, [0, fd], [4, MAP_INFO]);
    check(this.#native.bpf(COMMAND.info, head, 8, info), "asking about a BPF map");
    const view = new DataView(info.buffer);
    const at = (octet: number): number => view.getUint32(octet, LITTLE_ENDIAN);
    return { type: at(0), keySize: at(8), valueSize: at(12), entries: at(16), flags: at(20) };
  }

  /** A negative errno, or 0. */
  update(map: number, key: Uint8Array, value: Uint8Array): number {
    return this.#native.bpf(COMMAND.update, attributes(32, [0, map]), 8, key, 16, value);
  }

  delete(map: number, key: Uint8Array): number {
    return this.#native.bpf(COMMAND.delete, attributes(32, [0, map]), 8, key);
  }

  lookup(map: number, key: Uint8Array, into: Uint8Array): number {
    return this.#native.bpf(COMMAND.lookup, attributes(32, [0, map]), 8, key, 16, into);
  }

  /** How many were done before the result, which is a negative errno or 0. */
  updateBatch(map: number, { keys, values, count }: BatchRoom): readonly [number, number] {
    const head = attributes(56, [32, count], [36, map]);
    const result = this.#native.bpf(COMMAND.updateBatch, head, 16, keys, 24, values);
    return [new DataView(head.buffer).getUint32(32, LITTLE_ENDIAN), result];
  }

  deleteBatch(map: number, { keys, count }: Omit<BatchRoom, "values">): readonly [number, number] {
    const head = attributes(56, [32, count], [36, map]);
    const result = this.#native.bpf(COMMAND.deleteBatch, head, 16, keys);
    return [new DataView(head.buffer).getUint32(32, LITTLE_ENDIAN), result];
  }

  /**
   * Reads up to `count` entries; `cursor` (4 octets or a key, whatever is longer) says where to go on
   * after the first call. With -ENOENT there are no further ones.
   */
  lookupBatch(
    map: number,
    cursor: Uint8Array,
    { keys, values, count }: BatchRoom,
    isFirst: boolean,
  ): readonly [number, number] {
    const head = attributes(56, [32, count], [36, map]);
    const into = [8, cursor, 16, keys, 24, values] as const;
    const result = isFirst
      ? this.#native.bpf(COMMAND.lookupBatch, head, ...into)
      : this.#native.bpf(COMMAND.lookupBatch, head, 0, cursor, ...into);
    return [new DataView(head.buffer).getUint32(32, LITTLE_ENDIAN), result];
  }

  /** A link holds the program where it is attached for as long as it is open or pinned. */
  attach(program: number, ifindex: number, type: number): number {
    const head = attributes(64, [0, program], [4, ifindex], [8, type]);
    return check(this.#native.bpf(COMMAND.linkCreate, head), `attaching to interface ${ifindex}`);
  }

  /** Another program in the place of the one that the link holds, at once; is the link still good? */
  replace(link: number, program: number): boolean {
    const head = attributes(16, [0, link], [4, program]);
    return this.#native.bpf(COMMAND.linkUpdate, head) === 0;
  }
}

/**
 * A compiled BPF object: the ELF file that clang writes for `-target bpfel` or `bpfeb`, as far as a
 * loader needs it. Programs are the sections `tc/NAME`; maps are the structures in section `maps`
 * (shared/bpf/kernel.h: type, key size, value size, flags).
 */

export interface BpfProgram {
  readonly name: string;
  /** Eight octets each. */
  readonly instructions: Uint8Array;
  /** Where, in octets, the number of a map's descriptor belongs into the instructions. */
  readonly relocations: readonly { readonly at: number; readonly map: string }[];
}

export interface BpfMapShape {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly flags: number;
}

export interface BpfObject {
  readonly programs: readonly BpfProgram[];
  readonly maps: readonly BpfMapShape[];
}

const MACHINE_BPF = 247;
const BIG_ENDIAN = 2;
const SECTION_HEADER = 64;
const SYMBOL = 24;
const RELOCATION = 16;
const RELOCATIONS = 9;
const SYMBOLS = 2;
const MAP = 16;
/** R_BPF_64_64: an instruction of two slots that loads 64 bits. */
const LOAD_64 = 1;
const PROGRAM = "tc/";

interface Section {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

class Reader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #isLittle: boolean;

  constructor(bytes: Uint8Array) {
    if (bytes.length < SECTION_HEADER || String.fromCharCode(...bytes.subarray(1, 4)) !== "ELF") {
      throw new Error("not an ELF file");
    }
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#isLittle = bytes[5] !== BIG_ENDIAN;
    if (bytes[4] !== 2 || this.u16(18) !== MACHINE_BPF) throw new Error("not a BPF object");
  }

  u16(at: number): number {
    return this.#view.getUint16(at, this.#isLittle);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, this.#isLittle);
  }

  u64(at: number): number {
    return Number(this.#view.getBigUint64(at, this.#isLittle));
  }

  text(at: number): string {
    const end = this.bytes.indexOf(0, at);
    return new TextDecoder().decode(this.bytes.subarray(at, end));
  }

  sections(): Section[] {
    const first = this.u64(40);
    const raw = Array.from({ length: this.u16(60) }, (_, i) => first + i * SECTION_HEADER);
    const names = this.u64((raw[this.u16(62)] ?? 0) + 24);
    return raw.map((at) => ({
      name: this.text(names + this.u32(at)),
      type: this.u32(at + 4),
      offset: this.u64(at + 24),
      size: this.u64(at + 32),
      link: this.u32(at + 40),
      info: this.u32(at + 44),
    }));
  }
}

/** Throws an Error when it is no such object, or refers to what is none of its maps. */
export function readBpfObject(bytes: Uint8Array): BpfObject {
  const reader = new Reader(bytes);
  const sections = reader.sections();
  const mapSection = sections.findIndex(({ name }) => name === "maps");
  const mapNames = namesOfMaps(reader, sections, mapSection);
  const programs = sections.flatMap((section, index) => {
    if (!section.name.startsWith(PROGRAM) || section.size === 0) return [];
    const { name, offset, size } = section;
    const relocations = sections
      .filter(({ type, info }) => type === RELOCATIONS && info === index)
      .flatMap((table) => relocationsOf(reader, sections, table, mapSection, mapNames));
    const instructions = Uint8Array.from(bytes.subarray(offset, offset + size));
    return [{ name: name.slice(PROGRAM.length), instructions, relocations }];
  });
  const { offset: first = 0 } = sections[mapSection] ?? {};
  const maps = [...mapNames].map(([value, name]) => {
    const at = first + value;
    const [type, keySize] = [reader.u32(at), reader.u32(at + 4)];
    return { name, type, keySize, valueSize: reader.u32(at + 8), flags: reader.u32(at + 12) };
  });
  return { programs, maps };
}

/** By where in their section they are. */
function namesOfMaps(
  reader: Reader,
  sections: readonly Section[],
  mapSection: number,
): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const table = sections.find(({ type }) => type === SYMBOLS);
  if (table === undefined || mapSection < 0) return names;
  const strings = sections[table.link]?.offset ?? 0;
  for (let at = table.offset; at < table.offset + table.size; at += SYMBOL) {
    const size = reader.u64(at + 16);
    if (reader.u16(at + 6) !== mapSection || size === 0) continue;
    if (size !== MAP) throw new Error(`a map of ${size} octets in section maps`);
    names.set(reader.u64(at + 8), reader.text(strings + reader.u32(at)));
  }
  return names;
}

function relocationsOf(
  reader: Reader,
  sections: readonly Section[],
  table: Section,
  mapSection: number,
  mapNames: ReadonlyMap<number, string>,
): BpfProgram["relocations"] {
  const symbols = sections[table.link]?.offset ?? 0;
  return Array.from({ length: table.size / RELOCATION }, (_, i) => {
    const at = table.offset + i * RELOCATION;
    const info = reader.u64(at + 8);
    const symbol = symbols + Math.floor(info / 2 ** 32) * SYMBOL;
    const isMap = reader.u16(symbol + 6) === mapSection && info % 2 ** 32 === LOAD_64;
    const map = isMap ? mapNames.get(reader.u64(symbol + 8)) : undefined;
    if (map === undefined) throw new Error(`a relocation at ${reader.u64(at)} to something else`);
    return { at: reader.u64(at), map };
  });
}

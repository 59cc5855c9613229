/** What a codec without tables reads and writes numbers with; values that do not fit are an error. */

const joiner = new DataView(new ArrayBuffer(8));

export function get16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function get32(bytes: Uint8Array, at: number): number {
  return ((get16(bytes, at) << 16) | get16(bytes, at + 2)) >>> 0;
}

export function get64(bytes: Uint8Array, at: number): bigint {
  joiner.setUint32(0, get32(bytes, at));
  joiner.setUint32(4, get32(bytes, at + 4));
  return joiner.getBigUint64(0);
}

function must(holds: boolean): void {
  if (!holds) throw new Error("a value that does not fit its field");
}

export function put8(bytes: Uint8Array, at: number, value: number): void {
  must((value & 0xff) === value);
  bytes[at] = value;
}

export function put16(bytes: Uint8Array, at: number, value: number): void {
  must((value & 0xffff) === value);
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function put32(bytes: Uint8Array, at: number, value: number): void {
  must(value >>> 0 === value);
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function put64(bytes: Uint8Array, at: number, value: bigint): void {
  must(BigInt.asUintN(64, value) === value);
  joiner.setBigUint64(0, value);
  put32(bytes, at, joiner.getUint32(0));
  put32(bytes, at + 4, joiner.getUint32(4));
}

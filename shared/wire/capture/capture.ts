/**
 * Capture files to packets: classic pcap and pcapng, both byte orders. Octets of any kind never
 * make it throw: what stands before the damage is returned, with where the damage is.
 */

/** One captured packet. */
export interface CapturedPacket {
  /** From 1, as capture tools count. */
  readonly number: number;
  /** Milliseconds since 1970 with fractions; `undefined` when the file has none for it. */
  readonly time: number | undefined;
  /** LINKTYPE_* value: what `bytes` begin with. */
  readonly linkType: number;
  /** Octets that the packet had; more than `bytes` has when the capture cut it. */
  readonly sent: number;
  readonly bytes: Uint8Array;
}

export interface CaptureError {
  /** Octets from the start of the file. */
  readonly offset: number;
  readonly message: string;
}

export interface Capture {
  readonly packets: readonly CapturedPacket[];
  readonly error: CaptureError | undefined;
}

const PCAP_MICROSECONDS = 0xa1b2c3d4;
const PCAP_NANOSECONDS = 0xa1b23c4d;
const PCAPNG_SECTION = 0x0a0d0d0a;
const PCAPNG_BYTE_ORDER = 0x1a2b3c4d;
const PCAP_HEADER = 24;
const PCAP_RECORD = 16;
/** pcapng: type, length, and the length once more at the end. */
const BLOCK_FRAME = 12;

/** Reads a whole capture file. */
export function readCapture(bytes: Uint8Array): Capture {
  if (bytes.length === 0)
    return { packets: [], error: { offset: 0, message: "the file is empty" } };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length >= 4) {
    if (view.getUint32(0) === PCAPNG_SECTION) return readPcapng(bytes, view);
    for (const isLittle of [true, false]) {
      const magic = view.getUint32(0, isLittle);
      if (magic === PCAP_MICROSECONDS) return readPcap(bytes, view, isLittle, 1e3);
      if (magic === PCAP_NANOSECONDS) return readPcap(bytes, view, isLittle, 1e6);
    }
  }
  return { packets: [], error: { offset: 0, message: "neither a pcap nor a pcapng file" } };
}

/** The classic format: a header, then records until the end. */
function readPcap(bytes: Uint8Array, view: DataView, little: boolean, perMs: number): Capture {
  const packets: CapturedPacket[] = [];
  const stop = (offset: number, message: string): Capture => ({
    packets,
    error: { offset, message },
  });
  if (bytes.length < PCAP_HEADER) return stop(0, "the file header is cut off");
  // The upper bits say how long a frame check sequence is.
  const linkType = view.getUint32(20, little) & 0xffff;
  let at = PCAP_HEADER;
  while (at < bytes.length) {
    if (at + PCAP_RECORD > bytes.length) return stop(at, "a record header is cut off");
    const length = view.getUint32(at + 8, little);
    const start = at + PCAP_RECORD;
    if (start + length > bytes.length) return stop(at, `a record of ${length} octets is cut off`);
    const time = view.getUint32(at, little) * 1000 + view.getUint32(at + 4, little) / perMs;
    const packet = bytes.subarray(start, start + length);
    const sent = view.getUint32(at + 12, little);
    packets.push({ number: packets.length + 1, time, linkType, sent, bytes: packet });
    at = start + length;
  }
  return { packets, error: undefined };
}

interface CaptureInterface {
  readonly linkType: number;
  /** Time units a millisecond. */
  readonly perMs: number;
}

/** pcapng: blocks; a section header sets the byte order and forgets the interfaces. */
function readPcapng(bytes: Uint8Array, view: DataView): Capture {
  const packets: CapturedPacket[] = [];
  const stop = (offset: number, message: string): Capture => ({
    packets,
    error: { offset, message },
  });
  let little = true;
  let interfaces: CaptureInterface[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + BLOCK_FRAME > bytes.length) return stop(at, "a block is cut off");
    if (view.getUint32(at) === PCAPNG_SECTION) {
      little = view.getUint32(at + 8, true) === PCAPNG_BYTE_ORDER;
      interfaces = [];
    }
    const type = view.getUint32(at, little);
    const length = view.getUint32(at + 4, little);
    const end = at + length;
    if (length < BLOCK_FRAME || length % 4 !== 0) return stop(at, `a block of ${length} octets`);
    if (end > bytes.length) return stop(at, `a block of ${length} octets is cut off`);
    const body = { view, little, start: at + 8, end: end - 4 };
    if (type === 1) {
      const described = readInterface(body);
      if (described === undefined) return stop(at, "an interface description is too short");
      interfaces.push(described);
    } else if (type === 6 || type === 3) {
      const read = type === 6 ? readEnhanced(body, interfaces) : readSimple(body, interfaces);
      if (read === undefined) return stop(at, "a packet block that does not hold together");
      const packet = bytes.subarray(read.start, read.start + read.length);
      const { from, time, sent } = read;
      const { linkType } = from;
      packets.push({ number: packets.length + 1, time, linkType, sent, bytes: packet });
    }
    at = end;
  }
  return { packets, error: undefined };
}

interface Block {
  readonly view: DataView;
  readonly little: boolean;
  readonly start: number;
  readonly end: number;
}

interface PacketBlock {
  readonly from: CaptureInterface;
  readonly time: number | undefined;
  readonly start: number;
  readonly length: number;
  readonly sent: number;
}

const OPTION_TIME_RESOLUTION = 9;

function readInterface({ view, little, start, end }: Block): CaptureInterface | undefined {
  if (start + 8 > end) return undefined;
  let perMs = 1e3;
  for (let at = start + 8; at + 4 <= end; ) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === 0 || at + 4 + length > end) break;
    if (code === OPTION_TIME_RESOLUTION && length === 1) {
      const resolution = view.getUint8(at + 4);
      const exponent = resolution & 0x7f;
      perMs = ((resolution & 0x80) === 0 ? 10 ** exponent : 2 ** exponent) / 1000;
    }
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return { linkType: view.getUint16(start, little), perMs };
}

function readEnhanced(block: Block, interfaces: CaptureInterface[]): PacketBlock | undefined {
  const { view, little, start, end } = block;
  if (start + 20 > end) return undefined;
  const from = interfaces[view.getUint32(start, little)];
  const length = view.getUint32(start + 12, little);
  if (from === undefined || start + 20 + length > end) return undefined;
  const units = view.getUint32(start + 4, little) * 2 ** 32 + view.getUint32(start + 8, little);
  const sent = view.getUint32(start + 16, little);
  return { from, time: units / from.perMs, start: start + 20, length, sent };
}

/** No time, the first interface, and as many octets as fit into the block. */
function readSimple(block: Block, interfaces: CaptureInterface[]): PacketBlock | undefined {
  const { view, little, start, end } = block;
  const from = interfaces[0];
  if (from === undefined || start + 4 > end) return undefined;
  const sent = view.getUint32(start, little);
  return { from, time: undefined, start: start + 4, length: Math.min(sent, end - start - 4), sent };
}

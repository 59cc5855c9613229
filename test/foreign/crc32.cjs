// Node for armv7 is to be had up to 20.11, and zlib.crc32 came with 20.15. Loaded before the bundle.
const zlib = require("node:zlib");

const table = Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let i = 0; i < 8; i++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  return remainder;
});

zlib.crc32 ??= (data, value = 0) => {
  let crc = ~value;
  for (const byte of Buffer.from(data)) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff];
  return ~crc >>> 0;
};

/** Return routability between mobile router and correspondent router. RFC 6521 §5.6 to §5.9. */

import type { GoldenVector } from "./vector.ts";

export const routeOptimizationMessages: readonly GoldenVector[] = [
  {
    title: "RFC 6521 §5.6: Home Test Init: the cookie follows the reserved octet [6521-5.6-01]",
    space: "control",
    hex: "18 a5 0102 03040506 0708",
    value: {
      name: "home-test-init",
      reserved: 0xa5,
      homeInitCookie: 0x0102030405060708n,
      extensions: [],
    },
    json: { home_init_cookie: "0102030405060708" },
  },
  {
    title: "RFC 6521 §5.7: Care-of Test Init: the cookie follows the reserved octet [6521-5.7-01]",
    space: "control",
    hex: "19 5a 1112 13141516 1718",
    value: {
      name: "care-of-test-init",
      reserved: 0x5a,
      careOfInitCookie: 0x1112131415161718n,
      extensions: [],
    },
    json: { care_of_init_cookie: "1112131415161718" },
  },
  {
    title: "RFC 6521 §5.8: Home Test: nonce index, cookie, token [6521-5.8-01]",
    space: "control",
    hex: `1a a5 0203
          0102030405060708
          2122232425262728`,
    value: {
      name: "home-test",
      reserved: 0xa5,
      nonceIndex: 0x203,
      homeInitCookie: 0x0102030405060708n,
      homeKeygenToken: 0x2122232425262728n,
      extensions: [],
    },
    json: { nonce_index: 0x203, home_keygen_token: "2122232425262728" },
  },
  {
    title: "RFC 6521 §5.9: Care-of Test: nonce index, cookie, token [6521-5.9-01]",
    space: "control",
    hex: `1b 00 0304
          1112131415161718
          3132333435363738`,
    value: {
      name: "care-of-test",
      reserved: 0,
      nonceIndex: 0x304,
      careOfInitCookie: 0x1112131415161718n,
      careOfKeygenToken: 0x3132333435363738n,
      extensions: [],
    },
    json: { nonce_index: 0x304, care_of_keygen_token: "3132333435363738" },
  },
];

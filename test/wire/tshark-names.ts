/** What tshark's own dissectors call the fields of the JSON form. */

import { icmpMessages } from "../../shared/wire/icmp.ts";
import type { MessageSpace } from "../../shared/wire/message.ts";

/** A field of the JSON form, dots between the levels; or all octets from an offset on, as hex. */
type Meaning = string | { readonly from: number };

export interface Names {
  /** By tshark's name of the field. */
  readonly shown: { readonly [field: string]: Meaning };
  /** Fields of the JSON form that tshark keeps to itself. */
  readonly hidden?: readonly string[];
}

const BITS_OF_REQUEST = {
  "mip.s": "flags.S",
  "mip.b": "flags.B",
  "mip.d": "flags.D",
  "mip.m": "flags.M",
  "mip.g": "flags.G",
  // Van Jacobson in RFC 2002, r since RFC 5944.
  "mip.v": "flags.r",
  "mip.t": "flags.T",
  "mip.x": "flags.x",
};

const MESSAGES: { readonly [name: string]: Names } = {
  "registration-request": {
    shown: {
      "mip.type": "type",
      ...BITS_OF_REQUEST,
      "mip.life": "lifetime",
      "mip.homeaddr": "home_address",
      "mip.haaddr": "home_agent",
      "mip.coa": "care_of_address",
      "mip.ident": "identification",
    },
  },
  "registration-reply": {
    shown: {
      "mip.type": "type",
      "mip.code": "code",
      "mip.life": "lifetime",
      "mip.homeaddr": "home_address",
      "mip.haaddr": "home_agent",
      "mip.ident": "identification",
    },
  },
  "tunnel-data": {
    shown: {
      "mip.type": "type",
      "mip.nattt.nexthdr": "next_header",
      "mip.nattt.reserved": "reserved",
    },
    // Dissected as what it is.
    hidden: ["tunnelled_packet"],
  },
  "registration-revocation": {
    shown: {
      "mip.type": "type",
      "mip.rev.reserved": "reserved",
      "mip.rev.a": "flags.A",
      "mip.rev.i": "flags.I",
      "mip.rev.reserved2": "reserved2",
      "mip.homeaddr": "home_address",
      "mip.rev.hda": "home_domain_address",
      "mip.rev.fda": "foreign_domain_address",
      "mip.revid": "revocation_identifier",
    },
  },
  "registration-revocation-acknowledgment": {
    shown: {
      "mip.type": "type",
      "mip.ack.reserved": "reserved",
      "mip.ack.i": "flags.I",
      "mip.ack.reserved2": "reserved2",
      "mip.homeaddr": "home_address",
      "mip.revid": "revocation_identifier",
    },
  },
  "router-advertisement": {
    shown: {
      "icmp.type": "type",
      "icmp.code": "code",
      "icmp.num_addrs": "num_addrs",
      "icmp.addr_entry_size": "addr_entry_size",
      "icmp.lifetime": "lifetime",
      "icmp.router_address": "router_addresses.address",
      "icmp.pref_level": "router_addresses.preference",
    },
  },
};

const HEADER = { "mip.ext.type": "type", "mip.ext.len": "length" };
const AUTHENTICATION: Names = {
  shown: { ...HEADER, "mip.auth.spi": "spi", "mip.auth.auth": "authenticator" },
};
const GENERALIZED: Names = {
  shown: { ...AUTHENTICATION.shown, "mip.ext.auth.subtype": "subtype" },
};
const NAI: Names = { shown: { ...HEADER, "mip.nai": "nai" } };
const REVOCATION_SUPPORT: Names = {
  shown: {
    ...HEADER,
    "mip.ext.rev.i": "flags.I",
    "mip.ext.rev.reserved": "reserved",
    "mip.ext.rev.tstamp": "timestamp",
  },
  hidden: ["rest"],
};
const DYNAMIC_HOME_AGENT: Names = {
  shown: { ...HEADER, "mip.ext.dynha.subtype": "subtype", "mip.ext.dynha.ha": "ha_address" },
};
const MESSAGE_STRING: Names = {
  shown: { ...HEADER, "mip.ext.msgstr.subtype": "subtype", "mip.ext.msgstr.text": { from: 3 } },
};
const TUNNEL_REQUEST: Names = {
  shown: {
    ...HEADER,
    "mip.ext.utrq.subtype": "subtype",
    "mip.ext.utrq.reserved1": "reserved1",
    "mip.ext.utrq.f": "flags.F",
    "mip.ext.utrq.r": "flags.R",
    "mip.ext.utrq.encaptype": "encapsulation",
    "mip.ext.utrq.reserved3": "reserved3",
  },
};
const TUNNEL_REPLY: Names = {
  shown: {
    ...HEADER,
    "mip.ext.utrp.subtype": "subtype",
    "mip.ext.utrp.code": "reply_code",
    "mip.ext.utrp.f": "flags.F",
    "mip.ext.utrp.keepalive": "keepalive_interval",
  },
};
const CRITICAL_VENDOR: Names = {
  shown: {
    ...HEADER,
    "mip.ext.cvse.reserved": "reserved",
    "mip.ext.cvse.vendor_id": "vendor_org_id",
    "mip.ext.cvse.vendor_type": "vendor_cvse_type",
    "mip.ext.cvse.vendor_value": { from: 10 },
    "mip.ext.cvse.3gpp2_type": "vendor_cvse_type",
    "mip.ext.cvse.3gpp2_grekey": "gre_key",
  },
};
const ENTITY = "mip.ext.nvse.3gpp2.type17";
const NORMAL_VENDOR: Names = {
  shown: {
    ...HEADER,
    "mip.ext.nvse.reserved": "reserved",
    "mip.ext.nvse.vendor_id": "vendor_org_id",
    "mip.ext.nvse.vendor_type": "vendor_nvse_type",
    "mip.ext.nvse.vendor_value": { from: 10 },
    "mip.ext.nvse.3gpp2.type": "vendor_nvse_type",
    [`${ENTITY}.entity`]: "entity_type",
    [`${ENTITY}.subtype1`]: "primary_subtype",
    [`${ENTITY}.prim_dns`]: "primary_dns",
    [`${ENTITY}.subtype2`]: "secondary_subtype",
    [`${ENTITY}.sec_dns`]: "secondary_dns",
  },
  // One name in tshark for both.
  hidden: ["primary_length", "secondary_length"],
};
const PROXY: Names = {
  shown: {
    ...HEADER,
    "mip.ext.pmipv4nonskipext.subtype": "subtype",
    "mip.ext.pmipv4nonskipext.pernodeauthmethod": "method",
    "mip.ext.pmipv4skipext.subtype": "subtype",
    "mip.ext.pmipv4skipext.interfaceid": "identifier",
    "mip.ext.pmipv4skipext.deviceid_type": "id_type",
    "mip.ext.pmipv4skipext.deviceid_id": "identifier",
    "mip.ext.pmipv4skipext.subscriberid_type": "id_type",
    "mip.ext.pmipv4skipext.accesstechnology_type": "tech_type",
  },
};
const MOBILE_NETWORK: Names = {
  shown: {
    ...HEADER,
    "mip.ext.mne.subtype": "subtype",
    "mip.ext.mne.code": "code",
    "mip.ext.mne.prefix_length": "prefix_length",
    "mip.ext.mne.reserved": "reserved",
    "mip.ext.mne.prefix": "prefix",
  },
};
/** The data as it is. */
const RAW: Names = { shown: { ...HEADER, "mip.extension": { from: 2 } } };

const BY_TYPE: { readonly [type: number]: Names } = {
  32: AUTHENTICATION,
  33: AUTHENTICATION,
  34: AUTHENTICATION,
  36: GENERALIZED,
  38: CRITICAL_VENDOR,
  44: TUNNEL_REPLY,
  47: PROXY,
  131: NAI,
  134: NORMAL_VENDOR,
  137: REVOCATION_SUPPORT,
  139: DYNAMIC_HOME_AGENT,
  144: TUNNEL_REQUEST,
  145: MESSAGE_STRING,
  147: PROXY,
  148: MOBILE_NETWORK,
};

const ICMP_HEADER = { "icmp.mip.type": "type", "icmp.mip.length": "length" };
const ICMP_BY_TYPE: { readonly [type: number]: Names } = {
  0: { shown: ICMP_HEADER },
  16: {
    shown: {
      ...ICMP_HEADER,
      "icmp.mip.seq": "sequence_number",
      "icmp.mip.life": "registration_lifetime",
      "icmp.mip.r": "flags.R",
      "icmp.mip.b": "flags.B",
      "icmp.mip.h": "flags.H",
      "icmp.mip.f": "flags.F",
      "icmp.mip.m": "flags.M",
      "icmp.mip.g": "flags.G",
      "icmp.mip.v": "flags.r",
      "icmp.mip.rt": "flags.T",
      "icmp.mip.u": "flags.U",
      "icmp.mip.x": "flags.X",
      "icmp.mip.coa": "care_of_addresses",
    },
    // tshark knows nothing of RFC 4857.
    hidden: ["flags.I"],
  },
  19: { shown: { ...ICMP_HEADER, "icmp.mip.prefixlength": "prefix_lengths" } },
  24: { shown: { ...ICMP_HEADER, "icmp.mip.challenge": "challenge" } },
};

/** The extensions of ICMP that tshark knows. */
export const KNOWN_IN_ICMP = Object.keys(ICMP_BY_TYPE).map(Number);

export function namesOfMessage(name: string): Names | undefined {
  return MESSAGES[name];
}

/** `type`: of an extension that is not left out. */
export function namesOfExtension(space: MessageSpace, type: number): Names {
  return (space === icmpMessages ? ICMP_BY_TYPE[type] : BY_TYPE[type]) ?? RAW;
}

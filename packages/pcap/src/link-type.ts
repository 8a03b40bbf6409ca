/**
 * LINKTYPE numbers as tcpdump.org lists them; DLT numbers that reach files on some systems are named too.
 */
export const LINKTYPE = {
  NULL: 0,
  ETHERNET: 1,
  AX25: 3,
  IEEE802_5: 6,
  ARCNET_BSD: 7,
  SLIP: 8,
  PPP: 9,
  FDDI: 10,
  /** DLT_RAW where the system's own number went into the file. */
  DLT_RAW: 12,
  /** DLT_RAW of OpenBSD. */
  DLT_RAW_OPENBSD: 14,
  PPP_HDLC: 50,
  PPP_ETHER: 51,
  ATM_RFC1483: 100,
  RAW: 101,
  C_HDLC: 104,
  IEEE802_11: 105,
  FRELAY: 107,
  LOOP: 108,
  LINUX_SLL: 113,
  PFLOG: 117,
  IEEE802_11_PRISM: 119,
  IEEE802_11_RADIOTAP: 127,
  ARCNET_LINUX: 129,
  LINUX_IRDA: 144,
  BLUETOOTH_HCI_H4: 187,
  USB_LINUX: 189,
  PPI: 192,
  IEEE802_15_4_WITHFCS: 195,
  IPV4: 228,
  IPV6: 229,
  IEEE802_15_4_NOFCS: 230,
  NFLOG: 239,
  BLUETOOTH_LE_LL: 251,
  NETLINK: 253,
  PKTAP: 258,
  VSOCK: 271,
  LINUX_SLL2: 276,
} as const;

const NAMES: ReadonlyMap<number, string> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ Object.entries(LINKTYPE).map(([name, number]) => [number, name]),
);

/** Name of a LINKTYPE number, `147` as text for one without a name here. */
export function formatLinkType(linkType: number): string {
  return NAMES.get(linkType) ?? String(linkType);
}

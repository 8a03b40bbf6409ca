/**
 * IEEE 802.2 LLC and SNAP: what follows the length field of an 802.3 frame.
 * @module
 */

/** Sub-Network Access Protocol: an organisation, and a protocol number of its own. */
export interface Snap {
  /** Organisation, u24; 0 = `pid` is an EtherType (RFC 1042). */
  oui: number;
  /** Protocol, u16. */
  pid: number;
}

/** An LLC header: two service access points, a control field of one or two bytes, SNAP after aa/aa/03. */
export interface Llc {
  /** Destination SAP, u8. */
  dsap: number;
  /** Source SAP, u8. */
  ssap: number;
  /**
   * Control, u8 for unnumbered frames (low two bits 11), u16 for the others: the first byte is the low one, as 802.2
   * numbers the bits. Novell's raw frames (dsap and ssap 0xff) have none on the wire: 0.
   */
  control: number;
  /** `null` in every header but aa/aa/03. */
  snap: Snap | null;
}

/** SAP of SNAP. */
export const SAP_SNAP = 0xaa;
/** What begins Novell's raw 802.3 frames, twice: the IPX checksum that is never computed. */
export const SAP_RAW = 0xff;
/** Unnumbered Information. */
export const CONTROL_UI = 0x03;

const SNAP_SAPS = 0xaaaa;
const RAW_SAPS = 0xffff;

/** Whether the LLC header is Novell's raw 802.3: no control field, and its two bytes are the start of an IPX header. */
export function isRaw(llc: Llc): boolean {
  return llc.dsap === SAP_RAW && llc.ssap === SAP_RAW;
}

/** Whether the SAPs and the control field are those in front of a SNAP header: aa/aa/03. */
export function isSnap({ dsap, ssap, control }: Llc): boolean {
  return dsap === SAP_SNAP && ssap === SAP_SNAP && control === CONTROL_UI;
}

/** Bytes of an LLC header on the wire: 2, 3, 4 or 8. */
export function llcSize(llc: Llc): number {
  const control = isRaw(llc) ? 0 : (llc.control & 3) === 3 ? 1 : 2;
  return 2 + control + (llc.snap === null ? 0 : 5);
}

/** Bytes of the LLC header at `at` as far as those before `end` tell: more than there are when it goes on. */
export function llcExtent(view: DataView, at: number, end: number): number {
  if (at + 2 > end) return 2;
  const saps = view.getUint16(at);
  if (saps === RAW_SAPS) return 2;
  if (at + 3 > end) return 3;
  const control = view.getUint8(at + 2);
  if ((control & 3) !== 3) return 4;
  return saps === SNAP_SAPS && control === CONTROL_UI ? 8 : 3;
}

/** The EtherType of a SNAP header that has one: RFC 1042 encapsulation; else 0. */
export function snapProtocol(view: DataView, at: number, end: number): number {
  if (llcExtent(view, at, end) !== 8) return 0;
  const rfc1042 = view.getUint8(at + 3) === 0 && view.getUint16(at + 4) === 0;
  return rfc1042 ? view.getUint16(at + 6) : 0;
}

/** Reads an LLC header that is there. */
export function readLlc(view: DataView, at: number): Llc {
  const dsap = view.getUint8(at);
  const ssap = view.getUint8(at + 1);
  const size = llcExtent(view, at, view.byteLength);
  if (size === 2) return { dsap, ssap, control: 0, snap: null };
  if (size === 4) return { dsap, ssap, control: view.getUint16(at + 2, true), snap: null };
  const snap =
    size === 8
      ? { oui: view.getUint8(at + 3) * 0x1_0000 + view.getUint16(at + 4), pid: view.getUint16(at + 6) }
      : null;
  return { dsap, ssap, control: view.getUint8(at + 2), snap };
}

/** Writes {@link llcSize} bytes. */
export function writeLlc(view: DataView, at: number, llc: Llc): void {
  view.setUint8(at, llc.dsap);
  view.setUint8(at + 1, llc.ssap);
  const { snap } = llc;
  const size = llcSize(llc) - (snap === null ? 0 : 5);
  if (size === 3) view.setUint8(at + 2, llc.control);
  if (size === 4) view.setUint16(at + 2, llc.control, true);
  if (snap === null) return;
  view.setUint8(at + size, snap.oui >> 16);
  view.setUint16(at + size + 1, snap.oui & 0xffff);
  view.setUint16(at + size + 3, snap.pid);
}

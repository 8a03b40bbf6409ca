/**
 * Descriptors read and written where they lie, for the packet path: no object, one view for the ring's whole life. The
 * command, status and option bits are those of `bits.ts`.
 * @module
 */
import { CMD, DTYP_CONTEXT, DTYP_DATA, TX_STATUS } from './bits.ts';

/** Low half of the buffer address, as int32. */
export function addressLow(view: DataView, at: number): number {
  return view.getInt32(at, true);
}

/** High half of the buffer address, as int32: the window. */
export function addressHigh(view: DataView, at: number): number {
  return view.getInt32(at + 4, true);
}

/** CMD, DCMD or TUCMD of a transmit descriptor. */
export function command(view: DataView, at: number): number {
  return view.getUint8(at + 11);
}

/** Bytes in the buffer of a transmit descriptor: LENGTH, or DTALEN where DEXT is set. */
export function bufferLength(view: DataView, at: number): number {
  return (command(view, at) & CMD.DEXT) === 0
    ? view.getUint16(at + 8, true)
    : view.getInt32(at + 8, true) & 0xf_ffff;
}

/** The VLAN tag of a legacy transmit, a data or a receive descriptor. */
export function special(view: DataView, at: number): number {
  return view.getUint16(at + 14, true);
}

/** Whether DD is set: of transmit and receive descriptors alike. */
export function isDone(view: DataView, at: number): boolean {
  return (view.getUint8(at + 12) & TX_STATUS.DD) !== 0;
}

/** Writes a legacy transmit descriptor without checksum insertion. */
export function writeTxLegacy(
  view: DataView,
  at: number,
  window: number,
  offset: number,
  length: number,
  cmd: number,
  tag: number,
): void {
  view.setInt32(at, offset, true);
  view.setInt32(at + 4, window, true);
  view.setInt32(at + 8, (cmd << 24) | length, true);
  view.setInt32(at + 12, tag << 16, true);
}

/** Writes a data descriptor; DEXT and DTYP are added. */
export function writeTxData(
  view: DataView,
  at: number,
  window: number,
  offset: number,
  length: number,
  dcmd: number,
  popts: number,
  tag: number,
): void {
  view.setInt32(at, offset, true);
  view.setInt32(at + 4, window, true);
  view.setInt32(at + 8, ((dcmd | CMD.DEXT) << 24) | (DTYP_DATA << 20) | length, true);
  view.setInt32(at + 12, (tag << 16) | (popts << 8), true);
}

/** Writes the checksum half of a context descriptor. IPCSE is the last byte of the IP header; TUCSE stays 0, to the end. */
export function writeContextSums(
  view: DataView,
  at: number,
  ipcss: number,
  ipcso: number,
  ipcse: number,
  tucss: number,
  tucso: number,
): void {
  view.setInt32(at, (ipcse << 16) | (ipcso << 8) | ipcss, true);
  view.setInt32(at + 4, (tucso << 8) | tucss, true);
}

/** Writes the segmentation half of a context descriptor; DEXT and DTYP are added. */
export function writeContextSize(
  view: DataView,
  at: number,
  tucmd: number,
  paylen: number,
  hdrlen: number,
  mss: number,
): void {
  view.setInt32(at + 8, ((tucmd | CMD.DEXT) << 24) | (DTYP_CONTEXT << 20) | paylen, true);
  view.setInt32(at + 12, (mss << 16) | (hdrlen << 8), true);
}

/** Sets DD of a transmit descriptor and keeps its other bits. */
export function writeBackTx(view: DataView, at: number): void {
  view.setUint8(at + 12, view.getUint8(at + 12) | TX_STATUS.DD);
}

/** Writes a receive descriptor as the driver posts it: an address, and everything else clear. */
export function writeRxBuffer(view: DataView, at: number, window: number, offset: number): void {
  view.setInt32(at, offset, true);
  view.setInt32(at + 4, window, true);
  view.setInt32(at + 8, 0, true);
  view.setInt32(at + 12, 0, true);
}

/** Writes the device's half of a receive descriptor. */
export function writeBackRx(
  view: DataView,
  at: number,
  length: number,
  checksum: number,
  status: number,
  errors: number,
  tag: number,
): void {
  view.setInt32(at + 8, (checksum << 16) | length, true);
  view.setInt32(at + 12, (tag << 16) | (errors << 8) | status, true);
}

/** Bytes the device wrote to the buffer of a receive descriptor. */
export function rxLength(view: DataView, at: number): number {
  return view.getUint16(at + 8, true);
}

/** Packet checksum of a receive descriptor. */
export function rxChecksum(view: DataView, at: number): number {
  return view.getUint16(at + 10, true);
}

/** Status bits of a receive descriptor. */
export function rxStatus(view: DataView, at: number): number {
  return view.getUint8(at + 12);
}

/** Error bits of a receive descriptor. */
export function rxErrors(view: DataView, at: number): number {
  return view.getUint8(at + 13);
}

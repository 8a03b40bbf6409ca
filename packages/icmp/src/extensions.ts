/**
 * Extension structures: RFC 4884 §7, with the objects of RFC 4950 (MPLS labels) and RFC 8335 (interface identification).
 * @module
 */
import { requireRange, viewOf } from '@stack/skbuff';
import { csumFold, csumPartial } from '@stack/skbuff/checksum';
import { EXTENSION_HLEN, EXTENSION_VERSION } from './quote.ts';

/** Class-Num of an MPLS label stack, RFC 4950. */
export const CLASS_MPLS_LABEL_STACK = 1;
/** Class-Num of interface information, RFC 5837. */
export const CLASS_INTERFACE_INFORMATION = 2;
/** Class-Num of interface identification, RFC 8335. */
export const CLASS_INTERFACE_IDENTIFICATION = 3;

/** Bytes in an object's header. */
const OBJECT_HLEN = 4;

/** An object: what its class knows, and nothing is lost of one that is not known. */
export interface ExtensionObject {
  /** Class-Num, u8. */
  classNum: number;
  /** C-Type, u8: the class's. */
  cType: number;
  /** Object payload; a copy. */
  data: Uint8Array;
}

/** An extension structure, in wire order. */
export interface Extensions {
  /** Version, 4 bits: 2. */
  version: number;
  /** Reserved, 12 bits: sent as zero. */
  reserved: number;
  /** Checksum, u16, over the structure; 0 = none. */
  check: number;
  objects: ExtensionObject[];
  /** From the first object on whose length cannot be, to the end; empty in what is well formed. A copy. */
  malformed: Uint8Array;
}

/** One entry of an MPLS label stack, RFC 3032. */
export interface MplsLabel {
  /** Label, 20 bits. */
  label: number;
  /** Traffic class, 3 bits (RFC 5462); was EXP. */
  tc: number;
  /** Bottom of stack, 1 bit. */
  bottom: number;
  /** Time to live, u8. */
  ttl: number;
}

/** The structure that fills [at, end): at least four bytes. */
export function readExtensions(view: DataView, at: number, end: number): Extensions {
  const word = view.getUint16(at);
  const objects: ExtensionObject[] = [];
  let next = at + EXTENSION_HLEN;
  while (end - next >= OBJECT_HLEN) {
    const length = view.getUint16(next);
    if (length < OBJECT_HLEN || length > end - next) break;
    objects.push({
      classNum: view.getUint8(next + 2),
      cType: view.getUint8(next + 3),
      data: copy(view, next + OBJECT_HLEN, next + length),
    });
    next += length;
  }
  return {
    version: word >>> 12,
    reserved: word & 0xfff,
    check: view.getUint16(at + 2),
    objects,
    malformed: copy(view, next, end),
  };
}

/** A structure of `objects`, its checksum computed. */
export function extensionsOf(objects: ExtensionObject[]): Extensions {
  const structure: Extensions = {
    version: EXTENSION_VERSION,
    reserved: 0,
    check: 0,
    objects,
    malformed: new Uint8Array(0),
  };
  const bytes = new Uint8Array(extensionsSize(structure));
  const view = viewOf(bytes);
  writeExtensions(view, bytes, 0, structure);
  structure.check = csumFold(csumPartial(view, 0, bytes.length));
  return structure;
}

/** Bytes of a structure. */
export function extensionsSize(extensions: Extensions): number {
  let size = EXTENSION_HLEN + extensions.malformed.length;
  for (const { data } of extensions.objects) size += OBJECT_HLEN + data.length;
  return size;
}

/** Whether the checksum of the structure that fills [at, end) is right, or was not computed (RFC 4884 §7). */
export function verifyExtensions(view: DataView, at: number, end: number): boolean {
  return view.getUint16(at + 2) === 0 || csumPartial(view, at, end - at) === 0xffff;
}

/** The label stack in an object; `undefined` if it holds none. */
export function readLabelStack(object: ExtensionObject): MplsLabel[] | undefined {
  const { classNum, cType, data } = object;
  if (classNum !== CLASS_MPLS_LABEL_STACK || cType !== 1 || data.length % 4 !== 0) return undefined;
  const labels: MplsLabel[] = [];
  for (let i = 0; i < data.length; i += 4) {
    const [high = 0, middle = 0, low = 0, ttl = 0] = data.subarray(i, i + 4);
    labels.push({
      label: (high << 12) | (middle << 4) | (low >> 4),
      tc: (low >> 1) & 7,
      bottom: low & 1,
      ttl,
    });
  }
  return labels;
}

/** An object with a label stack: class 1, type 1. @throws RangeError if a field does not fit. */
export function labelStack(labels: readonly MplsLabel[]): ExtensionObject {
  const data = new Uint8Array(labels.length * 4);
  labels.forEach(({ label, tc, bottom, ttl }, i) => {
    requireRange('icmp', 'label', label, 0xf_ffff);
    requireRange('icmp', 'tc', tc, 7);
    requireRange('icmp', 'bottom', bottom, 1);
    requireRange('icmp', 'ttl', ttl, 0xff);
    data.set([label >> 12, (label >> 4) & 0xff, ((label & 0x0f) << 4) | (tc << 1) | bottom, ttl], i * 4);
  });
  return { classNum: CLASS_MPLS_LABEL_STACK, cType: 1, data };
}

/** Writes a structure at `at`, every field as given. @internal */
export function writeExtensions(view: DataView, bytes: Uint8Array, at: number, extensions: Extensions): void {
  view.setUint16(at, (extensions.version << 12) | extensions.reserved);
  view.setUint16(at + 2, extensions.check);
  let next = at + EXTENSION_HLEN;
  for (const { classNum, cType, data } of extensions.objects) {
    view.setUint16(next, OBJECT_HLEN + data.length);
    view.setUint8(next + 2, classNum);
    view.setUint8(next + 3, cType);
    bytes.set(data, next + OBJECT_HLEN);
    next += OBJECT_HLEN + data.length;
  }
  bytes.set(extensions.malformed, next);
}

/** @throws RangeError for what has no place on the wire. @internal */
export function checkExtensionRanges(extensions: Extensions): void {
  requireRange('icmp', 'version', extensions.version, 0x0f);
  requireRange('icmp', 'reserved', extensions.reserved, 0xfff);
  requireRange('icmp', 'check', extensions.check, 0xffff);
  for (const { classNum, cType, data } of extensions.objects) {
    requireRange('icmp', 'classNum', classNum, 0xff);
    requireRange('icmp', 'cType', cType, 0xff);
    requireRange('icmp', 'object length', data.length, 0xffff - OBJECT_HLEN);
  }
}

function copy(view: DataView, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from);
  for (let i = 0; i < bytes.length; i++) bytes[i] = view.getUint8(from + i);
  return bytes;
}

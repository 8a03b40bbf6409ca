/**
 * `encode` and `decode` of one DMA descriptor.
 * @module
 */
import { viewOf, WireError } from '@stack/skbuff';
import { CMD, DTYP_CONTEXT, DTYP_DATA } from './bits.ts';
import { type Descriptor, type DescriptorOf, HLEN, type Kind } from './descriptor.ts';

/** Why {@link check} refuses bytes. */
export type DescriptorDrop = 'NIC_DESC_TRUNCATED' | 'NIC_DESC_KIND';

// Fields that more than one layout has, in wire order.
const LOW = 0;
const HIGH = 4;
const LENGTH = 8;
const COMMAND = 11;

/** Which transmit descriptor lies at `at`; `undefined` for a DTYP that means nothing. */
export function kindOf(view: DataView, at: number): 'tx-legacy' | 'tx-context' | 'tx-data' | undefined {
  if ((view.getUint8(at + COMMAND) & CMD.DEXT) === 0) return 'tx-legacy';
  const dtyp = view.getUint8(at + 10) >> 4;
  return dtyp === DTYP_CONTEXT ? 'tx-context' : dtyp === DTYP_DATA ? 'tx-data' : undefined;
}

/** Whether the bytes [at, end) hold a descriptor of this kind. Total: never throws. */
export function check(view: DataView, at: number, end: number, kind: Kind): DescriptorDrop | undefined {
  if (end - at < HLEN) return 'NIC_DESC_TRUNCATED';
  return kind === 'rx-legacy' || kindOf(view, at) === kind ? undefined : 'NIC_DESC_KIND';
}

/**
 * Reads the descriptor at `offset`. @throws WireError `NIC_DESC_TRUNCATED` at the end of the bytes, or `NIC_DESC_KIND` at the
 * byte that says it is another one. @throws RangeError for a kind that is none.
 */
export function decode<K extends Kind>(bytes: Uint8Array, kind: K, offset = 0): DescriptorOf<K> {
  if (!Object.hasOwn(FIELD_MAX, kind)) throw noKind(kind);
  const view = viewOf(bytes);
  const drop = check(view, offset, bytes.byteLength, kind);
  if (drop === 'NIC_DESC_TRUNCATED') {
    throw new WireError(
      drop,
      bytes.byteLength,
      `nic: ${bytes.byteLength - offset} of ${HLEN} bytes of a descriptor`,
    );
  }
  if (drop !== undefined) throw new WireError(drop, offset + COMMAND, `nic: not a ${kind} descriptor`);
  return read(view, offset, kind);
}

/** Reads a descriptor that passed {@link check}. */
export function read<K extends Kind>(view: DataView, at: number, kind: K): DescriptorOf<K> {
  return readAny(view, at, kind) as DescriptorOf<K>;
}

function readAny(view: DataView, at: number, kind: Kind): Descriptor {
  switch (kind) {
    case 'tx-legacy':
      return {
        kind,
        addressLow: view.getUint32(at + LOW, true),
        addressHigh: view.getUint32(at + HIGH, true),
        length: view.getUint16(at + LENGTH, true),
        cso: view.getUint8(at + 10),
        cmd: view.getUint8(at + COMMAND),
        sta: view.getUint8(at + 12) & 0xf,
        rsv: view.getUint8(at + 12) >> 4,
        css: view.getUint8(at + 13),
        special: view.getUint16(at + 14, true),
      };
    case 'rx-legacy':
      return {
        kind,
        addressLow: view.getUint32(at + LOW, true),
        addressHigh: view.getUint32(at + HIGH, true),
        length: view.getUint16(at + LENGTH, true),
        checksum: view.getUint16(at + 10, true),
        status: view.getUint8(at + 12),
        errors: view.getUint8(at + 13),
        special: view.getUint16(at + 14, true),
      };
    case 'tx-context':
      return {
        kind,
        ipcss: view.getUint8(at),
        ipcso: view.getUint8(at + 1),
        ipcse: view.getUint16(at + 2, true),
        tucss: view.getUint8(at + 4),
        tucso: view.getUint8(at + 5),
        tucse: view.getUint16(at + 6, true),
        paylen: view.getUint32(at + LENGTH, true) & 0xf_ffff,
        tucmd: view.getUint8(at + COMMAND),
        sta: view.getUint8(at + 12) & 0xf,
        rsv: view.getUint8(at + 12) >> 4,
        hdrlen: view.getUint8(at + 13),
        mss: view.getUint16(at + 14, true),
      };
    case 'tx-data':
      return {
        kind,
        addressLow: view.getUint32(at + LOW, true),
        addressHigh: view.getUint32(at + HIGH, true),
        dtalen: view.getUint32(at + LENGTH, true) & 0xf_ffff,
        dcmd: view.getUint8(at + COMMAND),
        sta: view.getUint8(at + 12) & 0xf,
        rsv: view.getUint8(at + 12) >> 4,
        popts: view.getUint8(at + 13),
        special: view.getUint16(at + 14, true),
      };
  }
}

/**
 * Writes all sixteen bytes of a descriptor, as given, and returns the array: `into`, or a fresh one of offset + 16 bytes.
 * DTYP follows from `kind`. @throws RangeError, and nothing written, if `into` is too short or a field out of its range.
 */
export function encode(descriptor: Descriptor, into?: Uint8Array, offset = 0): Uint8Array {
  checkRanges(descriptor);
  const bytes = into ?? new Uint8Array(offset + HLEN);
  if (offset + HLEN > bytes.byteLength) {
    throw new RangeError(`nic: a descriptor at ${offset} does not fit ${bytes.byteLength} bytes`);
  }
  write(viewOf(bytes), offset, descriptor);
  return bytes;
}

function write(view: DataView, at: number, d: Descriptor): void {
  if (d.kind === 'tx-context') {
    view.setUint8(at, d.ipcss);
    view.setUint8(at + 1, d.ipcso);
    view.setUint16(at + 2, d.ipcse, true);
    view.setUint8(at + 4, d.tucss);
    view.setUint8(at + 5, d.tucso);
    view.setUint16(at + 6, d.tucse, true);
    view.setUint32(at + LENGTH, (d.tucmd << 24) | (DTYP_CONTEXT << 20) | d.paylen, true);
    view.setUint8(at + 12, (d.rsv << 4) | d.sta);
    view.setUint8(at + 13, d.hdrlen);
    view.setUint16(at + 14, d.mss, true);
    return;
  }
  view.setUint32(at + LOW, d.addressLow, true);
  view.setUint32(at + HIGH, d.addressHigh, true);
  view.setUint16(at + 14, d.special, true);
  if (d.kind === 'tx-data') {
    view.setUint32(at + LENGTH, (d.dcmd << 24) | (DTYP_DATA << 20) | d.dtalen, true);
    view.setUint8(at + 12, (d.rsv << 4) | d.sta);
    view.setUint8(at + 13, d.popts);
  } else if (d.kind === 'tx-legacy') {
    view.setUint16(at + LENGTH, d.length, true);
    view.setUint8(at + 10, d.cso);
    view.setUint8(at + COMMAND, d.cmd);
    view.setUint8(at + 12, (d.rsv << 4) | d.sta);
    view.setUint8(at + 13, d.css);
  } else {
    view.setUint16(at + LENGTH, d.length, true);
    view.setUint16(at + 10, d.checksum, true);
    view.setUint8(at + 12, d.status);
    view.setUint8(at + 13, d.errors);
  }
}

const U4 = 0xf;
const U8 = 0xff;
const U16 = 0xffff;
const U20 = 0xf_ffff;
const U32 = 0xffff_ffff;

/** The largest value of every field, by kind; the order is that of the wire. */
export const FIELD_MAX: Readonly<Record<Kind, Readonly<Record<string, number>>>> = {
  'tx-legacy': {
    addressLow: U32,
    addressHigh: U32,
    length: U16,
    cso: U8,
    cmd: U8,
    sta: U4,
    rsv: U4,
    css: U8,
    special: U16,
  },
  'rx-legacy': {
    addressLow: U32,
    addressHigh: U32,
    length: U16,
    checksum: U16,
    status: U8,
    errors: U8,
    special: U16,
  },
  'tx-context': {
    ipcss: U8,
    ipcso: U8,
    ipcse: U16,
    tucss: U8,
    tucso: U8,
    tucse: U16,
    paylen: U20,
    tucmd: U8,
    sta: U4,
    rsv: U4,
    hdrlen: U8,
    mss: U16,
  },
  'tx-data': {
    addressLow: U32,
    addressHigh: U32,
    dtalen: U20,
    dcmd: U8,
    sta: U4,
    rsv: U4,
    popts: U8,
    special: U16,
  },
};

function checkRanges(descriptor: Descriptor): void {
  if (!Object.hasOwn(FIELD_MAX, descriptor.kind)) throw noKind(descriptor.kind);
  const limits = FIELD_MAX[descriptor.kind];
  const fields = descriptor as unknown as Record<string, unknown>;
  for (const name of Object.keys(limits)) {
    const value = fields[name];
    const limit = limits[name] as number;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > limit) {
      throw new RangeError(`nic: ${name} ${String(value)} of a ${descriptor.kind} is not within 0..${limit}`);
    }
  }
}

function noKind(kind: unknown): RangeError {
  return new RangeError(`nic: no descriptor of kind ${String(kind)}`);
}

import { viewOf } from '@stack/skbuff';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from './codec.ts';
import * as inPlace from './in-place.ts';
import { descriptorOf } from './testing.ts';

/** Sixteen dirty bytes in the middle of others, and what `write` made of them. */
function written(write: (view: DataView, at: number) => void): Uint8Array {
  const bytes = new Uint8Array(48).fill(0xa5);
  write(viewOf(bytes), 16);
  expect(bytes.slice(0, 16)).toEqual(new Uint8Array(16).fill(0xa5));
  expect(bytes.slice(32)).toEqual(new Uint8Array(16).fill(0xa5));
  return bytes.slice(16, 32);
}

describe('in-place writers agree with encode', () => {
  it('legacy transmit', () => {
    fc.assert(
      fc.property(descriptorOf('tx-legacy'), (d) => {
        const expected = encode({ ...d, cso: 0, css: 0, sta: 0, rsv: 0 });
        const bytes = written((view, at) => {
          inPlace.writeTxLegacy(view, at, d.addressHigh | 0, d.addressLow | 0, d.length, d.cmd, d.special);
        });
        expect(bytes).toEqual(expected);
      }),
    );
  });

  it('data', () => {
    fc.assert(
      fc.property(descriptorOf('tx-data'), (d) => {
        const bytes = written((view, at) => {
          const { addressHigh, addressLow, dtalen, dcmd, popts, special } = d;
          inPlace.writeTxData(view, at, addressHigh | 0, addressLow | 0, dtalen, dcmd, popts, special);
        });
        expect(bytes).toEqual(encode({ ...d, sta: 0, rsv: 0 }));
      }),
    );
  });

  it('context', () => {
    fc.assert(
      fc.property(descriptorOf('tx-context'), (d) => {
        const bytes = written((view, at) => {
          inPlace.writeContextSums(view, at, d.ipcss, d.ipcso, d.ipcse, d.tucss, d.tucso);
          inPlace.writeContextSize(view, at, d.tucmd, d.paylen, d.hdrlen, d.mss);
        });
        expect(bytes).toEqual(encode({ ...d, tucse: 0, sta: 0, rsv: 0 }));
      }),
    );
  });

  it('receive: the driver posts, the device writes back', () => {
    fc.assert(
      fc.property(descriptorOf('rx-legacy'), (d) => {
        const bytes = written((view, at) => {
          inPlace.writeRxBuffer(view, at, d.addressHigh | 0, d.addressLow | 0);
          inPlace.writeBackRx(view, at, d.length, d.checksum, d.status, d.errors, d.special);
        });
        expect(bytes).toEqual(encode(d));
      }),
    );
  });

  it('DD of a transmit descriptor is set, and nothing else changes', () => {
    fc.assert(
      fc.property(descriptorOf('tx-data'), (d) => {
        const bytes = encode(d);
        inPlace.writeBackTx(viewOf(bytes), 0);
        expect(decode(bytes, 'tx-data')).toStrictEqual({ ...d, sta: d.sta | 1 });
      }),
    );
  });
});

describe('in-place readers agree with decode', () => {
  it('transmit', () => {
    fc.assert(
      fc.property(fc.oneof(descriptorOf('tx-data'), descriptorOf('tx-legacy')), (d) => {
        const view = viewOf(encode(d));
        expect(inPlace.addressLow(view, 0) >>> 0).toBe(d.addressLow);
        expect(inPlace.addressHigh(view, 0) >>> 0).toBe(d.addressHigh);
        expect(inPlace.bufferLength(view, 0)).toBe(d.kind === 'tx-data' ? d.dtalen : d.length);
        expect(inPlace.command(view, 0)).toBe(d.kind === 'tx-data' ? d.dcmd : d.cmd);
        expect(inPlace.special(view, 0)).toBe(d.special);
        expect(inPlace.isDone(view, 0)).toBe((d.sta & 1) === 1);
      }),
    );
  });

  it('receive', () => {
    fc.assert(
      fc.property(descriptorOf('rx-legacy'), (d) => {
        const view = viewOf(encode(d));
        expect(inPlace.rxLength(view, 0)).toBe(d.length);
        expect(inPlace.rxChecksum(view, 0)).toBe(d.checksum);
        expect(inPlace.rxStatus(view, 0)).toBe(d.status);
        expect(inPlace.rxErrors(view, 0)).toBe(d.errors);
        expect(inPlace.special(view, 0)).toBe(d.special);
        expect(inPlace.isDone(view, 0)).toBe((d.status & 1) === 1);
      }),
    );
  });
});

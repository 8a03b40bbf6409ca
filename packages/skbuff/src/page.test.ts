import { describe, expect, it } from 'vitest';
import { isBytes, viewOf } from './index.ts';

describe('viewOf', () => {
  it('spans exactly the bytes of a window', () => {
    const window = Uint8Array.of(0, 1, 2, 3, 4).subarray(1, 4);
    const view = viewOf(window);
    expect([view.byteLength, view.getUint8(0), view.getUint8(2)]).toEqual([3, 1, 3]);
    expect(() => view.getUint8(3)).toThrow(RangeError);
  });

  it('gives the last array its view again, and no other array', () => {
    const memory = Uint8Array.of(1, 2, 3, 4);
    const [a, b] = [memory.subarray(0, 2), memory.subarray(2, 4)] as [Uint8Array, Uint8Array];
    const view = viewOf(a);
    expect(viewOf(a)).toBe(view);
    expect(viewOf(b).getUint8(0)).toBe(3);
    expect(viewOf(a).getUint8(0)).toBe(1);
  });

  it('notices that the memory of an array grew', () => {
    const buffer = new (ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer)(2, {
      maxByteLength: 8,
    });
    const bytes = new Uint8Array(buffer);
    expect(viewOf(bytes).byteLength).toBe(2);
    (buffer as unknown as { resize(length: number): void }).resize(8);
    expect(viewOf(bytes).byteLength).toBe(8);
  });
});

describe('isBytes', () => {
  it('knows a Uint8Array, and its kin', () => {
    class Kin extends Uint8Array {}
    expect([new Uint8Array(1), new Kin(1)].map(isBytes)).toEqual([true, true]);
  });

  it.each([
    [[1]],
    ['a'],
    [new ArrayBuffer(1)],
    [new Int8Array(1)],
    [new DataView(new ArrayBuffer(1))],
    [undefined],
    [null],
  ])('says no to %o', (value) => {
    expect(isBytes(value)).toBe(false);
  });
});

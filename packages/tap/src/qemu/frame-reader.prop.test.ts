/** A stream gives the same frames however it is cut. */
import { Pool, type SkBuff } from '@stack/skbuff';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Batch } from './batch.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';

const MIN = 14;
const MAX = 3000;

/** Takes every frame of up to `limit` bytes. */
class Sink implements FrameSink {
  readonly pool: Pool = new Pool({ poison: true, chunkSize: 65_536 });
  readonly frames: Uint8Array[] = [];
  readonly #limit: number;

  constructor(limit = MAX) {
    this.#limit = limit;
  }

  allocate(length: number): SkBuff | undefined {
    return length > this.#limit ? undefined : this.pool.alloc(length);
  }

  arrived(skb: SkBuff): void {
    this.frames.push(skb.toBytes());
    skb.free();
  }

  get atRest(): boolean {
    return this.pool.stats.skbs === 0 && this.pool.stats.inUse === 0;
  }
}

const frame = fc.uint8Array({ minLength: MIN, maxLength: MAX, size: 'max' });

/** `frames` as the peer sends them: a second way to write the format. */
function streamOf(frames: readonly Uint8Array[]): Uint8Array {
  const bytes: number[] = [];
  for (const { length } of frames) bytes.push(0, 0, length >> 8, length & 0xff, ...new Array(length).fill(0));
  const stream = Uint8Array.from(bytes);
  let at = 0;
  for (const one of frames) {
    stream.set(one, at + 4);
    at += 4 + one.length;
  }
  return stream;
}

/** Feeds `stream` in pieces of `sizes`, over and over, each in a dirty buffer that is reused. */
function feed(reader: FrameReader, stream: Uint8Array, sizes: readonly number[]): number | undefined {
  const buffer = new Uint8Array(Math.max(...sizes) + 3);
  for (let at = 0, i = 0; at < stream.length; i++) {
    const piece = stream.subarray(at, at + (sizes[i % sizes.length] as number));
    buffer.fill(0xa5);
    buffer.set(piece);
    const refused = reader.feed(buffer, piece.length);
    if (refused !== undefined) return refused;
    at += piece.length;
  }
  return undefined;
}

describe('frames out of a stream', () => {
  it('are the same wherever it is cut', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5000 })), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), sizes, (frames, pieces) => {
        const sink = new Sink();
        const reader = new FrameReader(sink, MIN, MAX);
        expect(feed(reader, streamOf(frames), pieces)).toBe(undefined);
        expect(sink.frames).toEqual(frames);
        expect([reader.isInside, sink.atRest]).toEqual([false, true]);
      }),
    );
  });

  it('are the same at every single cut', () => {
    const frames = [new Uint8Array(14).fill(1), new Uint8Array(300).fill(2), new Uint8Array(15).fill(3)];
    const stream = streamOf(frames);
    for (let cut = 1; cut < stream.length; cut++) {
      const sink = new Sink();
      const reader = new FrameReader(sink, MIN, MAX);
      reader.feed(stream, cut);
      const isBoundary = [18, 18 + 304].includes(cut);
      expect(reader.isInside, `cut at ${cut}`).toBe(!isBoundary);
      reader.feed(stream.subarray(cut), stream.length - cut);
      expect(sink.frames, `cut at ${cut}`).toEqual(frames);
    }
  });

  it('may be skipped, and the next is found', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.integer({ min: 1, max: 700 }), (frames, size) => {
        const sink = new Sink(1000);
        expect(feed(new FrameReader(sink, MIN, MAX), streamOf(frames), [size])).toBe(undefined);
        expect(sink.frames).toEqual(frames.filter(({ length }) => length <= 1000));
      }),
    );
  });

  it.each([0, 13, MAX + 1, 0x8000_0000, 0xffff_ffff, 0x4745_5420])('end at a length of %d', (length) => {
    const good = new Uint8Array(20).fill(7);
    const stream = new Uint8Array([...streamOf([good]), 0, 0, 0, 0, ...streamOf([good])]);
    new DataView(stream.buffer).setUint32(24, length);
    for (const size of [1, 3, 1000]) {
      const sink = new Sink();
      expect(feed(new FrameReader(sink, MIN, MAX), stream, [size])).toBe(length);
      expect(sink.frames).toEqual([good]);
      expect(sink.atRest).toBe(true);
    }
  });

  it('hold no memory after close', () => {
    const sink = new Sink();
    const reader = new FrameReader(sink, MIN, MAX);
    reader.feed(streamOf([new Uint8Array(100)]), 50);
    expect([reader.isInside, sink.atRest]).toEqual([true, false]);
    reader.close();
    expect([reader.isInside, sink.atRest]).toEqual([false, true]);
    expect(feed(reader, streamOf([new Uint8Array(100)]), [7])).toBe(undefined);
    expect(sink.frames).toEqual([new Uint8Array(100)]);
  });

  it('are what a batch writes', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 40 }), (frames) => {
        const { pool } = new Sink();
        const batch = new Batch();
        for (let round = 0; round < 2; round++) {
          for (const bytes of frames) {
            const skb = pool.alloc(bytes.length) as SkBuff;
            skb.putData(bytes);
            expect(batch.add(skb)).toBe(true);
            skb.free();
          }
          expect(new Uint8Array(batch.bytes())).toEqual(streamOf(frames));
          expect(batch.frames).toBe(frames.length);
          expect(batch.payload).toBe(frames.reduce((sum, { length }) => sum + length, 0));
          batch.clear();
        }
      }),
    );
  });

  it('do not fit a batch without end', () => {
    const { pool } = new Sink();
    const batch = new Batch();
    const skb = pool.alloc(50_000) as SkBuff;
    skb.put(50_000);
    expect([batch.add(skb), batch.add(skb), batch.add(skb)]).toEqual([true, true, false]);
    expect([batch.frames, batch.payload, batch.bytes().length]).toEqual([2, 100_000, 100_008]);
  });
});

/**
 * Bytes as an attacker sends them: noise, and valid encodings with a few things broken.
 * @module
 */
import fc from 'fast-check';

/** Values at which length arithmetic goes wrong. */
const EXTREMES = [0, 1, 2, 3, 4, 5, 7, 8, 0x0f, 0x10, 0x14, 0x3f, 0x40, 0x7f, 0x80, 0xf0, 0xfe, 0xff];
/** The same for 16-bit fields; -1 stands for the number of bytes there are, more or less. */
const WORDS = [-1, -1, 0, 1, 4, 7, 8, 0x14, 0x7fff, 0x8000, 0xffff];

type Mutation = (bytes: Uint8Array) => Uint8Array;

/** Noise of up to 160 bytes, or a value of `valid` with one to four mutations. */
export function hostile(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 160 }) },
    {
      weight: 3,
      arbitrary: fc.tuple(valid, fc.array(mutation(), { minLength: 1, maxLength: 4 })).map(mutate),
    },
  );
}

function mutate([bytes, mutations]: [Uint8Array, Mutation[]]): Uint8Array {
  return mutations.reduce((now, change) => change(now), bytes);
}

/** A place in bytes whose length is not known yet: small ones often, since length fields stand at the front. */
function place(): fc.Arbitrary<number> {
  return fc.oneof(fc.nat(15), fc.nat(63), fc.nat(0xffff));
}

function mutation(): fc.Arbitrary<Mutation> {
  return fc.oneof(
    fc.tuple(place(), fc.nat(7)).map(([at, bit]) => flipBit(at, bit)),
    fc.tuple(place(), fc.constantFrom(...EXTREMES)).map(([at, value]) => setByte(at, value)),
    fc.tuple(place(), fc.constantFrom(...WORDS), fc.integer({ min: -2, max: 2 })).map(setWord),
    place().map(
      (at): Mutation =>
        (bytes) =>
          bytes.slice(0, at % (bytes.length + 1)),
    ),
    fc.uint8Array({ maxLength: 40 }).map(
      (more): Mutation =>
        (bytes) =>
          joined(bytes, more),
    ),
    fc.tuple(place(), place(), fc.nat(16)).map(([from, to, length]) => splice(from, to, length)),
    fc.tuple(place(), fc.nat(16)).map(([at, length]) => remove(at, length)),
  );
}

function flipBit(at: number, bit: number): Mutation {
  return (bytes) =>
    changed(bytes, (copy) =>
      copy.fill((copy[at % copy.length] ?? 0) ^ (1 << bit), at % copy.length, (at % copy.length) + 1),
    );
}

function setByte(at: number, value: number): Mutation {
  return (bytes) => changed(bytes, (copy) => copy.fill(value, at % copy.length, (at % copy.length) + 1));
}

/** An extreme 16-bit value, or one near the number of bytes there are: where length fields break. */
function setWord([at, extreme, around]: [number, number, number]): Mutation {
  return (bytes) =>
    changed(bytes, (copy) => {
      const value = extreme < 0 ? copy.length + around : extreme;
      const start = at % copy.length;
      copy.fill(value >> 8, start, start + 1).fill(value, start + 1, start + 2);
    });
}

/** Copies a run over another place. */
function splice(from: number, to: number, length: number): Mutation {
  return (bytes) =>
    changed(bytes, (copy) => {
      const start = from % copy.length;
      copy.copyWithin(to % copy.length, start, start + length);
    });
}

/** Takes a run out, so that what follows moves up. */
function remove(at: number, length: number): Mutation {
  return (bytes) => {
    const start = at % (bytes.length + 1);
    return joined(bytes.subarray(0, start), bytes.subarray(start + length));
  };
}

function changed(bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  if (copy.length > 0) change(copy);
  return copy;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

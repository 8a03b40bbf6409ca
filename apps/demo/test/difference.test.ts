import { describe, expect, it } from 'vitest';
import { firstDifference } from '../src/difference.ts';
import { bodyOf, ok, post } from '../src/http.ts';
import { verdict } from '../src/render-outcome.ts';

describe('whether bytes arrived', () => {
  it.each([
    [[1, 2, 3], [1, 2, 3], -1],
    [[1, 2, 3], [1, 9, 3], 1],
    [[1, 2, 3], [1, 2], 2],
    [[1, 2], [1, 2, 255], 2],
    [[], [], -1],
    [[1], [], 0],
  ])('%j and %j differ at %d', (sent, received, at) => {
    expect(firstDifference(Uint8Array.from(sent), Uint8Array.from(received))).toBe(at);
  });

  it('is said in a line', () => {
    const delivery = { from: 'client', sent: 3, received: 3, begin: 0, end: 1 } as const;
    expect(verdict({ ...delivery, identical: true, difference: -1 })).toBe(
      'identical: 3 bytes, client to server',
    );
    expect(verdict({ ...delivery, identical: false, difference: 1 })).toBe(
      'different: client to server, 3 of 3 bytes arrived, the first difference is at 1',
    );
    expect(verdict({ ...delivery, sent: 1_000_000, end: 2_000_000, identical: true, difference: -1 })).toBe(
      'identical: 1000000 bytes, client to server, 2.000000 s, goodput 4.00 Mbit/s',
    );
  });
});

describe('messages', () => {
  it.each([post, ok])('carry any bytes', (make) => {
    for (const body of [new Uint8Array(0), Uint8Array.of(13, 10, 13, 10, 0), new Uint8Array(1000).fill(7)]) {
      const bytes = make(body);
      expect(Uint8Array.from(bodyOf(bytes))).toEqual(body);
      expect(Buffer.from(bytes).toString('latin1')).toContain(`Content-Length: ${body.length}\r\n\r\n`);
    }
  });

  it('have no body where there is no empty line', () => {
    expect(bodyOf(Uint8Array.of(1, 2, 3))).toHaveLength(0);
  });
});

import { describe, expect, it } from 'vitest';
import { FastopenQueue } from './fastopen-queue.ts';
import { tcpMib } from './mib.ts';

const queue = (maxLength: number) => {
  const mib = tcpMib();
  const made = new FastopenQueue();
  made.maxLength = maxLength;
  return { mib, queue: made, overflows: () => mib.TcpExt.TCPFastOpenListenOverflow };
};

describe('FastopenQueue (RFC 7413 §5.1)', () => {
  it('has no room where fast open is off, and counts nothing', () => {
    const { mib, overflows, queue: off } = queue(0);
    expect(off.hasRoom(0, mib)).toBe(false);
    expect(overflows()).toBe(0);
  });

  it('has room up to its length, and counts who finds none', () => {
    const { mib, overflows, queue: two } = queue(2);
    two.length = 1;
    expect(two.hasRoom(0, mib)).toBe(true);
    two.length = 2;
    expect(two.hasRoom(0, mib)).toBe(false);
    expect(overflows()).toBe(1);
    two.leave(undefined);
    expect(two.hasRoom(0, mib)).toBe(true);
  });

  it('goes on counting those that were reset, for 60 s each, one at a time', () => {
    const { mib, queue: two } = queue(2);
    two.length = 2;
    two.leave(1_000_000);
    two.leave(2_000_000);
    expect(two.length).toBe(2);
    expect(two.hasRoom(60_999_999, mib)).toBe(false);
    expect(two.hasRoom(61_000_000, mib)).toBe(true);
    expect(two.length).toBe(1);
    two.length++;
    expect(two.hasRoom(61_999_999, mib)).toBe(false);
    expect(two.hasRoom(62_000_000, mib)).toBe(true);
  });
});

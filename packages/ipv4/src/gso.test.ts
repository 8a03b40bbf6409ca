import { viewOf } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as ipv4 from './index.ts';

// tcpdump tests/gso-ipv4.pcap, frame 1, and the same with a router alert
const PLAIN = hex`4500 1c7c a096 4000 3d06 649b 0a19840b 0a19840d`;
const ALERT = hex`4600 1c7c fffe 4000 3d06 0000 0a19840b 0a19840d 94040000`;

describe('gsoFixup', () => {
  it.each([
    ['the first segment', PLAIN, 0, 1500, 0xa096],
    ['the third segment', PLAIN, 2, 1500, 0xa098],
    ['a short last one, behind options', ALERT, 1, 25, 0xffff],
    ['an id that wraps', ALERT, 3, 1500, 1],
  ])('%s', (_, header, index, totLen, id) => {
    const bytes = hex`a5a5a5 ${header} a5`;
    const before = ipv4.decode(bytes, 3);
    ipv4.gsoFixup(viewOf(bytes), 3, index, totLen);
    const after = ipv4.decode(bytes, 3);
    expect(after).toStrictEqual({ ...before, totLen, id, check: after.check });
    expect(ipv4.verify(viewOf(bytes), 3)).toBe(true);
    expect([...bytes.slice(0, 3), bytes.at(-1)]).toEqual([0xa5, 0xa5, 0xa5, 0xa5]);
  });
});

import { describe, expect, it } from 'vitest';
import * as neigh from './index.ts';
import { setByHand, setState } from './state.ts';

describe('states', () => {
  it('have the values of Linux', () => {
    expect([
      neigh.NUD_NONE,
      neigh.NUD_INCOMPLETE,
      neigh.NUD_REACHABLE,
      neigh.NUD_STALE,
      neigh.NUD_DELAY,
      neigh.NUD_PROBE,
      neigh.NUD_FAILED,
      neigh.NUD_NOARP,
      neigh.NUD_PERMANENT,
    ]).toEqual([0, 1, 2, 4, 8, 16, 32, 64, 128]);
    expect([neigh.NUD_IN_TIMER, neigh.NUD_VALID, neigh.NUD_CONNECTED]).toEqual([0x1b, 0xde, 0xc2]);
  });

  it.each([
    [0, 'NONE'],
    [0x20, 'FAILED'],
    [0x80, 'PERMANENT'],
    [0x03, '0x3'],
  ])('%i is %s', (state, text) => {
    expect(neigh.formatState(state)).toBe(text);
    expect(neigh.isState(state)).toBe(!text.startsWith('0x'));
  });

  it('go where the table says and nowhere else', () => {
    const entry = { state: neigh.NUD_NONE };
    for (const to of [neigh.NUD_INCOMPLETE, neigh.NUD_STALE, neigh.NUD_DELAY, neigh.NUD_PROBE])
      setState(entry, to);
    expect(() => setState(entry, neigh.NUD_DELAY)).toThrow('no way from PROBE to DELAY');
    expect(entry.state).toBe(neigh.NUD_PROBE);
    setByHand(entry, neigh.NUD_PERMANENT);
    expect(() => setState(entry, neigh.NUD_STALE)).toThrow(RangeError);
  });

  it('are drawn', () => {
    expect(neigh.diagram()).toBe(`NONE
  --> NOARP      its link-layer address needs no asking
  --> INCOMPLETE a packet: asked everybody
  --> FAILED     a packet, and nobody may be asked
  --> REACHABLE  an answer
  --> STALE      a request or an announcement from it
INCOMPLETE
  --> REACHABLE  an answer: the queue leaves
  --> STALE      a request or an announcement from it: the queue leaves
  --> FAILED     no answer to the last probe: the queue is unreachable
REACHABLE
  --> STALE      no proof for the reachable time, or another address
  --> DELAY      no proof for the reachable time, and in use
STALE
  --> DELAY      a packet
  --> REACHABLE  an answer
DELAY
  --> REACHABLE  a proof from above, or an answer
  --> PROBE      no proof: asked by unicast
  --> STALE      another address
PROBE
  --> REACHABLE  an answer
  --> STALE      another address
  --> FAILED     no answer to the last probe
FAILED
  --> INCOMPLETE a packet: asked everybody
  --> REACHABLE  an answer
  --> STALE      a request or an announcement from it
`);
  });
});

import { describe, expect, it } from 'vitest';
import { Script } from './script.fixture.ts';
import {
  CLOSE,
  diagram,
  EDGES,
  ESTABLISHED,
  FIN_WAIT1,
  LISTEN,
  mayGo,
  SYN_SENT,
  setState,
  stateName,
  TIME_WAIT,
} from './state.ts';

describe('states', () => {
  it('have Linux names and numbers', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map(stateName)).toStrictEqual([
      'ESTABLISHED',
      'SYN_SENT',
      'SYN_RECV',
      'FIN_WAIT1',
      'FIN_WAIT2',
      'TIME_WAIT',
      'CLOSE',
      'CLOSE_WAIT',
      'LAST_ACK',
      'LISTEN',
      'CLOSING',
      'NEW_SYN_RECV',
    ]);
    expect(stateName(13)).toBe('13');
  });

  it('go along the edges alone', () => {
    expect(mayGo(CLOSE, SYN_SENT)).toBe(true);
    expect(mayGo(SYN_SENT, ESTABLISHED)).toBe(true);
    expect(mayGo(ESTABLISHED, LISTEN)).toBe(false);
    expect(mayGo(99, CLOSE)).toBe(false);
    const s = new Script().accepted({ mss: 1000 });
    expect(() => setState(s.sk, LISTEN)).toThrow(RangeError);
    expect(s.sk.state).toBe(ESTABLISHED);
    setState(s.sk, ESTABLISHED);
    expect(s.host.tcp.mib.Tcp.CurrEstab).toBe(1);
  });

  it('can be drawn', () => {
    const text = diagram();
    expect(text.startsWith('digraph tcp {\n  CLOSE -> LISTEN [label="passive OPEN"]\n')).toBe(true);
    expect(text.split('\n').length).toBe(EDGES.length + 3);
    // Every state but TIME-WAIT and the request's is left by some edge.
    for (const state of [1, 2, 3, 4, 5, 7, 8, 9, 10, 11])
      expect(EDGES.some(({ from }) => from === state)).toBe(true);
    expect(EDGES.some(({ from, to }) => from === TIME_WAIT || to === TIME_WAIT)).toBe(false);
    expect(EDGES.filter(({ to }) => to === FIN_WAIT1).length).toBe(2);
  });
});

/**
 * Boxes on the way that swallow fast open: RFC 7413 §7.1, and tcp_fastopen_blackhole_timeout_sec of Linux.
 */
import { describe, expect, it } from 'vitest';
import { Script } from './script.fixture.ts';

const COOKIE = 'aabbccdd';

/** A host with a cookie, that does without fast open for `seconds` when it has to. */
function known(seconds: number): Script {
  const s = new Script({ sysctl: { tcp_timestamps: 0, tcp_fastopen_blackhole_timeout_sec: seconds } });
  s.fastopen(10, 0).ignore().in(`S. 0:0(0) ack 1 win 60000 <mss 1400,FO ${COOKIE},nop,nop>`);
  s.host.tcp.close(s.now, s.sk);
  return s.in('R. 1:1(0) ack 2 win 0').ignore();
}

/** A fast open whose SYNs all get lost, until it gives up. */
function swallowed(s: Script): Script {
  s.fastopen(10, 10).after(200).ignore();
  expect(s.sk.takeError()).toBe('ETIMEDOUT');
  return s;
}

const blackholes = (s: Script) => s.host.tcp.mib.TcpExt.TCPFastOpenBlackhole;

/** Whether a fast open carries data now. */
function works(s: Script): boolean {
  s.fresh();
  const count = s.host.tcp.fastopen(s.now, s.sk, 0x0a00_0009, 8080, new Uint8Array(10), 0);
  const [syn] = s.take();
  s.host.tcp.close(s.now, s.sk);
  // Without, it is a SYN as any other: no cookie is asked for.
  expect(syn).toMatch(count === 10 ? /^S 0:10\(10\).*FO aabbccdd/ : /^S 0:0\(0\).*wscale 7>$/);
  return count === 10;
}

describe('after the third timeout in a row', () => {
  it('the host does without fast open, for everybody, as long as the sysctl says', () => {
    const s = known(600);
    s.fastopen(10, 10).ignore().after(2.5);
    expect(blackholes(s)).toBe(0);
    s.after(1).ignore();
    expect(blackholes(s)).toBe(1);
    expect(s.host.tcp.mib.TcpExt.TCPFastOpenActiveFail).toBe(1);
    s.after(200).ignore();
    expect(works(s)).toBe(false);
    s.at(602);
    expect(works(s)).toBe(false);
    s.at(604);
    expect(works(s)).toBe(true);
  });

  it('never, where it says 0', () => {
    const s = swallowed(known(0));
    expect([works(s), blackholes(s)]).toEqual([true, 0]);
  });

  it('twice as long each time in a row', () => {
    const s = swallowed(known(600)).after(600);
    swallowed(s);
    const since = s.time - 200 + 3; // the third timeout of the second one
    s.at(since + 1199);
    expect(works(s)).toBe(false);
    s.at(since + 1201);
    expect(works(s)).toBe(true);
  });
});

describe('a connection', () => {
  it('that gets data after a time without ends the count', () => {
    const s = swallowed(known(600)).after(600);
    expect(s.host.tcp.blackhole.times).toBe(1);
    s.fastopen(10, 10)
      .ignore()
      .in('S. 0:0(0) ack 11 win 60000 <mss 1400>')
      .in('P. 1:11(10) ack 11 win 60000');
    s.recv(10).close().in('R. 11:11(0) ack 12 win 0');
    expect(s.host.tcp.blackhole.times).toBe(0);
  });

  it('that gets a FIN out of order and nothing else lost what was in front of it', () => {
    const s = known(600).fastopen(10, 10).ignore().in('S. 0:0(0) ack 11 win 60000 <mss 1400>');
    s.in('F. 101:101(0) ack 11 win 60000');
    s.close().in('R. 1:1(0) ack 12 win 0');
    expect(blackholes(s)).toBe(1);
  });
});

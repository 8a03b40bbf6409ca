/**
 * The receiver's side of RFC 2018 and RFC 2883: what it tells, in which order, and for how long.
 */
import { describe, expect, it } from 'vitest';
import { Script } from './script.fixture.ts';

/** A connection whose peer has SACK; we received nothing yet. Each segment gets its own ACK. */
function receiver(options: { ts?: boolean; sysctl?: Record<string, number> } = {}): Script {
  const s = new Script({ sysctl: { tcp_comp_sack_nr: 0, ...options.sysctl } });
  return s.accepted({ mss: 1000, win: 60_000, sack: true, ...(options.ts === true ? { ts: true } : {}) });
}

describe('negotiation (RFC 2018 §2)', () => {
  it('is offered in a SYN and answered in a SYN-ACK, in the padding of timestamps', () => {
    new Script().connect().out('S 0:0(0) <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7>');
    const s = new Script();
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 1);
    s.in('S 0:0(0) win 1000 <mss 1000,nop,nop,sackOK>').out('S. 0:0(0) <mss 1460,nop,nop,sackOK>');
  });

  it.each([
    ['the peer does not offer it', {}, 'S 0:0(0) win 1000 <mss 1000>'],
    ['tcp_sack is 0', { tcp_sack: 0 }, 'S 0:0(0) win 1000 <mss 1000,nop,nop,sackOK>'],
  ])('does not happen where %s', (_name, sysctl, syn) => {
    const s = new Script({ sysctl });
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 1);
    s.in(syn).out('S. 0:0(0) <mss 1460>').in('. 1:1(0) ack 1 win 1000');
    s.sk = s.host.tcp.accept(s.now, s.listener) as typeof s.sk;
    s.info({ options: 0 });
    s.in('. 1001:2001(1000) ack 1 win 1000').out('. 1:1(0) ack 1 <>');
  });

  it('is off in an active open where the SYN-ACK does not say so, or tcp_sack is 0', () => {
    const s = new Script().connect();
    s.in('S. 0:0(0) ack 1 win 1000 <mss 1000>').info({ options: 0 });
    const off = new Script({ sysctl: { tcp_sack: 0, tcp_timestamps: 0 } }).connect();
    off.out('S 0:0(0) <mss 1460,nop,wscale 7>');
    off.in('S. 0:0(0) ack 1 win 1000 <mss 1000,nop,nop,sackOK>').info({ options: 0 });
    receiver().info({ options: 2 });
  });
});

describe('blocks (RFC 2018 §4)', () => {
  it('tell the newest segment first, then the others in the order they were told last', () => {
    const s = receiver();
    s.in('. 1001:2001(1000) ack 1').out('. 1:1(0) ack 1 <nop,nop,sack 1001:2001>');
    s.in('. 3001:4001(1000) ack 1').out('. 1:1(0) ack 1 <nop,nop,sack 3001:4001 1001:2001>');
    s.in('. 5001:6001(1000) ack 1').out('. 1:1(0) ack 1 <nop,nop,sack 5001:6001 3001:4001 1001:2001>');
    s.in('. 7001:8001(1000) ack 1');
    s.out('. 1:1(0) ack 1 <nop,nop,sack 7001:8001 5001:6001 3001:4001 1001:2001>');
    // A fifth pushes the oldest out; the one that grows comes to the front.
    s.in('. 9001:10001(1000) ack 1');
    s.out('. 1:1(0) ack 1 <nop,nop,sack 9001:10001 7001:8001 5001:6001 3001:4001>');
    s.in('. 4001:4501(500) ack 1');
    s.out('. 1:1(0) ack 1 <nop,nop,sack 3001:4501 9001:10001 7001:8001 5001:6001>');
  });

  it('have room for three beside timestamps', () => {
    const s = receiver({ ts: true });
    for (const at of [1001, 3001, 5001, 7001]) {
      s.in(`. ${at}:${at + 1000}(1000) ack 1 win 60000 <nop,nop,TS val 1 ecr 0>`);
    }
    expect(s.take().at(-1)).toContain('sack 7001:8001 5001:6001 3001:4001>');
  });

  it('join where the gap between them is filled, and go where RCV.NXT passes them', () => {
    const s = receiver();
    s.in('. 1001:2001(1000) ack 1').in('. 3001:4001(1000) ack 1').in('. 6001:7001(1000) ack 1').ignore();
    s.in('. 2001:3001(1000) ack 1').out('. 1:1(0) ack 1 <nop,nop,sack 1001:4001 6001:7001>');
    s.in('. 1:1001(1000) ack 1').out('. 1:1(0) ack 4001 <nop,nop,sack 6001:7001>');
    s.in('. 4001:6001(2000) ack 1').out('. 1:1(0) ack 7001 <>');
  });

  it('go with data, which has less room then', () => {
    const s = receiver();
    s.in('. 1001:2001(1000) ack 1').ignore();
    s.send(2000).out('. 1:989(988) ack 1 <nop,nop,sack 1001:2001>');
    s.out('. 989:1977(988) ack 1 <nop,nop,sack 1001:2001>');
  });

  it('are void where memory made the receiver drop what they told of (RFC 2018 §8)', () => {
    const s = receiver();
    s.sk.userlocks |= 2;
    s.sk.rcvbuf = 20_000;
    const { TcpExt } = s.host.tcp.mib;
    let at = 30_001;
    for (; at > 1000 && TcpExt.OfoPruned === 0; at -= 600) s.in(`. ${at}:${at + 300}(300) ack 1`);
    expect(TcpExt.OfoPruned).toBe(1);
    expect(s.take().at(-1)).toContain(`<nop,nop,sack ${at + 600}:${at + 900}>`); // the last one alone
  });
});

describe('D-SACK (RFC 2883)', () => {
  it('tells once of a segment that was acknowledged already (§4.1.1)', () => {
    const s = receiver();
    s.in('. 1:1001(1000) ack 1').ignore();
    s.in('. 1:1001(1000) ack 1').out('. 1:1(0) ack 1001 <nop,nop,sack 1:1001>').quiet();
    s.in('. 1001:2001(1000) ack 1').out('. 1:1(0) ack 2001 <>');
    expect(s.host.tcp.mib.TcpExt).toMatchObject({
      TCPDSACKOldSent: 1,
      TCPDSACKOfoSent: 0,
      DelayedACKLost: 1,
    });
  });

  it('tells in front of the others of a segment that waits out of order already (§4.2.1)', () => {
    const s = receiver();
    s.in('. 3001:4001(1000) ack 1').in('. 1001:2001(1000) ack 1').ignore();
    s.in('. 3001:4001(1000) ack 1');
    s.out('. 1:1(0) ack 1 <nop,nop,sack 3001:4001 3001:4001 1001:2001>');
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPDSACKOldSent: 0, TCPDSACKOfoSent: 1 });
  });

  it('tells of the part that came twice (§4.1.2)', () => {
    const s = receiver();
    s.in('. 1:1001(1000) ack 1').ignore();
    s.in('. 501:1501(1000) ack 1').out('. 1:1(0) ack 1501 <nop,nop,sack 501:1001>');
    s.in('. 3001:4001(1000) ack 1').ignore();
    s.in('. 2501:3501(1000) ack 1').out('. 1:1(0) ack 1501 <nop,nop,sack 3001:3501 2501:4001>');
    s.in('. 3501:4501(1000) ack 1').out('. 1:1(0) ack 1501 <nop,nop,sack 3501:4001 2501:4501>');
    // A segment that begins alike and is longer takes the place of the one that is here.
    s.in('. 6001:6501(500) ack 1').ignore();
    s.in('. 6001:7001(1000) ack 1').out('. 1:1(0) ack 1501 <nop,nop,sack 6001:6501 6001:7001 2501:4501>');
    s.in('. 5501:7501(2000) ack 1').out('. 1:1(0) ack 1501 <nop,nop,sack 6001:7001 5501:7501 2501:4501>');
    // What fills the gap reaches into what waited.
    s.in('. 1501:3001(1500) ack 1').out('. 1:1(0) ack 4501 <nop,nop,sack 2501:3001 5501:7501>');
  });

  it('answers a segment wholly below the window', () => {
    const s = receiver();
    s.in('. 1:1001(1000) ack 1').in('. 1001:2001(1000) ack 1').ignore();
    s.in('. 1:1001(1000) ack 1').out('. 1:1(0) ack 2001 <nop,nop,sack 1:1001>');
  });

  it('is not told with tcp_dsack 0, nor without SACK', () => {
    const off = receiver({ sysctl: { tcp_dsack: 0 } });
    off.in('. 1:1001(1000) ack 1').in('. 1:1001(1000) ack 1').ignore();
    off.in('. 1:1001(1000) ack 1').out('. 1:1(0) ack 1001 <>');
    const none = new Script().accepted({ mss: 1000, win: 60_000 });
    none.in('. 1:1001(1000) ack 1').ignore();
    none.in('. 1:1001(1000) ack 1').out('. 1:1(0) ack 1001 <>');
    for (const s of [off, none]) {
      expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPDSACKOldSent: 0, TCPDSACKOfoSent: 0 });
    }
  });
});

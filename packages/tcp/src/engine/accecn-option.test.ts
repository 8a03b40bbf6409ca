/**
 * The option of Accurate ECN (RFC 9768 §3.2.3): when it goes, what it tells, and what is made of it.
 */
import { describe, expect, it } from 'vitest';
import { Script } from './script.fixture.ts';

const SYN = 'SEWA 0:0(0) win 60000 <mss 1000,nop,nop,sackOK>';
const FIRST = 'ECN e1b 1 ceb 0 e0b 1,nop';

/** A connection that the peer opened, its segments of 1000 bytes; `option` is that of its ACK. */
function accepted(sysctl = {}, option = FIRST): Script {
  const s = new Script({ sysctl: { tcp_ecn: 3, ...sysctl } }).listens(0).in(SYN).ignore();
  s.after(0.1).in(`.W 1:1(0) ack 1 win 60000 <${option}>`).accept().quiet();
  s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  s.sk.sndbuf = 1 << 20;
  return s;
}

describe('in the handshake', () => {
  it('is in the SYN-ACK, but not when that is sent again (§3.2.3.2.1)', () => {
    const s = new Script({ sysctl: { tcp_ecn: 3 } }).listens(0).in(SYN);
    s.out('S.W 0:0(0) ack 1 win 64240 <mss 1460,ECN e1b 1 ceb 0 e0b 1,nop,nop,nop,sackOK>');
    s.after(1).out('S.W 0:0(0) ack 1 win 64240 <mss 1460,nop,nop,sackOK>');
  });

  it('stands behind timestamps', () => {
    const s = new Script({ sysctl: { tcp_ecn: 3 } }).listens(0);
    s.in('SEWA 0:0(0) win 60000 <mss 1000,sackOK,TS val 1 ecr 0,nop,wscale 7>');
    s.out(
      'S.W 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS val 0 ecr 1,ECN e1b 1 ceb 0 e0b 1,nop,nop,wscale 7>',
    );
  });

  it.each([
    [{ tcp_ecn_option: 0 }, SYN],
    [{}, 'SEW 0:0(0) win 60000 <mss 1000,nop,nop,sackOK>'],
  ])('is not there with %j after %s', (sysctl, syn) => {
    const s = new Script({ sysctl: { tcp_ecn: 3, ...sysctl } }).listens(0).in(syn);
    s.out(`${syn === SYN ? 'S.W' : 'S.E'} 0:0(0) ack 1 win 64240 <mss 1460,nop,nop,sackOK>`);
  });

  it.each([
    [`,${FIRST}`, `<${FIRST}>`, 2],
    [',ECN e0b 1 ceb 0 e1b 1,nop', `<${FIRST}>`, 2],
    [',nop,nop,ECN', `<${FIRST}>`, 1],
    // Zeroed on the way (§3.2.3.2.4).
    [',ECN e1b 0 ceb 0 e0b 0,nop', '<>', 3],
    ['', '<>', 0],
  ])('goes with the ACK of a SYN-ACK that had it: %s', (option, ack, accecnOptSeen) => {
    const s = new Script({ sysctl: { tcp_ecn: 3 } }).connect().out('SEWA 0:0(0)');
    s.in(`S.W 0:0(0) ack 1 win 60000 <mss 1000${option}>`).out(`[ect0] .W 1:1(0) ack 1 win 64240 ${ack}`);
    s.info({ accecnOptSeen, accecnFailMode: accecnOptSeen === 3 ? 8 : 0 });
  });
});

describe('afterwards', () => {
  it('tells bytes of payload by their mark', () => {
    const s = accepted();
    s.in('[ect0] P.EA 1:1001(1000) ack 1 win 60000').out(
      '[ect0] .EA 1:1(0) ack 1001 win 63240 <ECN e1b 1 ceb 0 e0b 1001,nop>',
    );
    s.in('[ect1] P.EA 1001:1101(100) ack 1 win 60000').out(
      '[ect0] .EA 1:1(0) ack 1101 win 63140 <ECN e1b 101 ceb 0 e0b 1001,nop>',
    );
    s.in('[ce] P.EA 1101:1111(10) ack 1 win 60000').out(
      '[ect0] .WA 1:1(0) ack 1111 win 63130 <ECN e1b 101 ceb 10 e0b 1001,nop>',
    );
    s.in('[ce] .EA 1111:1111(0) ack 1 win 60000')
      .send(10)
      .out('[ect0] P.EWA 1:11(10) ack 1111 win 63130 <ECN e1b 101 ceb 10 e0b 1001,nop>');
    s.info({ receivedE1Bytes: 100, receivedCeBytes: 10, receivedE0Bytes: 1000, receivedCe: 2 });
  });

  it('takes its part of segments', () => {
    const s = accepted().send(3000);
    s.out(`[ect0] .EA 1:989(988) ack 1 win 64240 <${FIRST}>`).out(
      `[ect0] .EA 989:1977(988) ack 1 win 64240 <${FIRST}>`,
    );
  });

  it('wraps after 24 bits', () => {
    const s = accepted();
    (s.sk.accecn as { receivedBytes: Uint32Array }).receivedBytes[1] = 2 ** 24 - 1;
    s.in('[ect0] P.EA 1:1001(1000) ack 1 win 60000').out(
      '[ect0] .EA 1:1(0) ack 1001 win 63240 <ECN e1b 1 ceb 0 e0b 1000,nop>',
    );
  });

  it('goes two times after a change, and at beacons, where tcp_ecn_option is 1', () => {
    const s = accepted({ tcp_ecn_option: 1 });
    const sends = (option: string) =>
      s
        .send(10)
        .out(
          `[ect0] P.EA ${s.sk.sndNxt - s.sk.iss - 10}:${s.sk.sndNxt - s.sk.iss}(10) ack 1 win 64240 <${option}>`,
        );
    sends(FIRST);
    sends(FIRST);
    sends('');
    // A third of the round trip later.
    s.after(0.05).in('.EA 1:1(0) ack 31 win 60000');
    sends(FIRST);
    s.after(0.01).in('.EA 1:1(0) ack 41 win 60000');
    sends('');
    const without = accepted({ tcp_ecn_option: 1, tcp_ecn_option_beacon: 0 });
    without.send(10).send(10).ignore().after(0.05).in('.EA 1:1(0) ack 21 win 60000').send(10);
    expect(without.take()[0]).toMatch(/<>$/);
  });

  it('goes once while a counter grows by 2^22, too', () => {
    const s = accepted({ tcp_ecn_option: 1, tcp_ecn_option_beacon: 0 });
    for (let i = 0; i < 4; i++)
      s.in(`[ect0] P.EA ${i}001:${i + 1}001(1000) ack 1 win 60000`.replace(' 0001', ' 1'));
    s.ignore();
    (s.sk.accecn as { receivedBytes: Uint32Array }).receivedBytes[1] = 2 ** 22 - 500;
    s.in('[ect0] P.EA 4001:5001(1000) ack 1 win 60000');
    expect(s.take()[0]).toMatch(/<ECN e1b 1 ceb 0 e0b 4194805,nop>$/);
    s.in('[ect0] P.EA 5001:6001(1000) ack 1 win 60000');
    expect(s.take()[0]).toMatch(/<>$/);
  });

  it('is not sent to a peer whose own does not come through, until it does', () => {
    const s = accepted({}, 'nop,nop,nop,nop').send(10);
    s.out('[ect0] P.EA 1:11(10) ack 1 win 64240 <>').in(`.EA 1:1(0) ack 11 win 60000 <${FIRST}>`);
    s.send(10).out(`[ect0] P.EA 11:21(10) ack 1 win 64240 <${FIRST}>`);
  });

  it('has SACK blocks give way, but not below two', () => {
    const s = new Script({ sysctl: { tcp_ecn: 3 } }).listens(0);
    s.in('SEWA 0:0(0) win 60000 <mss 1000,sackOK,TS val 1 ecr 0>').ignore();
    s.in(`.W 1:1(0) ack 1 win 60000 <nop,nop,TS val 1 ecr 0,${FIRST}>`).accept();
    for (const from of [1001, 3001, 5001])
      s.in(`.EA ${from}:${from + 1000}(1000) ack 1 win 60000 <nop,nop,TS val 1 ecr 0>`);
    expect(s.take().at(-1)).toMatch(
      /nop,nop,TS val \d+ ecr 1,ECN e1b 1 ceb 0,nop,nop,sack \d+:\d+ \d+:\d+>$/,
    );
  });
});

describe('what the peer tells', () => {
  /** Segments in flight, of 988 bytes with the option. */
  function inFlight(count: number): Script {
    const s = accepted();
    s.sk.sndCwnd = count;
    s.send(988 * count).ignore();
    return s.after(0.1);
  }
  const ack = (segments: number) => `1:1(0) ack ${segments * 988 + 1} win 60000`;

  it.each([['ECN e1b 1 ceb 988 e0b 1977,nop'], ['ECN e0b 1977 ceb 988 e1b 1,nop']])(
    'is read in both orders: %s',
    (option) => {
      const s = inFlight(3);
      s.in(`.WA ${ack(3)} <${option}>`).info({
        deliveredCe: 1,
        deliveredCeBytes: 988,
        deliveredE0Bytes: 1976,
        deliveredE1Bytes: 0,
      });
    },
  );

  it.each([
    // None was marked, whatever eight more would make of ACE.
    [10, '.EA', 'ECN e1b 1 ceb 0 e0b 9881,nop', 0],
    // One, or nine: by the bytes.
    [10, '.WA', 'ECN e1b 1 ceb 988 e0b 8893,nop', 1],
    [10, '.WA', 'ECN e1b 1 ceb 8892 e0b 989,nop', 9],
    // More than one can have had.
    [10, '.WA', 'ECN e1b 1 ceb 2964 e0b 6917,nop', 9],
    // One, nine or seventeen.
    [20, '.WA', 'ECN e1b 1 ceb 988 e0b 18773,nop', 1],
    [20, '.WA', 'ECN e1b 1 ceb 8892 e0b 10869,nop', 9],
    [20, '.WA', 'ECN e1b 1 ceb 16796 e0b 2965,nop', 17],
    // Nothing is known.
    [20, '.WA', 'nop,nop,nop,nop', 17],
  ])('tells of %d segments with %s and %s how many were marked', (count, flags, option, deliveredCe) => {
    const s = inFlight(count);
    s.in(`${flags} ${ack(count)} <${option}>`).info({ deliveredCe });
  });

  it('that goes back is not believed', () => {
    const s = inFlight(12);
    s.in(`.EA ${ack(1)} <ECN e1b 1 ceb 0 e0b 989,nop>`).in(`.EA ${ack(2)} <ECN e1b 1 ceb 0 e0b 100,nop>`);
    s.info({ deliveredE0Bytes: 988 });
  });

  it('wraps after 24 bits', () => {
    const s = inFlight(3);
    (s.sk.accecn as { deliveredBytes: Uint32Array }).deliveredBytes[1] = 2 ** 24 - 100;
    s.in(`.EA ${ack(1)} <ECN e1b 1 ceb 0 e0b 889,nop>`).info({ deliveredE0Bytes: 2 ** 24 + 888 });
  });

  it('for the first time after 2^23 bytes is too late', () => {
    const s = accepted({}, 'nop,nop,nop,nop');
    s.sk.bytesSent = 2 ** 23 - 1;
    s.send(10).ignore().in('.EA 1:1(0) ack 11 win 60000').in(`P.EA 1:11(10) ack 11 win 60000 <${FIRST}>`);
    s.info({ accecnOptSeen: 3 }).send(10);
    expect(s.take().at(-1)).toMatch(/<>$/);
  });
});

/**
 * What the sender makes of SACK blocks: RFC 2018 §5, RFC 2883, RFC 6675, and of blocks that make no sense. What `TCP_INFO` says at each
 * step is what Linux 6.18 says.
 */
import { describe, expect, it } from 'vitest';
import { endSeqOf, pcountOf, SACKED_ACKED, sackedOf, seqOf } from './cb.ts';
import { overfull } from './mib-sending.fixture.ts';
import { Script, type ScriptOptions } from './script.fixture.ts';
import { CA_DISORDER, CA_LOSS, CA_OPEN, CA_RECOVERY } from './tcb-values.ts';

/** `n` segments of 1000 bytes in flight, RTT 100 ms, 100 ms ago; `more` bytes wait. */
function inFlight(n = 10, more = 0, options: ScriptOptions = {}): Script {
  const s = new Script(options).accepted({ mss: 1000, win: 64_000, sack: true, rtt: 0.1 });
  s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  s.sk.sndCwnd = Math.max(n, 10);
  s.sk.sndbuf = 1 << 20;
  s.send(n * 1000 + more);
  expect(s.take().length).toBeGreaterThan(0);
  return s.after(0.1);
}

function ack(una: number, ...blocks: string[]): string {
  const sack = blocks.length === 0 ? '' : ` <nop,nop,sack ${blocks.join(' ')}>`;
  return `. 1:1(0) ack ${una} win 64000${sack}`;
}

/** Marks of the retransmit queue: `first:end` of what was delivered. */
function sacked(s: Script): string[] {
  const found: string[] = [];
  for (let skb = s.sk.rtxQueue.first; skb !== undefined; skb = skb.next) {
    if ((sackedOf(skb) & SACKED_ACKED) === 0) continue;
    found.push(`${(seqOf(skb) - s.sk.iss) | 0}:${(endSeqOf(skb) - s.sk.iss) | 0}`);
  }
  return found;
}

describe('marks', () => {
  it('are made by blocks in any order, once, and count what is delivered and what is lost', () => {
    const s = inFlight();
    s.in(ack(1, '2001:3001')).info({ caState: CA_DISORDER, sacked: 1, lost: 0, delivered: 2 });
    s.in(ack(1, '2001:3001')).info({ sacked: 1, delivered: 2 });
    s.in(ack(1, '6001:7001', '2001:3001')).info({ sacked: 2 });
    s.in(ack(1, '8001:9001', '6001:7001', '2001:3001'));
    s.out('. 1:1001(1000)').quiet().info({ caState: CA_RECOVERY, sacked: 3, lost: 6, retrans: 1 });
    expect(s.host.tcp.mib.TcpExt).toMatchObject({
      TCPSackRecovery: 1,
      TCPRenoRecovery: 0,
      TCPFastRetrans: 1,
    });
    // What was taken for lost arrives: six segments behind one that was sent after it.
    s.after(0.007).in(ack(1, '2001:4001', '6001:7001', '8001:9001'));
    s.out('. 1001:2001(1000)').quiet().info({ lost: 5, sacked: 4, reordering: 6, reordSeen: 1 });
    expect(s.host.tcp.mib.TcpExt.TCPSACKReorder).toBe(1);
    expect(sacked(s)).toStrictEqual(['2001:3001', '3001:4001', '6001:7001', '8001:9001']);
    s.in(ack(4001, '6001:7001', '8001:9001')).info({ sacked: 2, delivered: 7, unacked: 6 });
    s.in(ack(10_001)).info({ sacked: 0, lost: 0, retrans: 0, unacked: 0, caState: CA_OPEN });
    expect(s.host.tcp.mib.TcpExt.TCPDelivered).toBe(10);
  });

  it('cut super-packets at whole segments', () => {
    const s = inFlight(10, 0, { gsoMaxSize: 65_536 });
    const count = () => s.sk.rtxQueue.qlen;
    const before = count();
    s.in(ack(1, '2501:4700'));
    // 3001:4001 is told of whole; of 2001:3001 and 4001:5001 parts, which is as good as nothing.
    expect(sacked(s)).toStrictEqual(['3001:4001']);
    s.info({ sacked: 1, unacked: 10 });
    s.in(ack(1, '2001:5001')).info({ sacked: 3 });
    s.in(ack(1, '9001:10001')).info({ sacked: 4 });
    expect(count()).toBeGreaterThan(before);
    let pcount = 0;
    for (let skb = s.sk.rtxQueue.first; skb !== undefined; skb = skb.next) pcount += pcountOf(skb);
    expect(pcount).toBe(10);
    s.in(ack(10_001)).info({ unacked: 0, sacked: 0, lost: 0 });
  });

  it('of a FIN need its number, too', () => {
    const s = inFlight(3).close();
    s.take();
    s.in(ack(1, '1001:3001')).info({ sacked: 2 });
    s.in(ack(1, '1001:3002')).info({ sacked: 3 });
  });

  it('come with ACKs that are too late to acknowledge anything (prr-ss-ack-below-snd_una)', () => {
    const s = inFlight(10, 10_000);
    s.in(ack(1, '1001:2001')).out('. 10001:11001(1000)');
    s.in(ack(4001, '8001:9001')).ignore();
    const { sackedOut } = s.sk;
    s.in(ack(3001, '5001:7001'));
    expect(s.sk.sackedOut).toBe(sackedOut + 2);
  });
});

describe('far more in the queue than the send buffer takes', () => {
  /** How many packets there are after a block that has half of one: they are of two segments. */
  const after = (s: Script, block: string): number => {
    s.in(`. 1:1(0) ack 1 win 1000 <nop,nop,sack ${block}>`);
    return s.sk.rtxQueue.qlen;
  };

  it('is not cut further, but at its ends', () => {
    const s = overfull();
    expect(s.sk.rtxQueue.qlen).toBe(150);
    expect(after(s, '150001:151001')).toBe(150);
    s.info({ sacked: 0 });
    expect(after(s, '1001:2001')).toBe(151);
    expect(after(s, '299001:300001')).toBe(152);
    s.info({ sacked: 2 });
    expect(s.host.tcp.mib.TcpExt.TCPWqueueTooBig).toBe(1);
    s.in('. 1:1(0) ack 300001 win 1000').info({ unacked: 0, sacked: 0, lost: 0 });
  });

  it('begins at twice the buffer and four of the largest super-packets', () => {
    const s = overfull();
    const most = (): number => (s.sk.wmemQueued >> 1) - 2 * (65_536 + 256 + 320);
    s.sk.sndbuf = most();
    expect(after(s, '150001:151001')).toBe(151);
    s.sk.sndbuf = most() - 1;
    expect(after(s, '160001:161001')).toBe(151);
    s.info({ sacked: 1 });
  });
});

describe('blocks that make no sense', () => {
  it.each([
    ['is beyond what was sent', '9001:12001'],
    ['begins beyond it', '12001:13001'],
    ['is turned round', '5001:4001'],
    ['is empty', '5001:5001'],
    ['begins at SND.UNA', '1:2001'],
    ['is half the sequence space away', '2147483649:2147484649'],
  ])('change nothing and are counted: one %s', (_name, block) => {
    const s = inFlight();
    s.in(ack(1, '3001:4001', block)).info({ sacked: 1, lost: 0 });
    expect(s.host.tcp.mib.TcpExt.TCPSACKDiscard).toBe(1);
    expect(sacked(s)).toStrictEqual(['3001:4001']);
  });

  it('are old where the ACK is old, and not counted', () => {
    const s = inFlight();
    s.in(ack(5001));
    s.in(ack(2001, '3001:4001')).info({ sacked: 0 });
    expect(s.host.tcp.mib.TcpExt.TCPSACKDiscard).toBe(0);
  });

  it('do nothing on a connection without SACK', () => {
    const s = new Script().accepted({ mss: 1000, win: 64_000, rtt: 0.1 });
    s.send(5000).ignore();
    s.in(ack(1, '3001:4001')).in(ack(1, '2001:4001')).info({ sacked: 2, caState: CA_DISORDER }); // duplicates
    expect(sacked(s)).toStrictEqual([]);
  });
});

describe('D-SACKs', () => {
  it('take a recovery back when every retransmission was one too many', () => {
    const s = inFlight();
    s.in(ack(1, '1001:4001')).out('. 1:1001(1000)').info({ caState: CA_RECOVERY, sndSsthresh: 5 });
    s.after(0.02).in(ack(10_001)).info({ caState: CA_OPEN, sndSsthresh: 5 });
    s.after(0.09)
      .in(ack(10_001, '1:1001'))
      .info({ caState: CA_OPEN, sndSsthresh: 0x7fff_ffff, dsackDups: 1 });
    expect(s.host.tcp.mib.TcpExt).toMatchObject({
      TCPDSACKRecv: 1,
      TCPDSACKRecvSegs: 1,
      TCPDSACKUndo: 1,
      TCPFullUndo: 0,
    });
  });

  it('within the second block take back what was never lost', () => {
    const s = inFlight();
    s.in(ack(1, '3001:6001')).out('. 1:1001(1000)').quiet();
    s.after(0.05)
      .in(ack(1, '4001:5001', '3001:6001'))
      .info({ dsackDups: 1, sacked: 3 });
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPDSACKOfoRecv: 1, TCPDSACKRecv: 0 });
  });

  it('of more than was ever retransmitted, or than the peer has window, are not believed', () => {
    const s = inFlight();
    s.in(ack(5001, '1001:2001')).info({ dsackDups: 1 });
    s.in(ack(5001, '1001:1001')).in(ack(6001, '4294897297:1001'));
    expect(s.host.tcp.mib.TcpExt).toMatchObject({
      TCPDSACKRecv: 3,
      TCPDSACKIgnoredDubious: 3,
      TCPDSACKUndo: 0,
    });
  });

  it('are ignored where there is nothing to take back, or from before that', () => {
    const s = inFlight();
    s.sk.totalRetrans = 10;
    s.in(ack(5001, '1001:2001'));
    expect(s.host.tcp.mib.TcpExt.TCPDSACKIgnoredNoUndo).toBe(1);
    s.in(ack(5001, '6001:9001')).out('. 5001:6001(1000)');
    s.in(ack(5001, '1001:2001', '6001:9001'));
    expect(s.host.tcp.mib.TcpExt.TCPDSACKIgnoredOld).toBe(1);
  });
});

describe('a peer that takes back what it told (RFC 2018 §8)', () => {
  it('is given half a round trip, ten milliseconds at least, then all of it is sent again', () => {
    const s = inFlight();
    s.in(ack(1, '2001:3001')).info({ sacked: 1 });
    s.in(ack(2001)).info({ sacked: 1 }).quiet();
    s.after(0.049)
      .quiet()
      .after(0.001)
      .out('. 2001:3001(1000)')
      .quiet()
      .info({ caState: CA_LOSS, sacked: 0, lost: 8, retrans: 1 });
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPSACKReneging: 1, TCPTimeouts: 1 });
    s.in(ack(10_001)).info({ unacked: 0, sacked: 0, lost: 0, retrans: 0 });
  });

  it('is forgiven where the next ACK is as it should be', () => {
    const s = inFlight();
    s.in(ack(1, '2001:3001')).in(ack(2001)).after(0.04).in(ack(3001)).after(0.1).quiet();
    expect(s.host.tcp.mib.TcpExt.TCPSACKReneging).toBe(0);
  });
});

describe('ten thousand segments in flight', () => {
  /** An engine that walks over the queue for each ACK takes ten times as long as it may. */
  const LIMIT = 10_000;

  it(
    'and every other one told of, one by one from behind, cost no walk over the others',
    () => {
      const n = 10_000;
      const s = new Script({ sysctl: { tcp_wmem: [4096, 1 << 26, 1 << 26] } });
      s.accepted({ mss: 100, win: 60_000, wscale: 14, sack: true, rtt: 0.1 });
      Object.assign(s.sk, { sndCwnd: n, sndbuf: 1 << 28, sndWnd: 1 << 28, maxWindow: 1 << 28 });
      s.send(n * 100)
        .ignore()
        .after(0.1);
      expect(s.sk.rtxQueue.qlen).toBe(n);
      const block = (i: number) => `${i * 100 + 1}:${i * 100 + 101}`;
      let delivered = 0;
      for (let i = n - 1; i > 0; i -= 2) {
        const blocks = [i, i + 2, i + 4].filter((k) => k < n).map(block);
        s.in(`. 1:1(0) ack 1 win 60000 <nop,nop,sack ${blocks.join(' ')}>`);
        expect(s.sk.sackedOut).toBe(++delivered);
      }
      expect(s.sk.sackRuns?.length).toBe(n / 2);
      s.info({ caState: CA_DISORDER, reordering: 300, reordSeen: n / 2 - 1 });
      // The reordering window is over: what is missing is lost, all at once, and sent as PRR lets it.
      s.after(0.03).info({ caState: CA_RECOVERY, lost: n / 2, sacked: n / 2 });
      s.in(`. 1:1(0) ack ${n * 100 + 1} win 60000`).info({ unacked: 0, sacked: 0, lost: 0, retrans: 0 });
    },
    LIMIT,
  );
});

/**
 * Every field of `TCP_INFO` says what its name tells, or is known to say nothing.
 */
import { SK_PACING_NEEDED } from '@stack/skbuff/sock';
import { describe, expect, it } from 'vitest';
import type { TcpInfo } from './info.ts';
import { ack, established, inFlight } from './mib.fixture.ts';
import { Script } from './script.fixture.ts';
import { CLOSE, ESTABLISHED, LISTEN } from './state.ts';
import { CA_LOSS, CA_RECOVERY } from './tcb-values.ts';

/** What a socket says before it does anything. */
const INITIAL = ((): TcpInfo => {
  const s = new Script();
  return s.host.tcp.info(s.now, s.sk);
})();

/** Fields that are the same whatever happens, and why. */
const STILL: Partial<Record<keyof TcpInfo, string>> = {
  fackets: 'FACK is no more, in Linux neither',
  lastAckSent: 'nobody remembers it, in Linux neither',
  rehash: 'no flow label, and no hash of the flow, is changed after a timeout',
};

/** Accurate ECN: a connection that the peer opened, with its option. */
function accurate(): Script {
  const s = new Script({ sysctl: { tcp_ecn: 3 } }).listens(0);
  s.in('SEWA 0:0(0) win 60000 <mss 1000,nop,nop,sackOK>').after(0.1);
  s.in('.W 1:1(0) ack 1 win 60000 <ECN e1b 1 ceb 0 e0b 1,nop>').accept().ignore();
  s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  return s;
}

interface Scenario {
  readonly name: string;
  readonly says: Partial<TcpInfo>;
  run(): Script;
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a handshake with all options, of 100 ms',
    says: {
      state: ESTABLISHED,
      options: 1 | 2 | 4,
      sndWscale: 5,
      rcvWscale: 7,
      advmss: 1448,
      sndMss: 988,
      pmtu: 1500,
      rtt: 100_000,
      rttvar: 50_000,
      minRtt: 100_000,
      rto: 300_000,
      sndWnd: 60_000,
      rcvWnd: 65_160,
      rcvSsthresh: 64_088,
      rcvSpace: 14_480,
      segsIn: 2,
      segsOut: 0, // the SYN-ACK was the request's
      delivered: 1,
      deliveryRateAppLimited: 1,
      pacingRate: 197_600,
    },
    run: () => established({ wscale: 5, ts: true, sack: true, rtt: 0.1 }),
  },
  {
    name: 'segments that are in flight, and more that the application wrote',
    says: {
      unacked: 10,
      notsentBytes: 500,
      dataSegsOut: 10,
      segsOut: 10,
      bytesSent: 10_000,
      bytesAcked: 0,
      busyTime: 100_000,
      lastDataSent: 100,
    },
    run: () => inFlight(10, {}, {}, 500),
  },
  {
    name: 'segments that were acknowledged',
    says: {
      unacked: 0,
      bytesAcked: 10_000,
      sndCwnd: 20,
      delivered: 11,
      deliveryRate: 100_000,
      lastAckRecv: 30,
      lastDataSent: 130,
      busyTime: 100_000,
    },
    run: () => inFlight(10).in(ack(10_001)).after(0.03),
  },
  {
    name: 'a window that was what limits for two round trips',
    says: { deliveryRateAppLimited: 0, deliveryRate: 200_000 },
    run: () => inFlight(10, {}, {}, 30_000).in(ack(10_001)).after(0.1).in(ack(30_001)),
  },
  {
    name: 'segments that came, one of them out of order',
    says: {
      bytesReceived: 1000,
      dataSegsIn: 2,
      segsIn: 4,
      rcvMss: 1000,
      rcvOoopack: 1,
      ato: 40_000,
      lastDataRecv: 50,
    },
    run: () =>
      established({ sack: true }).in('. 1:1001(1000) ack 1').in('. 2001:3001(1000) ack 1').after(0.05),
  },
  {
    name: 'a window that came in, 100 ms after it was offered',
    says: { rcvRtt: 100_000 },
    run: () => {
      const s = established({ ts: true });
      s.after(0.1).in('. 1:1001(1000) ack 1 win 60000 <nop,nop,TS val 9 ecr 1000>');
      return s;
    },
  },
  {
    name: 'a recovery: SACK tells of three segments, and one is sent again',
    says: {
      caState: CA_RECOVERY,
      sacked: 3,
      lost: 1,
      retrans: 1,
      totalRetrans: 1,
      bytesRetrans: 1000,
      sndSsthresh: 5,
      retransmits: 0,
    },
    run: () => inFlight(10).in(ack(1, '1001:4001')),
  },
  {
    name: 'reordering of six segments',
    says: { reordering: 6, reordSeen: 1 },
    run: () => {
      const s = inFlight(10).in(ack(1, '2001:3001')).in(ack(1, '6001:7001')).in(ack(1, '8001:9001'));
      return s.after(0.007).in(ack(1, '2001:4001', '6001:7001', '8001:9001'));
    },
  },
  {
    name: 'a D-SACK',
    says: { dsackDups: 1 },
    run: () => inFlight(10).in(ack(1, '1001:4001')).in(ack(10_001, '1:1001')),
  },
  {
    name: 'two timeouts',
    says: {
      caState: CA_LOSS,
      retransmits: 2,
      backoff: 2,
      rto: 1_200_000,
      totalRto: 2,
      totalRtoRecoveries: 1,
      sndCwnd: 1,
    },
    run: () => inFlight(10, { sack: false }).after(0.85),
  },
  {
    name: 'a timeout that was made good 100 ms later',
    says: { totalRto: 1, totalRtoRecoveries: 1, totalRtoTime: 100, retransmits: 0 },
    run: () => inFlight(1, { sack: false }).after(0.2).after(0.1).in(ack(1001)).send(1000).in(ack(2001)),
  },
  {
    name: 'probes of a window that is closed for 600 ms',
    says: { probes: 1, backoff: 1, sndWnd: 0, rwndLimited: 600_000, busyTime: 700_000 },
    run: () => inFlight(1).in('. 1:1(0) ack 1001 win 0').send(1000).after(0.6),
  },
  {
    name: 'a send buffer that is too small, as who polls notices 50 ms after the first write',
    says: { sndbufLimited: 30_000, busyTime: 80_000, rwndLimited: 0 },
    run: () => {
      const s = established({ rtt: 0.1, prepare: (sk) => Object.assign(sk, { sndbuf: 6000, userlocks: 1 }) });
      const { tcp } = s.host;
      tcp.setsockopt(s.now, s.sk, 'TCP_CORK', 1);
      s.send(3300).after(0.05);
      tcp.poll(s.sk);
      tcp.setsockopt(s.now, s.sk, 'TCP_CORK', 0);
      return s.after(0.03);
    },
  },
  {
    name: 'a limit of the rate',
    says: { maxPacingRate: 250_000, pacingRate: 250_000 },
    run: () => {
      const s = established();
      Object.assign(s.sk, { maxPacingRate: 250_000, pacingStatus: SK_PACING_NEEDED });
      return s.send(1000).after(0.001).in(ack(1001));
    },
  },
  {
    name: 'fast open without a cookie',
    says: { fastopenClientFail: 1 },
    run: () => new Script().fastopen(10, 0),
  },
  {
    name: 'marks of the path, as the peer counts them',
    says: {
      deliveredCe: 1,
      deliveredCeBytes: 988,
      deliveredE0Bytes: 1000,
      deliveredE1Bytes: 976,
      accecnOptSeen: 2,
    },
    run: () =>
      accurate().send(2964).after(0.1).in('.WA 1:1(0) ack 2965 win 60000 <ECN e1b 977 ceb 988 e0b 1001,nop>'),
  },
  {
    name: 'marks of the path, as they came',
    says: {
      receivedE0Bytes: 1000,
      receivedE1Bytes: 100,
      receivedCeBytes: 10,
      receivedCe: 1,
      options: 2 | 8 | 16,
    },
    run: () => {
      const s = accurate().in('[ect0] P.EA 1:1001(1000) ack 1 win 60000');
      return s.in('[ect1] P.EA 1001:1101(100) ack 1 win 60000').in('[ce] P.EA 1101:1111(10) ack 1 win 60000');
    },
  },
  {
    name: 'an option of Accurate ECN that was zeroed on the way',
    says: { accecnFailMode: 8, accecnOptSeen: 3 },
    run: () => {
      const s = new Script({ sysctl: { tcp_ecn: 3 } }).connect();
      return s.in('S.W 0:0(0) ack 1 win 60000 <mss 1000,ECN e1b 0 ceb 0 e0b 0,nop>');
    },
  },
];

const told = ({ host, now, sk }: Script): TcpInfo => host.tcp.info(now, sk);

describe('what happens is told', () => {
  it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))('%s', (_, { run, says }) => {
    const info = told(run());
    expect(info).toMatchObject(says);
    for (const name of Object.keys(STILL)) expect(info).toHaveProperty(name, INITIAL[name as keyof TcpInfo]);
  });

  it('is told of a listener: who waits for accept, and its backlog', () => {
    const s = new Script();
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 7);
    s.in('S 0:0(0) win 100 <mss 1000>').in('. 1:1(0) ack 1 win 100');
    const { pacingRate, maxPacingRate } = INITIAL;
    const info = told(s);
    expect(info).toMatchObject({
      state: LISTEN,
      unacked: 1,
      sacked: 7,
      pacingRate,
      maxPacingRate,
      reordering: 3,
      sndCwnd: 10,
    });
    expect(Object.values(info).filter((value) => value !== 0)).toHaveLength(7);
  });
});

describe('the fields', () => {
  it('all are changed by a scenario, or known to say nothing', () => {
    expect(INITIAL.state).toBe(CLOSE);
    const proven = new Set<string>(Object.keys(STILL));
    for (const { says } of SCENARIOS) {
      for (const [name, value] of Object.entries(says)) {
        if (value !== INITIAL[name as keyof TcpInfo]) proven.add(name);
      }
    }
    expect(Object.keys(INITIAL).filter((name) => !proven.has(name))).toStrictEqual([]);
  });
});

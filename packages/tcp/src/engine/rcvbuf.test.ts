/**
 * Receive buffers that follow the application: what `tcp_moderate_rcvbuf` promises.
 */
import { describe, expect, it } from 'vitest';
import { Script } from './script.fixture.ts';
import type { TcpSysctl } from './sysctl.ts';
import { spaceFromWin } from './window.ts';

const MSS = 1460;
/** One round trip of the tests, seconds. */
const RTT = 0.01;

function receiver(sysctl: Partial<TcpSysctl> = {}, ts = false): Script {
  return new Script({ sysctl: sysctl as object }).accepted({ mss: MSS, wscale: 7, win: 65_535, ts });
}

/** The peer fills a window in each round trip, and the application takes `share` of it. */
function fill(s: Script, trips: number, share = 1): void {
  const { sk } = s;
  for (let trip = 0; trip < trips; trip++) {
    const window = (sk.rcvWup + sk.rcvWnd - sk.rcvNxt) | 0;
    for (let left = window; left >= MSS; left -= MSS) {
      const seq = (sk.rcvNxt - sk.irs) | 0;
      const clock = Math.round(s.now / 1000);
      const options = sk.tstampOk ? ` <nop,nop,TS val ${clock} ecr ${clock}>` : '';
      s.in(`. ${seq}:${seq + MSS}(${MSS}) ack 1 win 500${options}`);
    }
    const waiting = (sk.rcvNxt - sk.copiedSeq) | 0;
    s.recv(Math.floor(waiting * share));
    s.ignore().after(RTT);
  }
}

describe('the receive buffer', () => {
  it.each([false, true])('grows with what is taken in a round trip, up to tcp_rmem; timestamps: %s', (ts) => {
    const s = receiver({}, ts);
    fill(s, 4);
    expect(s.sk.rcvbuf).toBeGreaterThan(131_072);
    expect(s.sk.rcvbuf).toBeLessThan(6_291_456);
    fill(s, 10);
    expect(s.sk.rcvbuf).toBe(6_291_456);
    s.info({ rcvSpace: s.sk.rcvqSpace });
    expect(s.sk.rcvWnd).toBeGreaterThan(2_000_000);
  });

  it('is what it was where tcp_moderate_rcvbuf is off', () => {
    const s = receiver({ tcp_moderate_rcvbuf: 0 });
    fill(s, 8);
    expect(s.sk.rcvbuf).toBe(131_072);
    expect(s.sk.rcvqSpace).toBeGreaterThan(14_600);
  });

  it('is what SO_RCVBUF made it', () => {
    const s = receiver();
    s.sk.userlocks |= 2;
    fill(s, 8);
    expect(s.sk.rcvbuf).toBe(131_072);
  });

  it('does not grow for an application that takes as much in each round trip as in the one before', () => {
    const s = receiver();
    fill(s, 3);
    const { rcvbuf, rcvqSpace } = s.sk;
    for (let trip = 0; trip < 8; trip++) {
      const seq = (s.sk.rcvNxt - s.sk.irs) | 0;
      s.in(`. ${seq}:${seq + MSS}(${MSS}) ack 1 win 500`)
        .recv(MSS)
        .ignore()
        .after(RTT);
    }
    expect(s.sk.rcvbuf).toBe(rcvbuf);
    expect(s.sk.rcvqSpace).toBe(rcvqSpace);
  });
});

describe('a gap', () => {
  /** 30 segments behind one that is missing. */
  function behind(s: Script): Script {
    const base = (s.sk.rcvNxt - s.sk.irs) | 0;
    for (let i = 1; i <= 30; i++) {
      s.in(`. ${base + i * MSS}:${base + (i + 1) * MSS}(${MSS}) ack 1 win 500`).ignore();
    }
    return s;
  }
  const connected = () => new Script().accepted({ mss: MSS, wscale: 7, win: 65_535, sack: true });
  const room = (s: Script) => spaceFromWin(s.sk, 2 * s.sk.rcvqSpace + 30 * MSS + MSS);

  it('has room made for what waits behind it', () => {
    const s = connected();
    s.sk.wake = () => {};
    s.sk.rcvbuf = 65_536;
    behind(s);
    expect(s.sk.rcvbuf).toBe(room(s));
    expect(s.sk.rcvbuf).toBeGreaterThan(65_536);
  });

  it('has not, while nobody is there to read: a peer could fill memory', () => {
    const s = connected();
    s.sk.rcvbuf = 65_536;
    behind(s);
    expect(s.sk.rcvbuf).toBe(65_536);
  });
});

describe("the sender's round trip", () => {
  it('is forgotten with the connection', () => {
    const s = receiver();
    fill(s, 4);
    expect(s.sk.rcvRtt).toBeGreaterThan(0);
    s.host.tcp.disconnect(s.now, s.sk);
    expect([s.sk.rcvRtt, s.sk.rcvRttTime, s.sk.rcvRttTsecr]).toEqual([0, -1, 0]);
  });

  it('is the time that a window takes, without timestamps', () => {
    const s = receiver();
    fill(s, 4);
    s.info({ rcvRtt: 10_000 });
  });

  it('is never more than it was, for a sender may pause', () => {
    const s = receiver();
    fill(s, 4);
    s.after(1);
    fill(s, 2);
    s.info({ rcvRtt: 10_000 });
  });

  it('is what full segments echo, with them: a smoothed mean', () => {
    const s = receiver({}, true);
    const echoed = (ms: number): void => {
      const seq = (s.sk.rcvNxt - s.sk.irs) | 0;
      const ecr = Math.round(s.now / 1000) - ms;
      s.in(`. ${seq}:${seq + MSS}(${MSS}) ack 1 win 500 <nop,nop,TS val 9 ecr ${ecr}>`).ignore();
    };
    echoed(20);
    s.info({ rcvRtt: 20_000 });
    s.after(RTT);
    echoed(28);
    expect(s.sk.rcvRtt >> 3).toBe(21_000);
  });
});

/**
 * The search for the path MTU: when it probes, what becomes of probes, and what a black hole does (RFC 4821).
 */
import { describe, expect, it } from 'vitest';
import { pattern } from './fixture.ts';
import { MSG_EOR } from './messages.ts';
import { Script } from './script.fixture.ts';

/** A connection that was opened from here, at an MSS of 1024 until it has found more. */
function searching(sysctl = {}): Script {
  const s = new Script({ sysctl: { tcp_mtu_probing: 2, ...sysctl }, gsoMaxSize: 65_536 });
  s.connected({ mss: 1460, win: 60_000, sack: true });
  s.sk.sndCwnd = 20;
  return s;
}

const write = (s: Script, n: number, flags = 0) => s.host.tcp.sendmsg(s.now, s.sk, pattern(n), 0, n, flags);

/** (1500 + 1064) / 2, without headers. */
const PROBE = 1242;

describe('a probe', () => {
  it('is sent when what waits makes it and the segments that would show its loss', () => {
    const needed = PROBE + 4 * 1024;
    const few = searching();
    write(few, needed - 1);
    few.ignore();
    expect(few.sk.mtup?.probeSize).toBe(0);
    const s = searching();
    write(s, needed);
    s.out('. 1:1243(1242) ack 1').ignore();
    expect(s.sk.mtup).toMatchObject({ probeSize: 1282, searchHigh: 1500, searchLow: 1064 });
    expect(s.sk.sndCwnd).toBe(19);
  });

  it('is none without a search, with a small window, or where the difference is not worth it', () => {
    for (const [sysctl, cwnd] of [
      [{ tcp_mtu_probing: 0 }, 20],
      [{ tcp_mtu_probing: 1 }, 20],
      [{}, 10],
      [{ tcp_probe_threshold: 437 }, 20],
    ] as const) {
      const s = searching(sysctl);
      s.sk.sndCwnd = cwnd;
      write(s, 9000);
      expect(s.sk.sndNxt - s.sk.iss).toBeGreaterThan(1000);
      expect(s.sk.mtup?.probeSize ?? 0).toBe(0);
      s.ignore();
    }
  });

  it('waits for room in the window of the peer, and all else with it', () => {
    const s = searching();
    write(s, 1000);
    s.out('P. 1:1001(1000) ack 1').in('. 1:1(0) ack 1 win 6000');
    write(s, 8000);
    s.quiet();
    s.in('. 1:1(0) ack 1001 win 6000').out('. 1001:2243(1242) ack 1').ignore();
  });

  it('takes no bytes that have to stay apart', () => {
    const s = searching();
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_CORK', 1);
    write(s, 500, MSG_EOR);
    write(s, 9000);
    s.out('P. 1:501(500) ack 1').ignore();
    expect(s.sk.mtup?.probeSize).toBe(0);
  });

  it('that is acknowledged makes segments larger, and the window smaller by as much', () => {
    const s = searching();
    write(s, 6000);
    s.ignore().in('. 1:1(0) ack 1243 win 60000').ignore();
    expect(s.sk.mtup).toMatchObject({ probeSize: 0, searchLow: 1282, searchHigh: 1500 });
    expect(s.sk.mssCache).toBe(PROBE);
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPMTUPSuccess: 1, TCPMTUPFail: 0 });
    expect(s.sk.sndCwnd).toBe(Math.floor((19 * 1064) / 1282));
  });

  it('that is lost is sent again in smaller segments, which is no congestion', () => {
    const s = searching();
    const threshold = s.sk.sndSsthresh;
    write(s, 6000);
    s.ignore().in('. 1:1(0) ack 1 win 60000 <nop,nop,sack 1243:4315>');
    s.out('. 1:1025(1024) ack 1').out('P. 1025:1243(218) ack 1').ignore();
    expect(s.sk.mtup).toMatchObject({ probeSize: 0, searchHigh: 1281, searchLow: 1064 });
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPMTUPFail: 1, TCPSackRecovery: 0 });
    expect([s.sk.sndCwnd, s.sk.sndSsthresh]).toEqual([20, threshold]);
  });

  it('says nothing where it was sent again for another reason', () => {
    const s = searching();
    write(s, 6000);
    s.ignore().after(0.5).ignore(); // the timeout
    expect(s.sk.mtup?.probeSize).toBe(0);
    expect(s.host.tcp.mib.TcpExt).toMatchObject({ TCPMTUPFail: 0, TCPMTUPSuccess: 0 });
  });
});

describe('a search', () => {
  it('that is over begins anew after tcp_probe_interval', () => {
    const s = searching({ tcp_probe_interval: 2, tcp_slow_start_after_idle: 0 });
    const mtup = s.sk.mtup;
    if (mtup === undefined) throw new Error();
    mtup.searchHigh = 1070; // less than the threshold above 1064
    write(s, 100);
    s.ignore().in('. 1:1(0) ack 101 win 60000');
    expect(mtup.searchHigh).toBe(1070);
    s.after(2.5);
    write(s, 100);
    expect(mtup).toMatchObject({ searchHigh: 1500, searchLow: 1064 });
    s.ignore();
  });

  it('begins in a black hole with tcp_mtu_probing 1, and goes down by halves to the floor', () => {
    const s = new Script({ sysctl: { tcp_mtu_probing: 1, tcp_mtu_probe_floor: 300 } });
    s.accepted({ mss: 1460, win: 60_000 });
    write(s, 1460);
    s.out('P. 1:1461(1460) ack 1');
    for (const wait of [0.2, 0.4, 0.8, 1.6]) s.after(wait).out('P. 1:1461(1460) ack 1');
    s.after(3.2).out('. 1:1025(1024) ack 1');
    s.after(6.4).out('. 1:513(512) ack 1');
    s.after(12.8).out('. 1:301(300) ack 1');
    s.after(25.6).out('. 1:301(300) ack 1');
  });
});

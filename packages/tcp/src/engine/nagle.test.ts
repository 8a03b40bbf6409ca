/**
 * Small segments: Nagle (RFC 9293 §3.7.4), TCP_NODELAY, TCP_CORK, MSG_MORE, PSH (§3.9.1.2), small queues.
 */
import { describe, expect, it } from 'vitest';
import { connected, pair, pattern, read, write } from './fixture.ts';
import { MSG_EOR, MSG_MORE } from './messages.ts';
import { Script } from './script.fixture.ts';

const established = (): Script => new Script().accepted({ mss: 1000, win: 60_000 });

describe('Nagle (MUST-17, SHLD-7)', () => {
  it('sends a small segment when nothing is in flight, the next when that is acknowledged', () => {
    const s = established();
    s.send(10).out('P. 1:11(10) ack 1');
    s.send(20).quiet().send(30).quiet();
    s.in('. 1:1(0) ack 11 win 60000').out('P. 11:61(50) ack 1');
  });

  it('sends full segments at once; of two small ones in a row one waits (Minshall)', () => {
    const s = established();
    s.send(1010).out('. 1:1001(1000) ack 1').out('P. 1001:1011(10) ack 1');
    s.send(10).quiet();
    s.send(2000).out('. 1011:2011(1000) ack 1').out('. 2011:3011(1000) ack 1').quiet();
  });

  it('has small writes grow together into full segments where they wait (Linux 6.10)', () => {
    const s = established();
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
    s.send(10_000).ignore(); // the congestion window is full
    for (let i = 0; i < 5; i++) s.send(300, MSG_EOR);
    s.send(300).send(700, MSG_EOR).send(900);
    const queued = s.sk.wmemQueued;
    s.in('. 1:1(0) ack 10001 win 60000');
    for (let i = 0; i < 5; i++) s.out(`P. ${10_001 + 300 * i}:${10_301 + 300 * i}(300) ack 1`); // MSG_EOR parts them
    s.out('P. 11501:12501(1000) ack 1').out('P. 12501:13401(900) ack 1').quiet();
    expect(s.sk.wmemQueued).toBeLessThan(queued);
    s.in('. 1:1(0) ack 13401 win 60000');
    expect(s.sk.wmemQueued).toBe(0);
  });

  it('is switched off by TCP_NODELAY, which also sends what waits', () => {
    const s = established();
    s.send(10).out('P. 1:11(10) ack 1').send(20).quiet();
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
    s.out('P. 11:31(20) ack 1');
    s.send(5).out('P. 31:36(5) ack 1');
    expect(s.host.tcp.getsockopt(s.now, s.sk, 'TCP_NODELAY')).toBe(1);
  });
});

describe('corking (MAY-16)', () => {
  it('holds what is not a full segment until TCP_CORK is off', () => {
    const s = established();
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_CORK', 1);
    s.send(10).quiet().send(1010).out('. 1:1001(1000) ack 1').quiet();
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_CORK', 0);
    s.in('. 1:1(0) ack 1001 win 60000').out('P. 1001:1021(20) ack 1');
  });

  it('sends it after 200 ms all the same', () => {
    const s = established();
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_CORK', 1);
    s.send(10).quiet().after(0.2).out('P. 1:11(10) ack 1');
  });

  it('ends a record with MSG_EOR: what follows is no part of its segment, now or when it is sent again', () => {
    const s = new Script({ gsoMaxSize: 65_536 }).accepted({ mss: 1000, win: 60_000 });
    s.host.link.gso = true;
    s.send(10).out('P. 1:11(10) ack 1');
    s.send(20, MSG_EOR).quiet();
    s.send(30).out('P. 11:31(20) ack 1').quiet(); // nothing can be added to it, so it need not wait
    s.in('. 1:1(0) ack 31 win 60000').out('P. 31:61(30) ack 1');
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
    s.send(5, MSG_EOR).send(6).send(7).take();
    s.after(2).ignore();
    expect(s.sk.rtxQueue.first?.len).toBe(35); // 30 and 5, up to the end of the record
  });

  it('is MSG_MORE for one call', () => {
    const s = established();
    s.send(10, MSG_MORE).quiet().send(20, MSG_MORE).quiet().send(5).out('P. 1:36(35) ack 1');
  });
});

describe('PSH', () => {
  it('goes with the last segment of a write, and with half a window of one (MUST-60, MUST-61, SHLD-28)', () => {
    const s = established();
    s.send(2500).out('. 1:1001(1000) ack 1').out('. 1001:2001(1000) ack 1').out('P. 2001:2501(500) ack 1');
  });

  it('gathers a write that cannot be sent with the next (SHLD-27): packets do not keep record boundaries', () => {
    const s = established();
    s.send(10).out('P. 1:11(10) ack 1').send(7).send(8).send(9).quiet();
    s.in('. 1:1(0) ack 11 win 60000').out('P. 11:35(24) ack 1');
  });
});

describe('small queues', () => {
  it('hand the queues below no more than tcp_limit_output_bytes, and go on when packets left', () => {
    const { world, a, b } = pair({ delay: 1000, usPerByte: 0.01 });
    a.sysctl.tcp_limit_output_bytes = 20_000;
    a.sysctl.tcp_slow_start_after_idle = 0;
    const { client, server } = connected(world, a, b);
    client.sndbuf = 1 << 20;
    client.sndCwnd = 1000;
    let most = 0;
    a.tap = () => {
      most = Math.max(most, client.wmemAlloc);
      return false;
    };
    let received = 0;
    read(b, server, (bytes) => {
      received = bytes.length;
    });
    write(a, client, pattern(500_000), () => a.tcp.shutdown(world.now, client, 2));
    world.advance(3_000_000);
    expect(received).toBe(500_000);
    expect(most).toBeGreaterThan(10_000);
    expect(most).toBeLessThan(110_000);
    expect(a.tcp.mib.Tcp.RetransSegs).toBe(0);
  });

  it('gathers small writes while packets of the socket wait below (autocorking)', () => {
    const { world, a, b } = pair({ delay: 1000, usPerByte: 10 });
    const { client } = connected(world, a, b);
    a.tcp.setsockopt(world.now, client, 'TCP_NODELAY', 1);
    const one = new Uint8Array(100);
    a.tcp.sendmsg(world.now, client, one, 0, 100, 0);
    for (let i = 0; i < 9; i++) a.tcp.sendmsg(world.now, client, one, 0, 100, 0);
    expect(a.tcp.mib.TcpExt.TCPAutoCorking).toBe(1);
    world.advance(100_000);
    expect(client.dataSegsOut).toBeLessThan(4);
    expect(client.bytesAcked).toBe(1001); // the SYN counts, as in Linux
  });
});

describe('a super-packet that could grow', () => {
  const busy = (): Script => {
    const s = new Script({ gsoMaxSize: 65_536 }).accepted({ mss: 1000, win: 60_000, rtt: 0.001 });
    return s.send(20_000).ignore(); // the congestion window is full
  };

  it('waits for more ACKs behind a send of less than a millisecond ago', () => {
    busy().after(0.0009).in('. 1:1(0) ack 1001 win 60000').quiet();
  });

  it('goes at once a millisecond behind it', () => {
    busy()
      .after(0.001)
      .in('. 1:1(0) ack 1001 win 60000')
      .out('. 10001:11001(1000) ack 1')
      .out('P. 11001:12001(1000) ack 1');
  });
});

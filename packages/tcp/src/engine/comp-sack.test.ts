/** ACKs behind a gap that are gathered: `tcp_comp_sack_*`. */
import { describe, expect, it } from 'vitest';
import { Script } from './script.fixture.ts';

/** A receiver whose peer's round trip is 100 ms: a twentieth of it is more than `tcp_comp_sack_delay_ns`. 1:1001 is missing. */
function gap(sysctl: Record<string, number> = {}, sack = true, rtt = 0.1): Script {
  const s = new Script({ sysctl }).accepted({ mss: 1000, win: 60_000, sack, rtt });
  s.sk.rcvRtt = Math.round(rtt * 8_000_000);
  for (const at of [1001, 2001, 3001]) s.in(`. ${at}:${at + 1000}(1000) ack 1`);
  expect(s.take()).toHaveLength(3);
  return s;
}

const compressed = (s: Script) => s.host.tcp.mib.TcpExt.TCPAckCompressed;

describe('behind a gap', () => {
  it('three ACKs go at once, the next wait for a millisecond and their slack, and become one', () => {
    const s = gap();
    for (const at of [4001, 5001, 6001, 7001]) s.in(`. ${at}:${at + 1000}(1000) ack 1`).quiet();
    s.after(0.001).quiet();
    expect(compressed(s)).toBe(0);
    s.after(0.0001).out('. 1:1(0) ack 1 <nop,nop,sack 1001:8001>').quiet();
    expect(compressed(s)).toBe(3); // of four, one was sent
    // And the next one begins another wait.
    s.in('. 8001:9001(1000) ack 1').quiet().after(0.0011).out('. 1:1(0) ack 1 <nop,nop,sack 1001:9001>');
    expect(compressed(s)).toBe(3);
  });

  it('they wait for a twentieth of the round trip where that is less, of the two that are known', () => {
    const s = gap({ tcp_comp_sack_slack_ns: 0 }, true, 0.01);
    s.in('. 4001:5001(1000) ack 1').quiet().after(0.0004).quiet().after(0.0001).out('. 1:1(0) ack 1');
    s.sk.rcvRtt = 8 * 4000;
    s.in('. 5001:6001(1000) ack 1').quiet().after(0.0001).quiet().after(0.0001).out('. 1:1(0) ack 1');
  });

  it('one that is not measured yet does not count; and the wait is that of the first of them', () => {
    const s = gap();
    s.sk.srtt = 0;
    s.in('. 4001:5001(1000) ack 1').quiet().after(0.0006);
    s.in('. 5001:6001(1000) ack 1').quiet().after(0.0004).quiet().after(0.0001).out('. 1:1(0) ack 1');
  });

  it('the segment that fills it is answered at once, for all of them', () => {
    const s = gap();
    s.in('. 4001:5001(1000) ack 1').in('. 5001:6001(1000) ack 1').quiet();
    s.in('. 1:1001(1000) ack 1').out('. 1:1(0) ack 6001 <>');
    expect(compressed(s)).toBe(2);
    s.after(0.01).quiet();
    // Another gap has three of its own again, beside the quick ones that begin a stream.
    s.sk.quick = 0;
    for (const at of [7001, 8001, 9001]) s.in(`. ${at}:${at + 1000}(1000) ack 1`).out('. 1:1(0) ack 6001');
    s.in('. 10001:11001(1000) ack 1').quiet();
  });

  it('data that goes out tells for them', () => {
    const s = gap();
    s.in('. 4001:5001(1000) ack 1').quiet();
    s.after(0.0005).send(100).out('P. 1:101(100) ack 1 <nop,nop,sack 1001:5001>');
    expect(compressed(s)).toBe(1);
    // Those after it wait their own time.
    s.in('. 5001:6001(1000) ack 1')
      .quiet()
      .after(0.001)
      .quiet()
      .after(0.0001)
      .out('. 101:101(0) ack 1')
      .quiet();
  });

  it.each([
    ['tcp_comp_sack_nr is 0', { tcp_comp_sack_nr: 0 }, true],
    ['the peer has no SACK', {}, false],
  ])('each is answered where %s', (_name, sysctl, sack) => {
    const s = gap(sysctl, sack);
    for (const at of [4001, 5001, 6001]) s.in(`. ${at}:${at + 1000}(1000) ack 1`).out('. 1:1(0) ack 1');
  });

  it('tcp_comp_sack_nr bounds how many wait', () => {
    const s = gap({ tcp_comp_sack_nr: 2 });
    s.in('. 4001:5001(1000) ack 1').in('. 5001:6001(1000) ack 1').quiet();
    s.in('. 6001:7001(1000) ack 1').out('. 1:1(0) ack 1 <nop,nop,sack 1001:7001>');
    expect(compressed(s)).toBe(2);
  });

  it('a third block has what waits go first, for an ACK is sure to tell two', () => {
    const s = gap();
    s.in('. 5001:6001(1000) ack 1').quiet();
    s.in('. 7001:8001(1000) ack 1').out('. 1:1(0) ack 1 <nop,nop,sack 5001:6001 1001:4001>').quiet();
    expect(compressed(s)).toBe(0);
    // So has a block behind the second that grows. What it was sent for counts as told.
    s.in('. 4001:4501(500) ack 1').in('. 8001:8501(500) ack 1').quiet();
    s.in('. 6001:6501(500) ack 1').out('. 1:1(0) ack 1 <nop,nop,sack 7001:8501 1001:4501 5001:6501>').quiet();
    expect(compressed(s)).toBe(1);
    s.after(0.01).quiet();
  });

  it('what waits after that waits for as long as ever', () => {
    const s = gap();
    s.in('. 5001:6001(1000) ack 1').quiet().after(0.0005);
    s.in('. 7001:8001(1000) ack 1').out('. 1:1(0) ack 1 <nop,nop,sack 5001:6001 1001:4001>');
    s.in('. 4001:4501(500) ack 1').quiet().after(0.001).quiet().after(0.0001).out('. 1:1(0) ack 1');
  });

  it('nor does what a socket gathered count for its next connection', () => {
    const s = gap();
    s.in('. 4001:5001(1000) ack 1').quiet();
    s.host.tcp.disconnect(s.world.now, s.sk);
    expect([s.sk.compressedAcks, s.world.timersPending]).toEqual([undefined, 0]);
  });

  it('nothing is left when the connection ends', () => {
    const s = gap();
    s.in('. 4001:5001(1000) ack 1').quiet();
    s.in('R 1:1(0)');
    expect(s.world.timersPending).toBe(0);
  });
});

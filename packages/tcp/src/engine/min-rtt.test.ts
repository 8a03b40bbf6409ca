/** The least round trip: `tcp_min_rtt_wlen`. */
import { expect, it } from 'vitest';
import { Script } from './script.fixture.ts';

/** Sends and has acknowledged a segment in each of `rtts`, ms, with `pause` s between. The least after each, ms. */
function least(wlen: number, rtts: number[], pause: number): number[] {
  const s = new Script({ sysctl: { tcp_min_rtt_wlen: wlen } }).accepted({
    mss: 1000,
    win: 60_000,
    rtt: 0.05,
  });
  let at = 1;
  return rtts.map((rtt) => {
    at += 1000;
    s.send(1000)
      .after(rtt / 1000)
      .in(`. 1:1(0) ack ${at} win 60000`)
      .take();
    const { minRtt } = s.host.tcp.info(s.now, s.sk);
    s.after(pause);
    return minRtt / 1000;
  });
}

it('is the least of the window; what is older is forgotten, and what was least since takes its place', () => {
  expect(least(300, [40, 60, 30, 90, 80], 10)).toEqual([40, 40, 30, 30, 30]);
  expect(least(10, [20, 60, 50, 70, 80, 90, 90], 4)).toEqual([20, 20, 20, 50, 50, 80, 80]);
});

it('of no window is the last one, and none at all is a millisecond', () => {
  expect(least(0, [40, 60, 30, 90], 1)).toEqual([40, 60, 30, 90]);
  expect(least(300, [0], 1)).toEqual([1]);
});

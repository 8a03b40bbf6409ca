/** Streams with little in flight: `tcp_thin_linear_timeouts`, TCP_THIN_LINEAR_TIMEOUTS. */
import { describe, expect, it } from 'vitest';
import { Script } from './script.fixture.ts';

/** Milliseconds between the timeouts of a stream of `segments`, after the probe of its tail. */
function timeouts(segments: number, sysctl: Record<string, number>, option?: number): number[] {
  const s = new Script({ sysctl: { tcp_early_retrans: 0, ...sysctl } }).accepted({
    mss: 1000,
    win: 60_000,
    sack: true,
    rtt: 0.1,
  });
  const { tcp } = s.host;
  tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  if (option !== undefined)
    expect(tcp.setsockopt(s.now, s.sk, 'TCP_THIN_LINEAR_TIMEOUTS', option)).toBeUndefined();
  s.send(segments * 1000);
  const times: number[] = [];
  for (let last = s.time, count = 0; times.length < 9; s.after(0.001)) {
    const { TCPTimeouts } = tcp.mib.TcpExt;
    if (TCPTimeouts === count) continue;
    count = TCPTimeouts;
    times.push(Math.round((s.time - last) * 10) * 100);
    last = s.time;
  }
  return times;
}

describe('timeouts', () => {
  it.each([
    ['double', 3, {}, undefined, [300, 600, 1200, 2400]],
    [
      'do not, six times, by the sysctl',
      3,
      { tcp_thin_linear_timeouts: 1 },
      undefined,
      [300, 300, 300, 300, 300, 300, 300, 600, 1200],
    ],
    ['or by the option', 3, {}, 1, [300, 300, 300, 300, 300, 300, 300, 600, 1200]],
    ['but do of four segments', 4, { tcp_thin_linear_timeouts: 1 }, undefined, [300, 600, 1200, 2400]],
  ])('%s', (_name, segments, sysctl, option, expected) => {
    expect(timeouts(segments, sysctl, option).slice(0, expected.length)).toEqual(expected);
  });
});

it('the options are 0 or 1; that of duplicate ACKs does nothing', () => {
  const { sk, now, host } = new Script().accepted({ mss: 1000 });
  for (const name of ['TCP_THIN_LINEAR_TIMEOUTS', 'TCP_THIN_DUPACK']) {
    expect(host.tcp.getsockopt(now, sk, name)).toBe(0);
    expect([2, -1, 1].map((value) => host.tcp.setsockopt(now, sk, name, value))).toEqual([
      'EINVAL',
      'EINVAL',
      undefined,
    ]);
  }
  expect(host.tcp.getsockopt(now, sk, 'TCP_THIN_LINEAR_TIMEOUTS')).toBe(1);
  expect(host.tcp.getsockopt(now, sk, 'TCP_THIN_DUPACK')).toBe(0);
});

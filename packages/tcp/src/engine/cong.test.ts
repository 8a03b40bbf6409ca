import { describe, expect, it } from 'vitest';
import { type CongestionOps, CongestionRegistry } from './cong.ts';
import { congestionLaws } from './cong-laws.fixture.ts';
import { reno } from './reno.ts';
import { Script } from './script.fixture.ts';

describe('laws of congestion control', () => {
  congestionLaws(it, reno);
});

describe('the registry (MAY-18)', () => {
  it('refuses what is not complete, and a name that is taken', () => {
    const registry = new CongestionRegistry();
    for (const field of ['ssthresh', 'congAvoid', 'undoCwnd'] as const) {
      expect(() => registry.register({ ...reno, [field]: undefined } as unknown as CongestionOps)).toThrow(
        TypeError,
      );
    }
    expect(() => registry.register({ ...reno, name: '' })).toThrow(TypeError);
    expect(() => registry.register({ ...reno, name: 'sixteen-letters!' })).toThrow(TypeError);
    expect(registry.register(reno)).toBeUndefined();
    expect(registry.register({ ...reno })).toBe('EEXIST');
    expect(registry.register({ ...reno, name: 'other' })).toBeUndefined();
    const whole = { ...reno, name: 'whole', congAvoid: undefined, congControl: () => {} };
    expect(registry.register(whole as unknown as CongestionOps)).toBeUndefined();
    expect(registry.names()).toStrictEqual(['reno', 'other', 'whole']);
    expect(registry.find('other')?.name).toBe('other');
    expect(registry.find('cubic')).toBeUndefined();
  });

  it('gives a socket the algorithm it asks for, and tells both', () => {
    const calls: string[] = [];
    const s = new Script();
    s.host.tcp.registerCongestionControl({
      ...reno,
      name: 'told',
      init: () => calls.push('init'),
      release: () => calls.push('release'),
      setState: (_now, _sk, state) => calls.push(`state ${state}`),
      cwndEvent: (_now, _sk, event) => calls.push(event),
      pktsAcked: (_now, _sk, packets) => calls.push(`acked ${packets}`),
    });
    s.accepted({ mss: 1000, win: 60_000, rtt: 0.1 });
    expect(s.host.tcp.setsockopt(s.now, s.sk, 'TCP_CONGESTION', 'told')).toBeUndefined();
    s.send(1000).ignore().after(0.3).ignore();
    s.in('. 1:1(0) ack 1001 win 60000');
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_CONGESTION', 'reno');
    expect(calls).toStrictEqual(['init', 'TX_START', 'LOSS', 'state 4', 'TX_START', 'acked 1', 'release']);
  });
});

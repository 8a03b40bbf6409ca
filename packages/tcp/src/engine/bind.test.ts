/**
 * Ports and addresses: who may have which.
 */
import { describe, expect, it } from 'vitest';
import { Script } from './script.fixture.ts';

describe('bind', () => {
  it('knows which ports and addresses exclude each other', () => {
    const s = new Script();
    const { host } = s;
    const { tcp } = host;
    const bind = (address: number, port: number, prepare?: (sk: typeof s.sk) => void) => {
      const sk = host.socket();
      prepare?.(sk);
      return tcp.bind(s.now, sk, address, port);
    };
    expect(bind(0, 80)).toBeUndefined();
    expect(bind(0, 80)).toBe('EADDRINUSE');
    expect(bind(host.address, 80)).toBe('EADDRINUSE');
    expect(bind(host.address + 5, 81)).toBe('EADDRNOTAVAIL');
    const reuse = (sk: typeof s.sk) => {
      sk.reuse = true;
    };
    expect(bind(0, 82, reuse)).toBeUndefined();
    expect(bind(0, 82, reuse)).toBeUndefined();
    expect(bind(0, 82)).toBe('EADDRINUSE');
    const listening = host.socket();
    listening.reuse = true;
    tcp.bind(s.now, listening, 0, 82);
    expect(tcp.listen(s.now, listening, 1)).toBeUndefined();
    expect(bind(0, 82, reuse)).toBe('EADDRINUSE');
    expect(tcp.bind(s.now, listening, 0, 83)).toBe('EINVAL');
    const sharing = (sk: typeof s.sk) => {
      sk.reusePort = true;
    };
    expect(bind(0, 84, sharing)).toBeUndefined();
    expect(bind(0, 84, sharing)).toBeUndefined();
    const any = host.socket();
    expect(tcp.bind(s.now, any, 0, 0)).toBeUndefined();
    expect(any.sport).toBeGreaterThanOrEqual(32_768);
  });

  it("keeps reserved ports, the socket's own range, and those that need a privilege", () => {
    const s = new Script({
      sysctl: { ip_local_port_range: [5000, 5003], ip_local_reserved_ports: new Set([5000, 5001]) },
    });
    const { tcp } = s.host;
    const ports = [0, 1].map(() => {
      const sk = s.host.socket();
      expect(tcp.bind(s.now, sk, 0, 0)).toBeUndefined();
      return sk.sport;
    });
    expect(ports.sort()).toStrictEqual([5002, 5003]);
    expect(tcp.bind(s.now, s.host.socket(), 0, 0)).toBe('EADDRINUSE');
    const own = new Script();
    Object.assign(own.sk.inet, { localPortRange: (40_001 << 16) | 40_001, freebind: true });
    expect(own.host.tcp.bind(own.now, own.sk, own.host.address + 7, 0)).toBeUndefined();
    expect(own.sk.sport).toBe(40_001);
    expect(own.host.tcp.listen(own.now, own.sk, 1)).toBeUndefined();
    Object.assign(tcp, { privileged: () => false });
    expect(tcp.bind(s.now, s.sk, 0, 1023)).toBe('EACCES');
    expect(tcp.bind(s.now, s.sk, 0, 1024)).toBeUndefined();
  });

  it('spreads connections over listeners that share a port', () => {
    const s = new Script();
    const { host } = s;
    const counts = [0, 0, 0, 0];
    counts.forEach((_, index) => {
      const sk = host.socket();
      sk.reusePort = true;
      host.tcp.bind(s.now, sk, 0, 80);
      host.tcp.listen(s.now, sk, 1000);
      sk.synFilter = () => {
        counts[index] = (counts[index] as number) + 1;
        return 'drop';
      };
    });
    for (let port = 1000; port < 1400; port++) s.ports(port).in('S 0:0(0) win 100 <mss 1000>');
    for (const count of counts) expect(count).toBeGreaterThan(50);
  });
});

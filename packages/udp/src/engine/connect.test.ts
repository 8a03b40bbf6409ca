import { describe, expect, it } from 'vitest';
import { Host, NARROW, textOf, WIDE } from './fixture.ts';

describe.each([NARROW, WIDE])('$name: peers', (kind) => {
  it('connect chooses addresses and a port, and hears the peer alone', () => {
    const host = new Host(kind);
    const sk = host.udp.socket(host.family);
    expect(host.udp.connect(0, sk, host.at(5), 53)).toBeUndefined();
    expect([kind.number(sk.saddr), kind.number(sk.rcvSaddr), kind.number(sk.daddr), sk.dport]).toEqual([
      1, 1, 5, 53,
    ]);
    expect(sk.state).toBe('ESTABLISHED');
    host.arrive([5, 53], [1, sk.num], 'peer');
    host.arrive([5, 54], [1, sk.num], 'other port');
    host.arrive([6, 53], [1, sk.num], 'other host');
    host.arrive([5, 53], [2, sk.num], 'other address');
    expect(host.read(sk)).toBe('peer');
    expect(host.read(sk)).toBe('<EAGAIN>');
    expect(host.unreachable).toEqual([5, 6, 5]);
    expect(host.udp.mib.Udp.NoPorts).toBe(3);
    host.end(sk);
  });

  it('a connected socket is asked before a bound one, that before an unbound one', () => {
    const host = new Host(kind);
    const any = host.socket();
    any.reuse = true;
    host.udp.bind(0, any, host.at(0), 8080);
    const bound = host.socket();
    bound.reuse = true;
    host.udp.bind(0, bound, host.at(1), 8080);
    const connected = host.socket();
    connected.reuse = true;
    host.udp.bind(0, connected, host.at(1), 8080);
    host.udp.connect(0, connected, host.at(5), 53);
    host.arrive([5, 53], [1, 8080], 'a');
    host.arrive([5, 54], [1, 8080], 'b');
    host.arrive([5, 54], [2, 8080], 'c');
    expect([host.read(connected), host.read(bound), host.read(any)]).toEqual(['a', 'b', 'c']);
    host.end(any, bound, connected);
  });

  it('of two alike the one bound last gets the datagram', () => {
    const host = new Host(kind);
    const socks = [0, 1].map(() => {
      const sk = host.socket();
      sk.reuse = true;
      host.udp.bind(0, sk, host.at(1), 8080);
      return sk;
    });
    host.arrive([5, 53], [1, 8080], 'x');
    expect(socks.map((sk) => host.read(sk))).toEqual(['<EAGAIN>', 'x']);
    host.end(...socks);
  });

  it('SO_BINDTODEVICE: another device is not heard, and one device goes before any', () => {
    const host = new Host(kind);
    const device = host.socket();
    device.reuse = true;
    host.udp.bindToIndex(0, device, 2);
    host.udp.bind(0, device, host.at(0), 8080);
    const any = host.socket();
    any.reuse = true;
    host.udp.bind(0, any, host.at(0), 8080);
    host.arrive([5, 53], [1, 8080], 'by 2', (skb) => {
      skb.ifindex = 2;
    });
    host.arrive([5, 53], [1, 8080], 'by 1');
    expect([host.read(device), host.read(device), host.read(any)]).toEqual(['by 2', '<EAGAIN>', 'by 1']);
    host.send(device, 'x', [5, 53]);
    expect(host.flows.at(-1)?.oif).toBe(2);
    host.end(device, any);
  });

  it('SO_BINDTODEVICE of a connected socket; of two to one peer the one with the device goes first', () => {
    const host = new Host(kind);
    const [device, any] = [2, 0].map((ifindex) => {
      const sk = host.socket();
      sk.reuse = true;
      host.udp.bindToIndex(0, sk, ifindex);
      host.udp.bind(0, sk, host.at(1), 8080);
      host.udp.connect(0, sk, host.at(5), 53);
      return sk;
    }) as [ReturnType<Host['socket']>, ReturnType<Host['socket']>];
    const by2 = (skb: { ifindex: number }): void => {
      skb.ifindex = 2;
    };
    host.arrive([5, 53], [1, 8080], 'by 2', by2);
    host.arrive([5, 53], [1, 8080], 'by 1');
    expect([host.read(device), host.read(any)]).toEqual(['by 2', 'by 1']);
    host.udp.close(0, any);
    host.arrive([5, 53], [1, 8080], 'by 1');
    expect([host.read(device), host.drops]).toEqual(['<EAGAIN>', ['NO_SOCKET']]);
    host.end(device);
  });

  it('no route, no connection; broadcast needs SO_BROADCAST', () => {
    const host = new Host(kind);
    const sk = host.udp.socket(host.family);
    expect(host.udp.connect(0, sk, host.at(9), 53)).toBe('ENETUNREACH');
    expect(host.udp.connect(0, sk, host.at(255), 53)).toBe('EACCES');
    expect([sk.state, sk.dport]).toEqual(['CLOSE', 0]);
    sk.broadcast = true;
    expect(host.udp.connect(0, sk, host.at(255), 53)).toBeUndefined();
    host.end(sk);
  });

  it('any as destination is this host', () => {
    const host = new Host(kind);
    const sk = host.udp.socket(host.family);
    host.udp.connect(0, sk, host.at(0), 53);
    expect(kind.number(sk.daddr)).toBe(1);
    host.end(sk);
  });

  it('without an address of its own a connected socket hears its peer at any', () => {
    const host = new Host(kind);
    host.sourceless = true;
    const sk = host.socket(8080);
    host.udp.connect(0, sk, host.at(5), 53);
    expect(kind.number(sk.rcvSaddr)).toBe(0);
    host.arrive([5, 53], [2, 8080], 'peer');
    host.arrive([5, 54], [2, 8080], 'other port');
    host.arrive([6, 53], [2, 8080], 'other host');
    expect([host.read(sk), host.read(sk)]).toEqual(['peer', '<EAGAIN>']);
    host.end(sk);
  });

  it('connecting to port 0 is a peer with any port', () => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    expect(host.udp.connect(0, sk, host.at(5), 0)).toBeUndefined();
    host.arrive([5, 54], [1, 8080], 'peer');
    host.arrive([6, 54], [1, 8080], 'other host');
    expect([host.read(sk), host.read(sk)]).toEqual(['peer', '<EAGAIN>']);
    host.end(sk);
  });

  it('tells the network layer, whose ids count from now on', () => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    const ids: number[] = [];
    sk.inet.connect = (id) => ids.push(id);
    host.udp.connect(0, sk, host.at(9), 53);
    host.udp.connect(0, sk, host.at(5), 53);
    expect(ids.length).toBe(1);
    expect(ids[0]).toBeLessThanOrEqual(0xffff);
    host.end(sk);
  });

  it('connecting again changes the peer', () => {
    const host = new Host(kind);
    const sk = host.udp.socket(host.family);
    host.udp.connect(0, sk, host.at(5), 53);
    host.udp.connect(0, sk, host.at(6), 54);
    host.arrive([5, 53], [1, sk.num], 'old');
    host.arrive([6, 54], [1, sk.num], 'new');
    expect(host.read(sk)).toBe('new');
    expect(host.read(sk)).toBe('<EAGAIN>');
    host.end(sk);
  });

  it('disconnect forgets what was not bound', () => {
    const host = new Host(kind);
    const free = host.udp.socket(host.family);
    host.udp.connect(0, free, host.at(5), 53);
    host.udp.disconnect(0, free);
    expect([free.state, free.num, kind.number(free.rcvSaddr), free.dport]).toEqual(['CLOSE', 0, 0, 0]);
    expect(host.send(free, 'x')).toBe('EDESTADDRREQ');

    const port = host.socket(8080);
    host.udp.connect(0, port, host.at(5), 53);
    host.udp.disconnect(0, port);
    expect([port.num, kind.number(port.rcvSaddr)]).toEqual([8080, 0]);
    host.arrive([6, 1], [2, 8080], 'anyone');
    expect(host.read(port)).toBe('anyone');

    const both = host.socket(8081, 1);
    both.boundDevIf = 1;
    host.udp.connect(0, both, host.at(5), 53);
    host.udp.disconnect(0, both);
    expect([both.num, kind.number(both.rcvSaddr), both.boundDevIf]).toEqual([8081, 1, 0]);
    host.end(free, port, both);
  });

  it('who disconnects leaves others with the same peer alone', () => {
    const host = new Host(kind);
    const [a, b] = [0, 1].map(() => {
      const sk = host.socket();
      sk.reuse = true;
      host.udp.bind(0, sk, host.at(1), 8080);
      host.udp.connect(0, sk, host.at(5), 53);
      return sk;
    }) as [ReturnType<Host['socket']>, ReturnType<Host['socket']>];
    host.udp.disconnect(0, a);
    host.udp.connect(0, a, host.at(6), 53);
    host.udp.disconnect(0, a);
    host.udp.close(0, a);
    host.arrive([5, 53], [1, 8080], 'still there');
    expect(host.read(b)).toBe('still there');
    host.end(b);
  });

  it('sockets lists each that has a port, once', () => {
    const host = new Host(kind);
    const idle = host.udp.socket(host.family);
    const shared = [0, 1].map(() => {
      const sk = host.socket();
      sk.reuse = true;
      host.udp.bind(0, sk, host.at(1), 8080);
      return sk;
    });
    const connected = host.udp.socket(host.family);
    host.udp.connect(0, connected, host.at(5), 53);
    expect(new Set(host.udp.sockets())).toEqual(new Set([connected, ...shared]));
    expect([...host.udp.sockets()].length).toBe(3);
    host.end(idle, connected, ...shared);
    expect([...host.udp.sockets()]).toEqual([]);
  });

  it('the route of a connected socket is looked up once, and again when it is stale or the socket asks for another', () => {
    const host = new Host(kind);
    const sk = host.udp.socket(host.family);
    host.udp.connect(0, sk, host.at(5), 53);
    host.send(sk, 'a');
    host.send(sk, 'b');
    expect(host.flows.length).toBe(1);
    host.stale = true;
    host.send(sk, 'c');
    host.stale = false;
    expect(host.flows.length).toBe(2);
    sk.inet.tos = 0x10;
    host.send(sk, 'd');
    sk.mark = 7;
    host.send(sk, 'e');
    host.send(sk, 'f');
    expect(host.flows.length).toBe(4);
    expect(host.flows.at(-1)).toMatchObject({ tos: 0x10, mark: 7, sport: sk.num, dport: 53, protocol: 17 });
    expect(host.sent.map((sent) => textOf(sent, kind)).join('')).toBe('abcdef');
    expect(host.sent.at(-1)).toMatchObject({ saddr: 1, daddr: 5, tos: 0x10, mark: 7 });
    host.end(sk);
  });
});

describe('10,000 sockets', () => {
  it('connected ones on one port find theirs', () => {
    const host = new Host();
    const socks = Array.from({ length: 10_000 }, (_, i) => {
      const sk = host.socket();
      sk.reusePort = true;
      host.udp.bind(0, sk, host.at(1), 8080);
      host.udp.connect(0, sk, host.at(5), i + 1);
      return sk;
    });
    for (const i of [0, 1, 4999, 9999]) {
      host.arrive([5, i + 1], [1, 8080], `to ${i}`);
      expect(host.read(socks[i] as never)).toBe(`to ${i}`);
    }
    host.arrive([5, 10_001], [1, 8080], 'nobody');
    expect(host.udp.mib.Udp.NoPorts).toBe(1);
    host.end(...socks);
  });
});

describe('SO_REUSEPORT', () => {
  it('spreads senders over the group, each sender always to the same socket', () => {
    const host = new Host();
    const socks = Array.from({ length: 4 }, () => {
      const sk = host.socket();
      sk.reusePort = true;
      host.udp.bind(0, sk, host.at(1), 8080);
      return sk;
    });
    for (let round = 0; round < 2; round++) {
      for (let port = 1; port <= 400; port++) host.arrive([5, port], [1, 8080], String(port));
    }
    const senders = socks.map((sk) => {
      const ports: string[] = [];
      for (let text = host.read(sk); text !== '<EAGAIN>'; text = host.read(sk)) ports.push(text);
      return ports;
    });
    for (const ports of senders) {
      expect(ports.length).toBeGreaterThan(100);
      expect(ports.slice(ports.length / 2)).toEqual(ports.slice(0, ports.length / 2));
    }
    // Who leaves gives its senders to others.
    const [first, ...rest] = socks;
    host.udp.close(0, first as never);
    for (let port = 1; port <= 400; port++) host.arrive([5, port], [1, 8080], 'x');
    expect(rest.reduce((sum, sk) => sum + sk.receiveQueue.qlen, 0)).toBe(400);
    host.end(...rest);
  });
});

import { AF_INET, SOCK_STREAM } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { exchange, lan, pattern, routed } from './fixture.ts';

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

describe('TCP between two hosts', () => {
  it('runs the classic example as written', async () => {
    const { clock, a, b } = lan();
    const listener = b.socket(AF_INET, SOCK_STREAM);
    listener.bind({ port: 8080 });
    listener.listen(16);
    const serve = async (): Promise<void> => {
      const connection = await listener.accept();
      const request = await connection.recv(4096);
      await connection.sendall(`HTTP/1.1 200 OK\r\n\r\n${request.length}`);
      await connection.close();
    };
    const program = async (): Promise<string> => {
      const socket = a.socket(AF_INET, SOCK_STREAM);
      await socket.connect({ address: '192.168.1.100', port: 8080 });
      await socket.sendall('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n');
      const reply = text(await socket.recv(4096));
      await socket.close();
      return reply;
    };
    const served = serve();
    expect(await clock.run(program())).toBe('HTTP/1.1 200 OK\r\n\r\n37');
    await clock.run(served);
    expect(a.nstat().TcpActiveOpens).toBe(1);
    expect(b.nstat().TcpPassiveOpens).toBe(1);
  });

  it('carries bytes both ways at once, on a LAN, over a router and on loopback', async () => {
    const there = pattern(1_000_000, 1);
    const back = pattern(700_000, 2);
    const one = lan();
    const two = routed();
    for (const [network, a, b, address] of [
      [one, one.a, one.b, '192.168.1.100'],
      [two, two.client, two.server, '10.0.2.2'],
      [one, one.a, one.a, '127.0.0.1'],
    ] as const) {
      const got = await network.clock.run(exchange(a, b, address, there, back));
      expect(got.server).toEqual(there);
      expect(got.client).toEqual(back);
    }
  });

  it('refuses where nobody listens, and says so when nobody is there', async () => {
    const { clock, a } = lan();
    const connect = async (address: string): Promise<void> => {
      const socket = a.socket(AF_INET, SOCK_STREAM);
      await socket.connect({ address, port: 1 });
    };
    await expect(clock.run(connect('192.168.1.100'))).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      syscall: 'connect',
      address: '192.168.1.100',
      port: 1,
    });
    await expect(clock.run(connect('127.0.0.1'))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(clock.run(connect('192.168.1.77'))).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
    await expect(clock.run(connect('8.8.8.8'))).rejects.toMatchObject({ code: 'ENETUNREACH' });
  });
});

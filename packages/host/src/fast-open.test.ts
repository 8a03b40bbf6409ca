import {
  AF_INET,
  MSG_DONTWAIT,
  MSG_FASTOPEN,
  POLLOUT,
  SHUT_WR,
  SO_ERROR,
  SOCK_STREAM,
  SOL_SOCKET,
  SOL_TCP,
  type Socket,
  TCP_FASTOPEN,
  TCP_FASTOPEN_CONNECT,
  TCP_FASTOPEN_KEY,
  TCP_INFO,
} from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { type Lan, type LanOptions, lan, pattern } from './fixture.ts';
import type { Host } from './host.ts';

const PEER = { address: '192.168.1.100', port: 80 };
/** Client and server. */
const BOTH = { 'net.ipv4.tcp_fastopen': 3 };
const SYN_DATA = 32;

const info = (socket: Socket) => socket.getsockopt(SOL_TCP, TCP_INFO);

/** A LAN whose `b` answers every request with as many bytes, before it has read the end of it. */
function serving(
  options: LanOptions = {},
): Lan & { accepted: Socket[]; listener: Socket; stop: () => Promise<void> } {
  const network = lan({ delay: 10_000, sysctl: BOTH, ...options });
  const accepted: Socket[] = [];
  const listener = network.b.socket(AF_INET, SOCK_STREAM);
  listener.setsockopt(SOL_TCP, TCP_FASTOPEN, 16);
  listener.bind({ port: 80 });
  listener.listen(16);
  const serve = async (socket: Socket): Promise<void> => {
    for (;;) {
      const part = await socket.recv(65_536);
      if (part.length === 0) break;
      await socket.sendall(part);
    }
    await socket.close();
  };
  const run = async (): Promise<void> => {
    const going: Promise<void>[] = [];
    try {
      for (;;) {
        const socket = await listener.accept();
        accepted.push(socket);
        going.push(serve(socket).catch(() => undefined));
      }
    } catch {
      await Promise.all(going);
    }
  };
  const running = run();
  return {
    ...network,
    accepted,
    listener,
    stop: async () => {
      for (const socket of [listener, ...accepted]) if (!socket.closed) await socket.close();
      await running;
    },
  };
}

/** What comes back until the end. */
async function rest(socket: Socket): Promise<Uint8Array> {
  const parts: number[] = [];
  for (;;) {
    const part = await socket.recv(65_536);
    if (part.length === 0) return Uint8Array.from(parts);
    for (const byte of part) parts.push(byte);
  }
}

/** Sends a request by fast open, and gives the answer and the time it took, µs. */
async function ask(
  a: Host,
  request: Uint8Array,
): Promise<{ answer: Uint8Array; took: number; socket: Socket }> {
  const socket = a.socket(AF_INET, SOCK_STREAM);
  const start = a.clock.now();
  let sent = await socket.sendto(request, PEER, MSG_FASTOPEN);
  while (sent < request.length) sent += await socket.send(request.subarray(sent));
  socket.shutdown(SHUT_WR);
  const answer = await rest(socket);
  return { answer, took: a.clock.now() - start, socket };
}

describe('fast open between two hosts', () => {
  it('asks for a cookie first, and saves a round trip from then on', async () => {
    const { a, b, clock, stop } = serving();
    const request = pattern(1000, 1);
    const first = await clock.run(ask(a, request));
    const second = await clock.run(ask(a, request));
    expect(first.answer).toEqual(request);
    expect(second.answer).toEqual(request);
    expect(first.took - second.took).toBeGreaterThan(19_000);
    expect(info(second.socket).options as number).toBe((info(first.socket).options as number) | SYN_DATA);
    expect(a.nstat()).toMatchObject({ TcpExtTCPFastOpenActive: 1, TcpExtTCPFastOpenActiveFail: 0 });
    expect(b.nstat()).toMatchObject({ TcpExtTCPFastOpenCookieReqd: 1, TcpExtTCPFastOpenPassive: 1 });
    await clock.run(stop());
  });

  it('sends with the SYN as much as fits, and the rest behind it', async () => {
    const { a, accepted, clock, stop } = serving();
    const request = pattern(300_000, 2);
    await clock.run(ask(a, pattern(1, 1)));
    const { answer, socket } = await clock.run(ask(a, request));
    expect(answer).toEqual(request);
    expect((info(socket).options as number) & SYN_DATA).toBe(SYN_DATA);
    expect(accepted).toHaveLength(2);
    await clock.run(stop());
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('loses nothing on a lossy wire (seed %i)', async (seed) => {
    const { a, b, clock, stop } = serving({ loss: 0.15, duplicate: 0.05, seed });
    for (let i = 0; i < 12; i++) {
      const request = pattern(1 + i * 700, i);
      const { answer, socket } = await clock.run(ask(a, request));
      expect(answer).toEqual(request);
      await clock.run(socket.close());
    }
    await clock.run(stop());
    await clock.run(Promise.all([a.close(), b.close()]));
    expect([a.timers.pending, b.timers.pending]).toEqual([0, 0]);
  });

  it('falls back where the key changed, and goes on with the new cookie', async () => {
    const { a, b, clock, stop } = serving();
    const one = pattern(10, 1);
    await clock.run(ask(a, one));
    const [before] = a.tcpMetrics.show();
    b.sysctl.write('net.ipv4.tcp_fastopen_key', '1-2-3-4');
    expect((await clock.run(ask(a, one))).answer).toEqual(one);
    expect(a.nstat().TcpExtTCPFastOpenActiveFail).toBe(1);
    expect(b.nstat().TcpExtTCPFastOpenPassiveFail).toBe(1);
    expect(a.tcpMetrics.show()[0]?.foCookie).not.toBe(before?.foCookie);
    await clock.run(ask(a, one));
    expect(a.nstat().TcpExtTCPFastOpenActive).toBe(1);
    await clock.run(stop());
  });

  it('does without where it is swallowed on the way, until the sysctl is changed', async () => {
    const { a, b, clock, listener, stop } = serving({
      sysctl: { ...BOTH, 'net.ipv4.tcp_fastopen_blackhole_timeout_sec': 3600 },
    });
    const one = pattern(10, 1);
    await clock.run(ask(a, one));
    b.onSyn(listener, () => 'drop');
    await expect(clock.run(ask(a, one))).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    b.onSyn(listener, undefined);
    expect(a.nstat().TcpExtTCPFastOpenBlackhole).toBe(1);
    const opened = async () => {
      await clock.run(ask(a, one));
      return a.nstat().TcpExtTCPFastOpenActive;
    };
    expect(await opened()).toBe(0);
    a.sysctl.set('net.ipv4.tcp_fastopen_blackhole_timeout_sec', 7200);
    expect(await opened()).toBe(1);
    await clock.run(stop());
  });

  it('shows a key that was drawn as the sysctl', () => {
    const { b } = serving();
    expect(b.sysctl.read('net.ipv4.tcp_fastopen_key')).toMatch(/^(?!00000000-00000000)([0-9a-f]{8}-?){4}\n$/);
    const socket = b.socket(AF_INET, SOCK_STREAM);
    const key: Uint8Array = socket.getsockopt(SOL_TCP, TCP_FASTOPEN_KEY);
    expect(key).toHaveLength(16);
    socket.setsockopt(SOL_TCP, TCP_FASTOPEN_KEY, new Uint8Array(32));
    expect(() => socket.setsockopt(SOL_TCP, TCP_FASTOPEN_KEY, new Uint8Array(3))).toThrow('EINVAL');
  });
});

describe('a send that connects', () => {
  const refused = async (promise: Promise<unknown>): Promise<string> => {
    const error = await promise.then(
      () => undefined,
      (reason: { code: string }) => reason,
    );
    return error?.code ?? 'none';
  };

  it('is EINPROGRESS where it does not wait and has no cookie, EALREADY while the handshake goes on, EISCONN at last', async () => {
    const { a, clock, stop } = serving();
    const program = async (): Promise<string[]> => {
      const socket = a.socket(AF_INET, SOCK_STREAM);
      const send = () => refused(socket.sendto('ab', PEER, MSG_FASTOPEN | MSG_DONTWAIT));
      const errors = [await send(), await send(), await refused(socket.send('ab', MSG_DONTWAIT))];
      expect(await socket.poll(POLLOUT)).toBe(POLLOUT);
      // The call that finds the handshake over goes on as any send; the next one is told that there is a connection.
      expect(await socket.sendto('ab', PEER, MSG_FASTOPEN)).toBe(2);
      return [...errors, await send()];
    };
    expect(await clock.run(program())).toEqual(['EINPROGRESS', 'EALREADY', 'EAGAIN', 'EISCONN']);
    await clock.run(stop());
  });

  it('takes what fits into the SYN where it does not wait', async () => {
    const { a, clock, stop } = serving();
    await clock.run(ask(a, pattern(1, 1)));
    const program = async (): Promise<number[]> => {
      const socket = a.socket(AF_INET, SOCK_STREAM);
      const parts = [new Uint8Array(1000), new Uint8Array(400), new Uint8Array(600)];
      const count = await socket.sendmsg({ data: parts, address: PEER, flags: MSG_FASTOPEN | MSG_DONTWAIT });
      await socket.poll(POLLOUT);
      return [count, await socket.send(new Uint8Array(2000 - count))];
    };
    expect(await clock.run(program())).toEqual([1420, 580]);
    await clock.run(stop());
  });

  it('fails as connect does, and the socket may connect again', async () => {
    const { a, clock, stop } = serving();
    await clock.run(ask(a, pattern(1, 1)));
    const program = async (): Promise<unknown> => {
      const socket = a.socket(AF_INET, SOCK_STREAM);
      const nobody = { ...PEER, port: 81 };
      expect(await refused(socket.sendto('hello', nobody, MSG_FASTOPEN))).toBe('ECONNREFUSED');
      expect(await socket.sendto('hello', PEER, MSG_FASTOPEN)).toBe(5);
      socket.shutdown(SHUT_WR);
      return String.fromCharCode(...(await rest(socket)));
    };
    expect(await clock.run(program())).toBe('hello');
    await clock.run(stop());
  });

  it('is EOPNOTSUPP where the sysctl has it off, EINVAL without an address, and nothing of datagrams', async () => {
    const { a, clock, stop } = serving();
    const program = async (): Promise<void> => {
      const socket = a.socket(AF_INET, SOCK_STREAM);
      expect(await refused(socket.send('x', MSG_FASTOPEN))).toBe('EINVAL');
      const unspec = { family: 'unspec' } as never;
      expect(await refused(socket.sendto('x', unspec, MSG_FASTOPEN))).toBe('EOPNOTSUPP');
      a.sysctl.set('net.ipv4.tcp_fastopen', 0);
      expect(await refused(socket.sendto('x', PEER, MSG_FASTOPEN))).toBe('EOPNOTSUPP');
      const datagram = a.socket(AF_INET, 2);
      expect(await datagram.sendto('x', PEER, MSG_FASTOPEN)).toBe(1);
    };
    await clock.run(program());
    await clock.run(stop());
  });
});

describe('TCP_FASTOPEN_CONNECT', () => {
  it('leaves it to the first write to open the connection', async () => {
    const { a, clock, stop } = serving();
    await clock.run(ask(a, pattern(1, 1)));
    const opens = a.nstat().TcpActiveOpens;
    const program = async (): Promise<string> => {
      const socket = a.socket(AF_INET, SOCK_STREAM);
      socket.setsockopt(SOL_TCP, TCP_FASTOPEN_CONNECT, true);
      await socket.connect(PEER);
      expect(a.nstat().TcpActiveOpens).toBe(opens);
      await expect(socket.connect(PEER)).rejects.toMatchObject({ code: 'EISCONN' });
      expect(await socket.poll(POLLOUT)).toBe(POLLOUT);
      await socket.sendall('hello');
      socket.shutdown(SHUT_WR);
      const answer = await rest(socket);
      expect((info(socket).options as number) & SYN_DATA).toBe(SYN_DATA);
      expect(socket.getsockopt(SOL_SOCKET, SO_ERROR)).toBe(0);
      return String.fromCharCode(...answer);
    };
    expect(await clock.run(program())).toBe('hello');
    await clock.run(stop());
  });

  it('connects at once where there is no cookie', async () => {
    const { a, clock, stop } = serving();
    const program = async (): Promise<void> => {
      const socket = a.socket(AF_INET, SOCK_STREAM);
      socket.setsockopt(SOL_TCP, TCP_FASTOPEN_CONNECT, true);
      const start = clock.now();
      await socket.connect(PEER);
      expect(clock.now() - start).toBeGreaterThan(20_000);
      await socket.close();
    };
    await clock.run(program());
    expect(a.tcpMetrics.show()).toMatchObject([{ address: PEER.address, foMss: 1460 }]);
    await clock.run(stop());
  });
});

describe('ip tcp_metrics', () => {
  it('shows a path as the tool prints it, and forgets it', async () => {
    const { a, clock, stop } = serving();
    await clock.run(ask(a, pattern(1000, 1)));
    await clock.run(stop());
    const [line] = a.tcpMetrics.format();
    expect(line).toMatch(
      /^192\.168\.1\.100 age 0\.\d{3}sec cwnd \d+ rtt \d{5}us rttvar \d+us fo_mss 1460 fo_cookie [0-9a-f]{16} source 192\.168\.1\.10$/,
    );
    expect(a.tcpMetrics.show({ address: '192.168.1.1' })).toEqual([]);
    expect(a.tcpMetrics.show({ source: '192.168.1.10' })).toHaveLength(1);
    expect(() => a.tcpMetrics.del('192.168.1.1')).toThrow('No such process');
    expect(() => a.tcpMetrics.show({ address: 'x' })).toThrow();
    a.tcpMetrics.del(PEER.address, { source: '192.168.1.10' });
    expect(a.tcpMetrics.flush()).toBe(0);
  });
});

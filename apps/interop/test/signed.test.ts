import { setTimeout as sleep } from 'node:timers/promises';
import {
  AF_INET,
  SO_LINGER,
  SOCK_STREAM,
  SOL_SOCKET,
  SOL_TCP,
  type Socket,
  TCP_INFO,
  TCP_MD5SIG,
  TCP_SYNCNT,
} from '@stack/socket';
import { expect, it } from 'vitest';
import { bytes, receive } from './support/bytes.ts';
import { kernelCounters } from './support/counters.ts';
import { KERNEL, type Lab, OURS } from './support/lab.ts';
import { listening, start } from './support/programs.ts';
import { interop } from './support/suite.ts';

const PORT = 9000;
const SIZE = 300_000;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A program with a socket `s` that has a key for us, `struct tcp_md5sig` packed by hand. */
const PYTHON = `
import socket, struct, sys
s = socket.socket()
key = sys.argv[1].encode()
if key:
    addr = struct.pack('=HH4s120s', socket.AF_INET, 0, socket.inet_aton('${OURS}'), b'')
    s.setsockopt(socket.IPPROTO_TCP, 14, addr + struct.pack('=BBHi80s', 0, 0, len(key), 0, key))
def echo(c):
    while True:
        part = c.recv(65536)
        if not part: break
        c.sendall(part)
def serve():
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(('${KERNEL}', ${PORT}))
    s.listen(1)
    return s.accept()[0]
def read(n):
    data = b''
    while len(data) < n:
        part = s.recv(65536)
        if not part: break
        data += part
    return data
`;

interop('TCP-MD5 with the kernel', ({ open }) => {
  const python = (lab: Lab, program: string, key: string) =>
    start(lab.ns, 'python3', ['-c', PYTHON + program, key]);

  const signedSocket = (lab: Lab, key = 'secret'): Socket => {
    const socket = lab.host.socket(AF_INET, SOCK_STREAM);
    if (key !== '') socket.setsockopt(SOL_TCP, TCP_MD5SIG, { addr: KERNEL, key: bytesOf(key) });
    return socket;
  };

  const md5Counters = (lab: Lab) =>
    Object.fromEntries(
      [kernelCounters(lab.ns), lab.host.nstat()].flatMap((counters, side) =>
        Object.entries(counters)
          .filter(([name, value]) => name.startsWith('TcpExtTCPMD5') && value !== 0)
          .map(([name, value]) => [`${side === 0 ? 'kernel' : 'ours'} ${name}`, value]),
      ),
    );

  it('a connection of ours: both believe every segment, and no timestamps are spoken', async () => {
    const lab = await open();
    const server = python(lab, 'c = serve()\necho(c)\nc.close()', 'secret');
    await listening(lab.ns, PORT);
    const socket = signedSocket(lab);
    await socket.connect({ address: KERNEL, port: PORT });
    const sent = bytes(SIZE);
    const [back] = await Promise.all([receive(socket, SIZE), socket.sendall(sent)]);
    expect(Buffer.compare(back, sent)).toBe(0);
    const { options, sndMss } = socket.getsockopt(SOL_TCP, TCP_INFO);
    expect((options as number) & 7).toBe(2 | 4); // SACK and scaling
    expect(sndMss).toBe(1440);
    await socket.close();
    expect((await server.ended).status).toBe(0);
    expect(md5Counters(lab)).toEqual({});
  });

  it('a connection of the kernel', async () => {
    const lab = await open();
    const listener = signedSocket(lab);
    listener.bind({ port: PORT });
    listener.listen(1);
    const client = python(
      lab,
      `s.connect(('${OURS}', ${PORT}))\ns.sendall(b'x' * ${SIZE})\nprint(len(read(${SIZE})))\ns.close()`,
      'secret',
    );
    const socket = await listener.accept();
    const received = await receive(socket, SIZE);
    expect(received.equals(Buffer.alloc(SIZE, 'x'))).toBe(true);
    await socket.sendall(received);
    expect(await client.ended).toMatchObject({ status: 0, stdout: `${SIZE}\n` });
    await socket.close();
    await listener.close();
    expect(md5Counters(lab)).toEqual({});
  });

  it.each([
    ['another key', 'other', 'TcpExtTCPMD5Failure'],
    ['no key', '', 'TcpExtTCPMD5NotFound'],
  ])('with %s the kernel is silent, and so are we', async (_, key, counter) => {
    const lab = await open({ sysctl: { 'net.ipv4.tcp_syn_linear_timeouts': 0 } });
    const server = python(lab, 'serve()', 'secret');
    await listening(lab.ns, PORT);
    const socket = signedSocket(lab, key);
    socket.setsockopt(SOL_TCP, TCP_SYNCNT, 1);
    await expect(socket.connect({ address: KERNEL, port: PORT })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    });
    expect(kernelCounters(lab.ns)[counter]).toBeGreaterThan(0);
    await socket.close();
    server.kill();
    await server.ended;

    const listener = signedSocket(lab);
    listener.bind({ port: PORT });
    listener.listen(1);
    const client = python(lab, `s.settimeout(2)\ns.connect(('${OURS}', ${PORT}))`, key);
    expect((await client.ended).stderr).toContain('imed');
    expect(lab.host.nstat()[counter]).toBeGreaterThan(0);
    await listener.close();
  });

  it('a RST of either side is signed, and ends the connection', async () => {
    const lab = await open();
    const server = python(
      lab,
      `c = serve()\nc.recv(1)\ntry:\n    c.recv(1)\nexcept ConnectionResetError:\n    print('reset')\n`,
      'secret',
    );
    await listening(lab.ns, PORT);
    const socket = signedSocket(lab);
    await socket.connect({ address: KERNEL, port: PORT });
    await socket.sendall('x');
    await sleep(100);
    socket.setsockopt(SOL_SOCKET, SO_LINGER, { onoff: 1, linger: 0 });
    await socket.close();
    expect((await server.ended).stdout).toBe('reset\n');

    const listener = signedSocket(lab);
    listener.bind({ port: PORT });
    listener.listen(1);
    const client = python(
      lab,
      `s.connect(('${OURS}', ${PORT}))\ns.recv(1)\ns.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))\ns.close()`,
      'secret',
    );
    const accepted = await listener.accept();
    await accepted.sendall('x');
    await expect(accepted.recv(1)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await client.ended;
    await accepted.close();
    await listener.close();
    expect(md5Counters(lab)).toEqual({});
  });
});

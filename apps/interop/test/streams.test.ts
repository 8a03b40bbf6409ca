import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AF_INET, isSocketError, SHUT_WR, SOCK_STREAM, type Socket } from '@stack/socket';
import { expect, it } from 'vitest';
import { bytes, digestOf, pieces } from './support/bytes.ts';
import { KERNEL, type Lab, OURS } from './support/lab.ts';
import { listening, output, start } from './support/programs.ts';
import { interop } from './support/suite.ts';

const MIB = 0x10_0000;
const PORT = 9000;

interop('streams', ({ open }) => {
  const listen = async ({ host }: Lab): Promise<Socket> => {
    const listener = host.socket(AF_INET, SOCK_STREAM);
    listener.bind({ port: PORT });
    listener.listen(16);
    return listener;
  };
  const connect = async ({ host }: Lab): Promise<Socket> => {
    const socket = host.socket(AF_INET, SOCK_STREAM);
    await socket.connect({ address: KERNEL, port: PORT });
    return socket;
  };

  it('of nc, which ends its half first, are read to the end and answered after it', async () => {
    const lab = await open();
    const listener = await listen(lab);
    const nc = start(lab.ns, 'sh', ['-c', `nc -N ${OURS} ${PORT} | sha256sum`], { input: bytes(MIB) });
    const socket = await listener.accept();
    expect(await digest(socket)).toBe(digestOf(MIB));
    for (const piece of pieces(2 * MIB)) await socket.sendall(piece); // FIN-WAIT-2 over there
    await socket.close();
    expect((await nc.ended).stdout.slice(0, 64)).toBe(digestOf(2 * MIB));
    await listener.close();
  });

  it('to nc, which ends its half first, are read to the end after it', async () => {
    const lab = await open();
    const script = `(nc -l -N ${KERNEL} ${PORT} <&3 | sha256sum) 3<&0`;
    const nc = start(lab.ns, 'sh', ['-c', script], { input: bytes(2 * MIB) });
    await listening(lab.ns, PORT);
    const socket = await connect(lab);
    expect(await digest(socket)).toBe(digestOf(2 * MIB));
    for (const piece of pieces(MIB)) await socket.sendall(piece);
    await socket.close();
    expect((await nc.ended).stdout.slice(0, 64)).toBe(digestOf(MIB));
  });

  it('may end our half first, and are answered after it', async () => {
    const lab = await open();
    const program = `
import hashlib, socket, sys
s = socket.create_server(("${KERNEL}", ${PORT}))
c, _ = s.accept()
h = hashlib.sha256()
while data := c.recv(65536): h.update(data)
c.sendall(sys.stdin.buffer.read())
print(h.hexdigest())
`;
    const python = start(lab.ns, 'python3', ['-c', program], { open: true });
    await listening(lab.ns, PORT);
    const socket = await connect(lab);
    for (const piece of pieces(MIB)) await socket.sendall(piece);
    socket.shutdown(SHUT_WR);
    await expect(socket.send('x')).rejects.toMatchObject({ code: 'EPIPE' });
    await expect
      .poll(() => lab.ns.run('ss', '-Htn', 'state', 'close-wait'), { timeout: 20_000 })
      .toContain(`:${PORT}`);
    python.write(bytes(2 * MIB));
    python.end();
    expect(await digest(socket)).toBe(digestOf(2 * MIB));
    await socket.close();
    expect((await python.ended).stdout).toBe(`${digestOf(MIB)}\n`);
  });

  it('of the classic example, in Python, as it stands', async () => {
    const lab = await open();
    const listener = lab.host.socket(AF_INET, SOCK_STREAM);
    listener.bind({ port: 80 });
    listener.listen(1);
    const program = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.connect(("${OURS}", 80))
s.sendall(b"GET / HTTP/1.1\\r\\nHost: example.com\\r\\n\\r\\n")
print(s.recv(4096).decode())
s.close()
`;
    const python = start(lab.ns, 'strace', [
      '-f',
      '-tt',
      '-T',
      '-e',
      'trace=network',
      'python3',
      '-c',
      program,
    ]);
    const socket = await listener.accept();
    const request = await socket.recv(4096);
    expect(String.fromCharCode(...request)).toBe('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n');
    expect(request).toHaveLength(37);
    await socket.sendall('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    const { status, stdout, stderr } = await python.ended;
    expect(await socket.recv(1)).toHaveLength(0);
    await socket.close();
    expect([status, stdout]).toEqual([0, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello\n']);
    expect(calls(stderr)).toEqual([
      'socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3',
      `connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("${OURS}")}, 16) = 0`,
      'sendto(3, "GET / HTTP/1.1\\r\\nHost: example.co"..., 37, 0, NULL, 0) = 37',
      'recvfrom(3, "HTTP/1.1 200 OK\\r\\nContent-Length:"..., 4096, 0, NULL, NULL) = 43',
    ]);
    await listener.close();
  });

  // Ports come round again long before a minute is over: with tcp_tw_reuse a connection in TIME-WAIT gives its port up after a second.
  const REUSE = { 'net.ipv4.ip_local_port_range': '40000 40499', 'net.ipv4.tcp_tw_reuse': '1' };

  it.each([
    ['the kernel closes first', false],
    ['we close first', true],
  ])('of the kernel, 2000 in a row over the same 500 ports, where %s', async (_, first) => {
    const lab = await open({ kernelSysctl: REUSE });
    const listener = await listen(lab);
    const program = `
import errno, socket, time
def connect():
    while True:
        try:
            return socket.create_connection(("${OURS}", ${PORT}))
        except OSError as e:
            if e.errno != errno.EADDRNOTAVAIL: raise
            time.sleep(0.05)
for i in range(2000):
    s = connect()
    s.sendall(b"%d" % i)
    ${first ? 'assert s.recv(16) == b"ok"; assert s.recv(1) == b""' : 'assert s.recv(2) == b"ok"'}
    s.close()
print("done")
`;
    const python = output(lab.ns, 'python3', ['-c', program]);
    python.catch(() => listener.close());
    for (let i = 0; i < 2000; i++) {
      const socket = await listener.accept();
      expect(String.fromCharCode(...(await socket.recv(16)))).toBe(String(i));
      await socket.sendall('ok');
      if (!first) expect(await socket.recv(1)).toHaveLength(0);
      await socket.close();
    }
    expect(await python).toBe('done\n');
    await listener.close();
  });

  it.each([
    ['the kernel closes first', false],
    ['we close first', true],
  ])('of ours, 2000 in a row over the same 500 ports, where %s', async (_, first) => {
    const lab = await open({ sysctl: REUSE });
    const program = `
import socket
s = socket.create_server(("${KERNEL}", ${PORT}), backlog=128)
for i in range(2000):
    c, _ = s.accept()
    assert c.recv(16) == b"%d" % i
    c.sendall(b"ok")
    ${first ? 'assert c.recv(1) == b""' : 'pass'}
    c.close()
print("done")
`;
    const python = output(lab.ns, 'python3', ['-c', program]);
    await listening(lab.ns, PORT);
    for (let i = 0; i < 2000; i++) {
      const socket = await connectWhenFree(lab);
      await socket.sendall(String(i));
      expect(String.fromCharCode(...(await socket.recv(2)))).toBe('ok');
      if (!first) expect(await socket.recv(1)).toHaveLength(0);
      await socket.close();
    }
    expect(await python).toBe('done\n');
    expect(lab.host.nstat().TcpExtTWRecycled ?? 0).toBeGreaterThan(first ? 1000 : -1);
  });

  const connectWhenFree = async (lab: Lab): Promise<Socket> => {
    for (;;) {
      try {
        return await connect(lab);
      } catch (error) {
        if (!isSocketError(error, 'EADDRNOTAVAIL')) throw error;
        await sleep(50);
      }
    }
  };
});

async function digest(socket: Socket): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of socket) hash.update(chunk);
  return hash.digest('hex');
}

/** What strace printed of calls with an Internet socket, without time and duration. */
function calls(text: string): string[] {
  return [
    ...text.matchAll(
      /^(?:\[pid +\d+\] )?[\d:.]+ ((?:socket|connect|sendto|recvfrom|shutdown)\(.*) <[\d.]+>$/gm,
    ),
  ]
    .map(([, call = '']) => call.replace(/\s+= /, ' = '))
    .filter((call) => !call.includes('AF_UNIX'));
}

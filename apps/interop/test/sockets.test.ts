/** Hosts whose cards are sockets of the machine: two of ours with a socket between them, and the kernel behind socat. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHost, type Device, type Host, RealClock } from '@stack/host';
import { AF_INET, SHUT_WR, SOCK_STREAM, type Socket } from '@stack/socket';
import { connectStream, listenStream, openDgram } from '@stack/tap';
import { installPrograms } from '@stack/testkit/programs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, pieces } from './support/bytes.ts';
import { serveHttp } from './support/http-server.ts';
import { PREFIX } from './support/lab.ts';
import { output } from './support/programs.ts';
import { interop } from './support/suite.ts';

const MIB = 0x10_0000;
const [A, B] = ['10.0.9.1', '10.0.9.2'];

const clock = new RealClock();
const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});
afterAll(() => clock.close());

function makeHost(name: string): Host {
  const host = createHost({ clock, name });
  ending.push(() => host.close());
  return host;
}

function attach(host: Host, device: Device, address: string): void {
  host.link.add(device, { up: true });
  host.addr.add(`${address}/24`, { dev: device.name });
}

/** Sends the first `length` bytes of all, and says that there are no more. */
async function send(socket: Socket, length: number): Promise<void> {
  for (const piece of pieces(length)) await socket.sendall(piece);
  socket.shutdown(SHUT_WR);
}

/** The digest of what comes until the end. */
async function digest(socket: Socket): Promise<string> {
  const hash = createHash('sha256');
  for (let chunk = await socket.recv(65_536); chunk.length > 0; chunk = await socket.recv(65_536)) {
    hash.update(chunk);
  }
  return hash.digest('hex');
}

/** `length` bytes from each to the other at the same time, over one connection from `a` to `b`. */
async function exchange(a: Host, b: Host, length: number): Promise<string[]> {
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 7 });
  listener.listen(1);
  const client = a.socket(AF_INET, SOCK_STREAM);
  const [server] = await Promise.all([listener.accept(), client.connect({ address: B, port: 7 })]);
  const [, , there = '', back = ''] = await Promise.all([
    send(client, length),
    send(server, length),
    digest(server),
    digest(client),
  ]);
  for (const socket of [client, server, listener]) await socket.close();
  return [there, back];
}

describe('two hosts', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'interop-sockets-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(['unix', 'tcp'] as const)('over a stream: %s', async (over) => {
    const [a, b] = [makeHost('a'), makeHost('b')];
    const at = over === 'unix' ? { path: join(folder, 'net.sock') } : { port: 0 };
    const server = await listenStream({ pool: b.pool, ...at });
    attach(b, server, B);
    const client = await connectStream({ pool: a.pool, ...(server.local ?? at) });
    attach(a, client, A);
    expect(await exchange(a, b, MIB)).toEqual([digestOf(MIB), digestOf(MIB)]);
    for (const { stats } of [client, server]) {
      expect(stats).toMatchObject({ txErrors: 0, txDropped: 0, rxErrors: 0, rxDropped: 0 });
    }
  });

  it('over a stream whose link is lost in between and comes back', async () => {
    const [a, b] = [makeHost('a'), makeHost('b')];
    const path = join(folder, 'flap.sock');
    const first = await listenStream({ pool: b.pool, path, address: 0x02_00_00_00_00_02 });
    attach(b, first, B);
    const client = await connectStream({ pool: a.pool, path, reconnect: 50 });
    attach(a, client, A);
    const done = exchange(a, b, 16 * MIB);
    while (first.stats.rxPackets < 1000) await sleep(1);
    b.link.del('eth0');
    await sleep(100);
    expect(a.link.format('eth0')[0]).toContain('NO-CARRIER');
    attach(b, await listenStream({ pool: b.pool, path, address: 0x02_00_00_00_00_02 }), B);
    expect(await done).toEqual([digestOf(16 * MIB), digestOf(16 * MIB)]);
    expect(client.connections).toBe(2);
  });

  it('over datagrams', async () => {
    const [a, b] = [makeHost('a'), makeHost('b')];
    const probe = await openDgram({ pool: b.pool, remote: { port: 9 } });
    probe.close();
    const client = await openDgram({ pool: a.pool, remote: probe.local });
    attach(a, client, A);
    attach(b, await openDgram({ pool: b.pool, local: probe.local, remote: client.local }), B);
    expect(await exchange(a, b, MIB)).toEqual([digestOf(MIB), digestOf(MIB)]);
  });
});

interop('the kernel behind socat', ({ netns }) => {
  beforeAll(async () => {
    expect(await installPrograms({ socat: 'socat' })).toEqual([]);
  }, 400_000);

  it('pings us and fetches 1 MiB, frame by datagram', async () => {
    const ns = await netns();
    const host = makeHost('ours');
    const probe = await openDgram({ pool: host.pool, remote: { port: 9 } });
    probe.close();
    const tap = `${PREFIX}s`;
    const { port } = probe.local;
    const device = await openDgram({ pool: host.pool, remote: { port } });
    attach(host, device, B);
    const socat = spawn(
      'socat',
      [
        `TUN,tun-type=tap,iff-no-pi,tun-name=${tap}`,
        `UDP4-DATAGRAM:127.0.0.1:${device.local.port},bind=127.0.0.1:${port}`,
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    ending.push(() => ended(socat));
    while (!isBound(port)) await sleep(10); // it has set up its interface before
    ns.adopt(tap);
    ns.run('ip', 'address', 'add', `${A}/24`, 'dev', tap);
    ns.run('ip', 'link', 'set', tap, 'up');

    const ping = await output(ns, 'ping', ['-n', '-c', '3', '-i', '0.05', '-W', '5', '-s', '1400', B]);
    expect(ping).toContain('3 packets transmitted, 3 received, 0% packet loss');
    const server = serveHttp(host);
    const script = `set -o pipefail; curl -sS --fail http://${B}/${MIB} | sha256sum`;
    expect((await output(ns, 'bash', ['-c', script])).slice(0, 64)).toBe(digestOf(MIB));
    await server.close();
    expect(device.stats).toMatchObject({ rxErrors: 0, txErrors: 0 });
  });
});

/** Whether somebody receives at a UDP port of 127.0.0.1: it stands behind a number and a colon, the address that it sends to does not. */
function isBound(port: number): boolean {
  const address = `: 0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  return readFileSync('/proc/self/net/udp', 'utf8').includes(address);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

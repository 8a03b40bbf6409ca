/**
 * Pairs of devices for tests, over real sockets of this machine.
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from '@stack/skbuff';
import type { DeviceBench } from '@stack/testkit';
import { connectStream } from './connect-stream.ts';
import type { InetEndpoint } from './endpoint.ts';
import type { FrameDevice } from './frame-device.ts';
import { listenStream } from './listen-stream.ts';
import { DgramDevice, openDgram } from './open-dgram.ts';
import type { StreamDevice } from './stream-device.ts';

/** A folder of this test's own, once it is needed. */
let folder: string | undefined;
let sockets = 0;

/** Removes what {@link socketPath} made. */
export function removeFolder(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

/** The path of a unix socket that no other test has. */
export function socketPath(): string {
  folder ??= mkdtempSync(join(tmpdir(), 'stack-qemu-'));
  return join(folder, `${sockets++}.sock`);
}

/** One round of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Until `condition` holds. @throws Error after `limit` ms. */
export async function until(condition: () => boolean, what: string, limit = 5000): Promise<void> {
  const end = performance.now() + limit;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${limit} ms, and not yet: ${what}`);
    await turn();
  }
}

/** Two devices with what they take memory from. */
export interface Pair<D extends FrameDevice> {
  a: D;
  b: D;
  pool: Pool;
}

/** A client and a server, connected, over a unix socket or over TCP. */
export async function streamPair(
  over: 'unix' | 'tcp',
  options: { mtu?: number; maxFrame?: number; reconnect?: number } = {},
): Promise<Pair<StreamDevice>> {
  const { reconnect, ...rest } = options;
  const pool = new Pool({ poison: true, chunkSize: 65_536 });
  const at = over === 'unix' ? { path: socketPath() } : { port: 0 };
  const b = await listenStream({ pool, name: 'server', ...rest, ...at });
  const client = { pool, name: 'client', ...rest, ...(b.local ?? at) };
  const a = await connectStream(reconnect === undefined ? client : { ...client, reconnect });
  await until(() => b.carrierUp, 'the server has a connection');
  return { a, b, pool };
}

/** Two devices over UDP. */
export async function dgramPair(options: { mtu?: number } = {}): Promise<Pair<DgramDevice>> {
  const pool = new Pool({ poison: true, chunkSize: 65_536 });
  // Whoever is opened first has to know the port of the other.
  const probe = await openDgram({ pool, remote: { port: 9 } });
  const remote: InetEndpoint = probe.local;
  probe.close();
  const a = await openDgram({ pool, name: 'a', remote, ...options });
  const b = await openDgram({ pool, name: 'b', local: remote, remote: a.local, ...options });
  return { a, b, pool };
}

/**
 * A pair as the laws want it: at rest when all that was written has been read, unless who should read is gone or has more than enough. Datagrams
 * may be lost: they are given some rounds of the event loop, in which a packet on the loopback of the machine would have come.
 */
export function bench({ a, b, pool }: Pair<FrameDevice>): DeviceBench {
  const still = (from: FrameDevice, to: FrameDevice): boolean =>
    !from.carrierUp ||
    !to.carrierUp ||
    to.rxQueued > 128 ||
    (from.txQueued === 0 && (from instanceof DgramDevice || taken(to) >= from.stats.txPackets));
  const rounds = a instanceof DgramDevice ? 10 : 3;
  return {
    a,
    b,
    pools: [pool],
    async pump(): Promise<void> {
      for (let quiet = 0, last = ''; quiet < rounds; ) {
        await turn();
        const now = [a, b].map((d) => `${d.txQueued} ${d.stats.txPackets} ${taken(d)} ${d.carrierUp}`).join();
        quiet = now === last && still(a, b) && still(b, a) ? quiet + 1 : 0;
        last = now;
      }
    },
  };
}

/** Packets that a device has taken off the wire. */
function taken({ stats, rxQueued }: FrameDevice): number {
  return stats.rxPackets + stats.rxDropped + stats.rxErrors + rxQueued;
}

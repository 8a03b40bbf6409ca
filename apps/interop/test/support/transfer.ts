/**
 * Files over HTTP, both ways, that come out as they went in.
 * @module
 */
import { expect } from 'vitest';
import { bytes, digestOf } from './bytes.ts';
import { serveHttp } from './http-server.ts';
import { type Lab, OURS, type Peer } from './lab.ts';
import { output } from './programs.ts';

/** curl of a kernel's fetches `size` bytes from our server, and sends it as many. */
export async function transfer(
  lab: Lab,
  size: number,
  { ns, ours }: Pick<Peer, 'ns' | 'ours'> = { ns: lab.ns, ours: OURS },
): Promise<void> {
  const server = serveHttp(lab.host);
  try {
    const fetch = `set -o pipefail; curl -sS --fail http://${ours}/${size} | sha256sum`;
    expect((await output(ns, 'bash', ['-c', fetch])).slice(0, 64)).toBe(digestOf(size));
    const send = [
      '-sS',
      '--fail',
      '-T',
      '-',
      '-H',
      `Content-Length: ${size}`,
      '-H',
      'Transfer-Encoding:',
      `http://${ours}/`,
    ];
    expect(await output(ns, 'curl', send, { input: bytes(size) })).toBe(digestOf(size));
  } finally {
    await server.close();
  }
}

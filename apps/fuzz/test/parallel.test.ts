import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_LENGTH } from '../src/mutator.ts';
import { fuzzInThread, targetOf, work } from '../src/parallel.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const job = { name: 'arp', runs: 10, seed: 4 };

/** A program whose thread does what `body` says, with `state` and `input` shared as the real one has them. */
function program(name: string, body: string): string {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(
    path,
    `import { parentPort, workerData } from 'node:worker_threads';
    const state = new Int32Array(workerData.shared, 0, 2);
    const input = new Uint8Array(workerData.shared, 8);
    ${body}`,
  );
  return path;
}

describe('a thread', () => {
  it('hands back its report', async () => {
    const echo = program('echo', 'parentPort.postMessage({ ...workerData, shared: undefined, seconds: 1 });');
    expect(await fuzzInThread(echo, job)).toMatchObject({ ...job, seconds: 1 });
  });

  it('that hangs is ended, and its input named', async () => {
    const body = 'input.set([0xab, 0xcd]); state[1] = 2; Atomics.store(state, 0, 7); for (;;);';
    const { runs, failure } = await fuzzInThread(program('hang', body), job, 50);
    expect(runs).toBe(7);
    expect(failure).toMatchObject({ index: 6, input: 'abcd', message: 'hangs: 50 ms and more' });
  });

  it('that dies is an error', async () => {
    await expect(fuzzInThread(program('die', 'throw new Error("dead")'), job)).rejects.toThrow('dead');
  });
});

describe('work', () => {
  it('shares each input before it tries it', async () => {
    const shared = new SharedArrayBuffer(8 + MAX_LENGTH);
    expect(await work({ ...job, shared })).toMatchObject({ ...job, failure: undefined });
    expect(new Int32Array(shared, 0, 1)[0]).toBe(10);
  });

  it('refuses a codec that is none', () => {
    expect(() => targetOf('ipx')).toThrow(
      /ipx: ethernet, arp, ipv4, icmp, udp, tcp, skb, nic-sim, pcap, pcapng, host-frames, host-syscalls, host-tcp/,
    );
  });
});

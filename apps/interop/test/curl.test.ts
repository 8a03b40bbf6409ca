import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytes, digestOf } from './support/bytes.ts';
import { serveHttp } from './support/http-server.ts';
import { type Lab, OURS } from './support/lab.ts';
import { output } from './support/programs.ts';
import { interop } from './support/suite.ts';

const MIB = 0x10_0000;

interop('curl', ({ open }) => {
  const folder = mkdtempSync(join(tmpdir(), 'interop-curl-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const download = async ({ ns, host }: Lab, size: number): Promise<string> => {
    const server = serveHttp(host);
    const script = `set -o pipefail; curl -sS --fail http://${OURS}/${size} | sha256sum`;
    const text = await output(ns, 'bash', ['-c', script]);
    await server.close();
    return text.slice(0, 64);
  };

  const upload = async ({ ns, host }: Lab, size: number): Promise<string> => {
    const server = serveHttp(host);
    const file = join(folder, String(size));
    writeFileSync(file, bytes(size));
    const text = await output(ns, 'curl', ['-sS', '--fail', '-T', file, `http://${OURS}/`]);
    await server.close();
    return text;
  };

  describe.each([
    ['with', true],
    ['without', false],
  ] as const)('%s offloads', (_, offloads) => {
    it.each([0, 1, 1460, MIB])('fetches and sends %i bytes', async (size) => {
      const lab = await open({ offloads });
      expect(await download(lab, size)).toBe(digestOf(size));
      expect(await upload(lab, size)).toBe(digestOf(size));
    });
  });

  it('fetches and sends 100 MiB', async () => {
    const lab = await open();
    expect(await download(lab, 100 * MIB)).toBe(digestOf(100 * MIB));
    expect(await upload(lab, 100 * MIB)).toBe(digestOf(100 * MIB));
  }, 180_000);

  describe('200 at a time', () => {
    const SIZE = 20_000;
    let target: string;
    beforeAll(() => {
      target = mkdtempSync(join(folder, 'many-'));
    });
    const check = () => {
      const files = readdirSync(target);
      expect(files).toHaveLength(200);
      const wanted = bytes(SIZE);
      for (const file of files) expect(Buffer.compare(readFileSync(join(target, file)), wanted)).toBe(0);
      for (const file of files) rmSync(join(target, file));
    };

    it('in one process, are all served', async () => {
      const { ns, host } = await open();
      const server = serveHttp(host);
      const flags = ['-sS', '--fail', '--parallel', '--parallel-immediate', '--parallel-max', '200'];
      await output(ns, 'curl', [...flags, '-o', join(target, '#1'), `http://${OURS}/${SIZE}?[1-200]`]);
      check();
      expect(server.requests).toBe(200);
      await server.close();
    });

    it('in 200 processes, are all served', async () => {
      const { ns, host } = await open();
      const server = serveHttp(host);
      const script = `seq 200 | xargs -P 200 -I{} curl -sS --fail -o ${target}/{} http://${OURS}/${SIZE}?{}`;
      await output(ns, 'sh', ['-c', script]);
      check();
      expect(server.requests).toBe(200);
      await server.close();
    });
  });
});

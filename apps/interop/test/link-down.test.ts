import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AF_INET, SOCK_STREAM, type Socket } from '@stack/socket';
import { expect, it } from 'vitest';
import { bytes, digestOf } from './support/bytes.ts';
import { DEV, OURS } from './support/lab.ts';
import { start } from './support/programs.ts';
import { interop } from './support/suite.ts';

const MIB = 0x10_0000;
const PORT = 9000;

interop('a kernel that goes away', ({ open }) => {
  it('for ten seconds, in the midst of a transfer each way, misses nothing', async () => {
    const { ns, host } = await open();
    const listener = host.socket(AF_INET, SOCK_STREAM);
    listener.bind({ port: PORT });
    listener.listen(2);
    const sent = bytes(8 * MIB);

    // To the kernel: the second half is sent while the link is down.
    const sink = start(ns, 'sh', ['-c', `nc -d ${OURS} ${PORT} | sha256sum`]);
    const down = await listener.accept();
    await down.sendall(sent.subarray(0, 4 * MIB));
    // From the kernel: its first half is here, the second is not read by nc before.
    const source = start(ns, 'nc', ['-N', OURS, String(PORT)], { open: true });
    const up = await listener.accept();
    const digest = digestOfAll(up);
    source.write(sent.subarray(0, 4 * MIB));
    while (up.core.isClosed === false && received < 4 * MIB) await sleep(5);

    ns.run('ip', 'link', 'set', DEV, 'down');
    source.write(sent.subarray(4 * MIB));
    source.end();
    const rest = down.sendall(sent.subarray(4 * MIB)).then(() => down.close());
    await sleep(10_000);
    expect(host.link.show('tap0')[0]?.stats.txErrors).toBeGreaterThan(0);
    ns.run('ip', 'link', 'set', DEV, 'up');

    await rest;
    expect((await sink.ended).stdout.slice(0, 64)).toBe(digestOf(8 * MIB));
    expect(await digest).toBe(digestOf(8 * MIB));
    await up.close();
    await source.ended;
    await listener.close();
  }, 120_000);

  let received = 0;
  const digestOfAll = async (socket: Socket): Promise<string> => {
    const hash = createHash('sha256');
    for await (const chunk of socket) {
      received += chunk.length;
      hash.update(chunk);
    }
    return hash.digest('hex');
  };
});

import { AF_INET, MSG_DONTWAIT, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET, type Socket } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { concat, type Lan, lan } from './fixture.ts';
import type { Host } from './host.ts';

/** A connection between the two hosts. */
async function connected({ clock, a, b }: Lan): Promise<[Socket, Socket]> {
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 7 });
  listener.listen(1);
  const there = listener.accept();
  const here = a.socket(AF_INET, SOCK_STREAM);
  await clock.run(here.connect({ address: '192.168.1.100', port: 7 }));
  return [here, await clock.run(there)];
}

/** Names of the functions of a host that take a socket, as they are entered. */
function functions(host: Host): string[] {
  const names: string[] = [];
  host.trace.on('kprobe:sk', ({ function: entered }) => names.push(entered));
  return names;
}

describe('kprobes of functions that take a socket', () => {
  it('tell that a program reads, that data came, and that the peer closed', async () => {
    const network = lan();
    const [here, there] = await connected(network);
    const names = functions(network.b);
    const got = there.recv(10);
    await here.send('12');
    await network.clock.run(got);
    expect(names).toEqual(['tcp_recvmsg', 'sk_data_ready', 'tcp_recvmsg']);
    names.length = 0;
    await here.close();
    expect(await network.clock.run(there.recv(10))).toHaveLength(0);
    expect(names).toContain('sk_state_change');
  });

  it('tell that a send has to wait for room, and that an ACK made some', async () => {
    const network = lan();
    const [here, there] = await connected(network);
    here.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096);
    const names = functions(network.a);
    const sent = here.sendall(new Uint8Array(500_000));
    expect(names).toEqual(['sk_stream_wait_memory']);
    const chunks: Uint8Array[] = [];
    const read = async (): Promise<void> => {
      for (let left = 500_000; left > 0; left -= chunks.at(-1)?.length ?? 0)
        chunks.push(await there.recv(65_536));
    };
    await network.clock.run(Promise.all([sent, read()]));
    expect(concat(chunks)).toHaveLength(500_000);
    const waits = names.filter((name) => name === 'sk_stream_wait_memory').length;
    expect(waits).toBeGreaterThan(2);
    expect(names.filter((name) => name === 'sk_stream_write_space').length).toBeGreaterThanOrEqual(waits - 1);
  });

  it('are off when nobody listens', async () => {
    const network = lan();
    const [here] = await connected(network);
    const names: string[] = [];
    network.a.trace.on('kprobe:sk', ({ function: entered }) => names.push(entered))();
    await expect(here.recv(1, MSG_DONTWAIT)).rejects.toMatchObject({ code: 'EAGAIN' });
    expect(names).toEqual([]);
  });
});

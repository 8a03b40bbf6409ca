import { AF_INET, SOCK_DGRAM, SOCK_STREAM, type Socket } from '@stack/socket';
import type { SynVerdict } from '@stack/tcp/engine';
import { expect, it } from 'vitest';
import { type Lan, lan } from './fixture.ts';
import type { ConnectionRequest } from './wire-up/syn-filter.ts';

const PEER = { address: '192.168.1.100', port: 80 };

function listening({ b }: Lan): Socket {
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 80 });
  listener.listen(4);
  return listener;
}

it.each<[SynVerdict, string | undefined]>([
  ['accept', undefined],
  ['reset', 'ECONNREFUSED'],
  ['drop', 'ETIMEDOUT'],
])('a listener that says %s gives %s', async (verdict, code) => {
  const network = lan({ sysctl: { 'net.ipv4.tcp_syn_retries': 1, 'net.ipv4.tcp_syn_linear_timeouts': 0 } });
  const { clock, a, b } = network;
  const seen: string[] = [];
  b.onSyn(listening(network), ({ address, localAddress, localPort, mss }) => {
    seen.push(`${address} > ${localAddress}:${localPort} mss ${mss}`);
    return verdict;
  });
  const client = a.socket(AF_INET, SOCK_STREAM);
  const connected = clock.run(client.connect(PEER));
  if (code === undefined) await connected;
  else await expect(connected).rejects.toMatchObject({ code });
  expect(seen[0]).toBe('192.168.1.10 > 192.168.1.100:80 mss 1460');
  expect(seen.length).toBe(verdict === 'drop' ? 2 : 1);
});

it.each<['accept' | 'reset', string | undefined]>([
  ['accept', undefined],
  ['reset', 'ECONNREFUSED'],
])('a request that waits can be decided later: %s', async (decision, code) => {
  const network = lan();
  const { clock, a, b } = network;
  let request: ConnectionRequest | undefined;
  b.onSyn(listening(network), (asked) => {
    request = asked;
    return 'defer';
  });
  const client = a.socket(AF_INET, SOCK_STREAM);
  const connected = client.connect(PEER);
  connected.catch(() => undefined);
  await clock.runFor(500_000);
  expect(b.nstat().TcpOutSegs).toBe(0);
  request?.[decision]();
  if (code === undefined) await clock.run(connected);
  else await expect(clock.run(connected)).rejects.toMatchObject({ code });
});

it('is for TCP alone', () => {
  const { b } = lan();
  expect(() => b.onSyn(b.socket(AF_INET, SOCK_DGRAM), () => 'drop')).toThrow(TypeError);
});

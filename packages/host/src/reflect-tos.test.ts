/** `tcp_reflect_tos`: what is accepted has the DSCP of the SYN. */
import { AF_INET, IP_TOS, SOCK_STREAM, SOL_IP } from '@stack/socket';
import { expect, it } from 'vitest';
import { lan } from './fixture.ts';

it.each([
  [0, 0x10, [0x10]],
  [1, 0xb8, [0xb8]],
])('%d: the SYN-ACK and what follows it are sent with %d', async (tcp_reflect_tos, tos, expected) => {
  const { clock, a, b, wire } = lan({ sysctl: { 'net.ipv4.tcp_reflect_tos': tcp_reflect_tos } });
  const seen = new Set<number>();
  wire.onFrame(({ bytes }) => {
    const isFromB = bytes[12] === 0x08 && bytes[13] === 0 && bytes[29] === 100;
    if (isFromB) seen.add(bytes[15] ?? 0);
  });
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 7 });
  listener.listen(1);
  listener.setsockopt(SOL_IP, IP_TOS, 0x10);
  const near = a.socket(AF_INET, SOCK_STREAM);
  near.setsockopt(SOL_IP, IP_TOS, 0xb8);
  const [far] = await clock.run(
    Promise.all([listener.accept(), near.connect({ address: '192.168.1.100', port: 7 })]),
  );
  await far.send('x');
  await clock.runFor(1000);
  expect(far.getsockopt(SOL_IP, IP_TOS)).toBe(tos);
  expect(listener.getsockopt(SOL_IP, IP_TOS)).toBe(0x10);
  expect([...seen]).toEqual(expected);
});

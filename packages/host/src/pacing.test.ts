/** Pacing through a whole host: by the socket's own timer, or by an fq below it. */
import { AF_INET, SO_MAX_PACING_RATE, SOCK_STREAM, SOL_SOCKET, SOL_TCP, TCP_INFO } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { lan } from './fixture.ts';

const MIB = 0x10_0000;
/** Bytes of a frame that carries data, at least. */
const DATA = 1000;

/** Sends a MiB over a wire; when each data frame left, µs, and what the sender then says of itself. */
async function send(qdisc: 'fq' | 'pfifo_fast', maxRate: number, delay: number) {
  const { clock, a, b, wire } = lan({
    delay,
    sysctl: { 'net.ipv4.tcp_rmem': '4096 2000000 6291456' },
  });
  a.qdisc.replace('eth0', { kind: qdisc });
  const left: number[] = [];
  wire.onFrame(({ time, direction, bytes }) => {
    if (direction === 'aToB' && bytes.length > DATA) left.push(time);
  });
  const listener = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ port: 7 });
  listener.listen(1);
  const client = a.socket(AF_INET, SOCK_STREAM);
  client.setsockopt(SOL_SOCKET, SO_MAX_PACING_RATE, maxRate);
  const info = await clock.run(
    (async () => {
      await client.connect({ address: '192.168.1.100', port: 7 });
      const server = await listener.accept();
      const sent = client.sendall(new Uint8Array(MIB));
      for (let got = 0; got < MIB; ) got += (await server.recv(65_536)).length;
      await sent;
      return client.getsockopt(SOL_TCP, TCP_INFO);
    })(),
  );
  await a.close();
  await b.close();
  wire.close();
  return { left, info };
}

/** Most frames that left within a millisecond, after the first ten. */
function burst(left: readonly number[]): number {
  const late = left.slice(10);
  return late.reduce((most, time, i) => {
    const within = late.slice(i).findIndex((other) => other >= time + 1000);
    return Math.max(most, within < 0 ? late.length - i : within);
  }, 0);
}

describe('SO_MAX_PACING_RATE', () => {
  it.each(['fq', 'pfifo_fast'] as const)('is kept to the frame, with %s', async (qdisc) => {
    const { left, info } = await send(qdisc, 500_000, 10_000);
    expect(info).toMatchObject({ pacingRate: 500_000, maxPacingRate: 500_000, totalRetrans: 0 });
    // 2896 bytes at a time, the least super-packet, of which a frame of 1448 takes 12 µs of the wire.
    expect(burst(left)).toBe(2);
    const seconds = ((left.at(-1) as number) - (left[0] as number)) / 1_000_000;
    expect(MIB / seconds).toBeGreaterThan(490_000);
    expect(MIB / seconds).toBeLessThan(520_000); // the first ten segments are free
  });
});

describe('fq', () => {
  it('paces CUBIC, which is not paced without it', async () => {
    const paced = await send('fq', -1, 50_000);
    const unpaced = await send('pfifo_fast', -1, 50_000);
    expect(burst(unpaced.left)).toBeGreaterThan(70); // the wire takes 81
    expect(burst(paced.left)).toBeLessThan(burst(unpaced.left) / 2);
    expect(paced.info).toMatchObject({ totalRetrans: 0 });
  });
});

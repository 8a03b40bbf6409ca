import {
  type AddressInput,
  AF_INET,
  IP_RECVERR,
  IPPROTO_ICMP,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_IP,
  SOL_UDP,
  UDP_GRO,
  UDP_SEGMENT,
} from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { concat, lan } from './fixture.ts';

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const bytes = (value: string): Uint8Array => Uint8Array.from(value, (char) => char.charCodeAt(0));

describe('UDP between two hosts on a LAN', () => {
  it('sends a datagram, which ARP precedes, and gets an answer', async () => {
    const { clock, a, b } = lan();
    const server = b.socket(AF_INET, SOCK_DGRAM);
    server.bind({ address: '0.0.0.0', port: 53 });
    const client = a.socket(AF_INET, SOCK_DGRAM);
    const talk = async (): Promise<string> => {
      await client.sendto(bytes('ping'), { address: '192.168.1.100', port: 53 });
      const { data, address } = await server.recvfrom(1500);
      await server.sendto(bytes(`${text(data)}-pong`), address as AddressInput);
      return text((await client.recvfrom(1500)).data);
    };
    expect(await clock.run(talk())).toBe('ping-pong');
    expect(a.neigh.format()).toEqual(['192.168.1.100 dev eth0 lladdr 02:00:00:00:00:64 REACHABLE']);
    expect(a.nstat().UdpOutDatagrams).toBe(1);
  });

  it('fragments what is larger than the MTU, and puts it together again', async () => {
    const { clock, a, b } = lan();
    const server = b.socket(AF_INET, SOCK_DGRAM);
    server.bind({ address: '192.168.1.100', port: 9 });
    const client = a.socket(AF_INET, SOCK_DGRAM);
    const data = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7) & 0xff);
    await client.sendto(data, { address: '192.168.1.100', port: 9 });
    const got = await clock.run(server.recvfrom(65_535));
    expect(got.data).toEqual(data);
    expect(b.nstat().IpReasmOKs).toBe(1);
  });

  it('says ECONNREFUSED to a connected socket where nobody has the port', async () => {
    const { clock, a } = lan();
    const client = a.socket(AF_INET, SOCK_DGRAM);
    await client.connect({ address: '192.168.1.100', port: 7 });
    await client.send(bytes('x'));
    await expect(clock.run(client.recv(10))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('says EHOSTUNREACH, to those who asked for such errors, where nobody answers ARP', async () => {
    const { clock, a } = lan();
    const client = a.socket(AF_INET, SOCK_DGRAM);
    client.setsockopt(SOL_IP, IP_RECVERR, 1);
    await client.connect({ address: '192.168.1.77', port: 7 });
    await client.send(bytes('x'));
    await expect(clock.run(client.recv(10))).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
    expect(clock.now()).toBeGreaterThan(2_900_000);
    expect(clock.now()).toBeLessThan(3_200_000);
  });
});

describe('UDP offloads', () => {
  it('cuts what UDP_SEGMENT gives as one, and merges it again for who asked with UDP_GRO', async () => {
    const { clock, a, b } = lan({ rate: 0 });
    const data = Uint8Array.from({ length: 5000 }, (_, i) => (i * 3) & 0xff);
    const receive = async (gro: number): Promise<[Uint8Array[], number[]]> => {
      const server = b.socket(AF_INET, SOCK_DGRAM);
      server.bind({ port: 9 });
      server.setsockopt(SOL_UDP, UDP_GRO, gro);
      const client = a.socket(AF_INET, SOCK_DGRAM);
      client.setsockopt(SOL_UDP, UDP_SEGMENT, 1000);
      await client.sendto(data, { address: '192.168.1.100', port: 9 });
      await clock.runFor(2_000_000);
      const parts: Uint8Array[] = [];
      const sizes: number[] = [];
      for (let left = data.length; left > 0; left -= parts.at(-1)?.length ?? left) {
        const { data: part, control } = await server.recvmsg({ length: 65_535 });
        parts.push(part);
        for (const { type, value } of control) if (type === UDP_GRO) sizes.push(value as number);
      }
      await server.close();
      await client.close();
      return [parts, sizes];
    };
    const [apart] = await receive(0);
    expect(apart.map(({ length }) => length)).toEqual([1000, 1000, 1000, 1000, 1000]);
    const [merged, sizes] = await receive(1);
    expect(concat(merged)).toEqual(data);
    expect(merged.length).toBeLessThan(5);
    expect(sizes[0]).toBe(1000);
  });
});

describe('ping', () => {
  it('answers over the wire and over loopback', async () => {
    const { clock, a } = lan();
    for (const address of ['192.168.1.100', '127.0.0.1', '192.168.1.10']) {
      const raw = a.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
      const echo = Uint8Array.of(8, 0, 0, 0, 0x12, 0x34, 0, 1, 0xde, 0xad);
      const sum = 0x0800 + 0x1234 + 1 + 0xdead;
      const check = ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
      echo[2] = check >> 8;
      echo[3] = check & 0xff;
      await raw.sendto(echo, { address });
      const reply = async (): Promise<Uint8Array> => {
        for (;;) {
          const { data } = await raw.recvfrom(1500);
          if (data[20] === 0) return data;
        }
      };
      const packet = await clock.run(reply());
      expect([...packet.subarray(24)]).toEqual([0x12, 0x34, 0, 1, 0xde, 0xad]);
      await raw.close();
    }
  });

  it('needs no privilege with a socket of its own kind', async () => {
    const { clock, a } = lan();
    const ping = a.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    await ping.connect({ address: '192.168.1.100' });
    await ping.send(Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 1, 0xde, 0xad));
    const reply = await clock.run(ping.recv(100));
    const { port } = ping.getsockname() as { port: number };
    expect([...reply.subarray(4)]).toEqual([port >> 8, port & 0xff, 0, 1, 0xde, 0xad]);
    expect(reply[0]).toBe(0);
    await ping.close();
  });
});

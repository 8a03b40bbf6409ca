import { AF_INET, AF_PACKET, MSG_DONTWAIT, SOCK_DGRAM, SOCK_RAW } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { lan } from '../fixture.ts';
import { ETH_P_ALL } from './packet-sock.ts';

const ETH_P_IP = 0x0800;

describe('AF_PACKET', () => {
  it('sees what comes and what goes, as it is', async () => {
    const { clock, a } = lan();
    const sniffer = a.socket(AF_PACKET, SOCK_RAW, ETH_P_ALL);
    sniffer.bind({ family: 'packet', ifname: 'eth0' });
    const client = a.socket(AF_INET, SOCK_DGRAM);
    await client.sendto(Uint8Array.of(1, 2, 3), { address: '192.168.1.100', port: 7 });
    await clock.runFor(1_000_000);
    const seen: [string, string | undefined][] = [];
    for (let i = 0; i < 4; i++) {
      const { data, address } = await sniffer.recvfrom(2000);
      if (address?.family !== 'packet') throw new Error('no link-layer address');
      seen.push([
        `${((data[12] as number) << 8) | (data[13] as number)} ${address.pktType}`,
        address.address,
      ]);
    }
    expect(seen).toEqual([
      ['2054 4', '02:00:00:00:00:0a'], // ARP request, outgoing
      ['2054 0', '02:00:00:00:00:64'], // ARP reply, for us
      ['2048 4', '02:00:00:00:00:0a'], // the datagram
      ['2048 0', '02:00:00:00:00:64'], // port unreachable
    ]);
    await expect(sniffer.recv(10, MSG_DONTWAIT)).rejects.toMatchObject({ code: 'EAGAIN' });
  });

  it('cooked sockets have no header, and take only what comes in of their protocol', async () => {
    const { clock, a, b } = lan();
    const cooked = b.socket(AF_PACKET, SOCK_DGRAM, ETH_P_IP);
    const client = a.socket(AF_INET, SOCK_DGRAM);
    await client.sendto(Uint8Array.of(1, 2, 3), { address: '192.168.1.100', port: 7 });
    const { data, address } = await clock.run(cooked.recvfrom(2000));
    expect(data[0]).toBe(0x45);
    expect(address).toEqual({
      family: 'packet',
      address: '02:00:00:00:00:0a',
      ifindex: 2,
      ifname: 'eth0',
      protocol: ETH_P_IP,
      pktType: 0,
      hatype: 1,
    });
    await expect(cooked.recv(10, MSG_DONTWAIT)).rejects.toMatchObject({ code: 'EAGAIN' });
  });

  it('sends frames, its own or with a header made for it', async () => {
    const { clock, a, b } = lan();
    const receiver = b.socket(AF_PACKET, SOCK_RAW, 0x88b5);
    const raw = a.socket(AF_PACKET, SOCK_RAW, 0);
    const frame = Uint8Array.from([2, 0, 0, 0, 0, 0x64, 2, 0, 0, 0, 0, 0x0a, 0x88, 0xb5, 0xaa]);
    await raw.sendto(frame, { family: 'packet', ifname: 'eth0' });
    const got = await clock.run(receiver.recv(2000));
    expect([...got.subarray(0, 15)]).toEqual([...frame]);
    expect(got.length).toBe(60);
    const cooked = a.socket(AF_PACKET, SOCK_DGRAM, 0);
    await cooked.sendto(Uint8Array.of(0xbb), {
      family: 'packet',
      ifname: 'eth0',
      protocol: 0x88b5,
      address: '02:00:00:00:00:64',
    });
    expect([...(await clock.run(receiver.recv(2000))).subarray(0, 15)]).toEqual([
      ...frame.subarray(0, 14),
      0xbb,
    ]);
    await expect(raw.sendto(frame, { family: 'packet', ifname: 'eth9' })).rejects.toMatchObject({
      code: 'ENXIO',
    });
    await expect(
      raw.sendto(new Uint8Array(1600), { family: 'packet', ifname: 'eth0' }),
    ).rejects.toMatchObject({
      code: 'EMSGSIZE',
    });
  });

  it('drops and counts where its buffer is full', async () => {
    const { clock, a, b } = lan();
    const receiver = b.socket(AF_PACKET, SOCK_RAW, ETH_P_IP);
    receiver.setsockopt(1, 8, 2304); // SO_RCVBUF
    const client = a.socket(AF_INET, SOCK_DGRAM);
    for (let i = 0; i < 20; i++)
      await client.sendto(new Uint8Array(1000), { address: '192.168.1.100', port: 7 });
    await clock.runFor(1_000_000);
    expect(receiver.getsockopt(263, 6)).toEqual({ packets: 20, drops: expect.any(Number) });
    expect(b.drops.PACKET_SOCK_ERROR).toBeGreaterThan(10);
    await receiver.close();
    await client.close();
  });
});

import { AF_INET, SOCK_DGRAM, SOCK_STREAM } from '@stack/socket';
import { expect, it } from 'vitest';
import { bytes } from './support/bytes.ts';
import { KERNEL, OURS } from './support/lab.ts';
import { listening, output, run, start } from './support/programs.ts';
import { interop } from './support/suite.ts';

/** None, one, a full frame, one more, the most there is. */
const SIZES = [0, 1, 1472, 1473, 65_507];
const PORT = 7;

interop('a closed TCP port', ({ open }) => {
  it('of ours resets: curl says so', async () => {
    const { ns, host } = await open();
    const { status, stderr } = await run(ns, 'curl', ['-sSv', `http://${OURS}:81/`]);
    expect(status).toBe(7);
    expect(stderr).toContain('Connection refused');
    expect(host.nstat().TcpOutRsts).toBe(1);
  });

  it("of the kernel's is ECONNREFUSED", async () => {
    const { host } = await open();
    const socket = host.socket(AF_INET, SOCK_STREAM);
    await expect(socket.connect({ address: KERNEL, port: 81 })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      message: `connect ECONNREFUSED ${KERNEL}:81`,
    });
    await socket.close();
  });
});

interop('UDP', ({ open }) => {
  it('of a kernel program is echoed by us', async () => {
    const { ns, host } = await open();
    const socket = host.socket(AF_INET, SOCK_DGRAM);
    socket.bind({ port: PORT });
    const program = `
import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(30)
s.connect(("${OURS}", ${PORT}))
for size in ${JSON.stringify(SIZES)}:
    data = os.urandom(size)
    s.send(data)
    assert s.recv(65536) == data, size
print("done")
`;
    const python = output(ns, 'python3', ['-c', program]);
    for (const size of SIZES) {
      const { data, address } = await socket.recvfrom(0x1_0000);
      expect(data).toHaveLength(size);
      await socket.sendto(data, address as { address: string; port: number });
    }
    expect(await python).toBe('done\n');
    await socket.close();
  });

  it('of ours is echoed by a kernel program', async () => {
    const { ns, host } = await open();
    const program = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("${KERNEL}", ${PORT}))
while True:
    data, peer = s.recvfrom(65536)
    s.sendto(data, peer)
`;
    const python = start(ns, 'python3', ['-c', program]);
    await listening(ns, PORT, 'udp');
    const socket = host.socket(AF_INET, SOCK_DGRAM);
    await socket.connect({ address: KERNEL, port: PORT });
    for (const size of SIZES) {
      expect(await socket.send(bytes(size))).toBe(size);
      expect(Buffer.compare(await socket.recv(0x1_0000), bytes(size))).toBe(0);
    }
    await expect(socket.send(bytes(65_508))).rejects.toMatchObject({ code: 'EMSGSIZE' });
    await socket.close();
    python.kill();
    await python.ended;
  });

  it('to a closed port of ours is refused', async () => {
    const { ns, host } = await open();
    const program = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(30)
s.connect(("${OURS}", 81))
s.send(b"x")
try:
    s.recv(1)
except ConnectionRefusedError as e:
    print(e)
`;
    expect(await output(ns, 'python3', ['-c', program])).toBe('[Errno 111] Connection refused\n');
    expect(host.nstat().UdpNoPorts).toBe(1);
    expect(host.nstat().IcmpOutDestUnreachs).toBe(1);
  });

  it("to a closed port of the kernel's is ECONNREFUSED on a connected socket", async () => {
    const { host } = await open();
    const socket = host.socket(AF_INET, SOCK_DGRAM);
    await socket.connect({ address: KERNEL, port: 81 });
    await socket.send('x');
    await expect(socket.recv(1)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(host.nstat().IcmpInDestUnreachs).toBe(1);
    await socket.close();
  });
});

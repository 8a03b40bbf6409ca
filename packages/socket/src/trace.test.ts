import { describe, expect, it } from 'vitest';
import { bytes, type FakeDatagram, FakeKernel, FakeSignal, FakeStream, settle, start } from './fixture.ts';
import * as s from './index.ts';

/** A kernel whose calls are written down as strace would, with 3 µs in each call. */
function traced(options?: s.SocketsOptions) {
  const { kernel, sockets } = start(options);
  const lines: string[] = [];
  kernel.tracer = {
    enter: () => {
      kernel.time += 3;
    },
    exit: (call) => lines.push(s.formatSyscall(call, { time: false, ifname: (i) => kernel.ifname(i) })),
  };
  return { kernel, sockets, lines };
}

describe('traces', () => {
  it('of a client, as strace prints them', async () => {
    const { kernel, sockets, lines } = traced();
    const socket = sockets.socket(s.AF_INET, s.SOCK_STREAM, s.IPPROTO_TCP);
    const proto = kernel.made as FakeStream;
    const peer = new FakeStream();
    socket.setsockopt(s.SOL_TCP, s.TCP_NODELAY, true);
    const connecting = socket.connect({ address: '192.168.1.100', port: 8080 });
    await settle();
    kernel.time += 1000;
    proto.join(peer, '192.168.1.10', 40_000);
    proto.finishConnect();
    await connecting;
    await socket.sendall('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n');
    const answer = socket.recv(1024);
    await settle();
    kernel.time += 250;
    peer.peer = proto;
    peer.sent = [...bytes('HTTP/1.1 204 No Content\r\n\r\n')];
    peer.deliver();
    await answer;
    socket.shutdown(s.SHUT_WR);
    await socket.close();
    expect(lines).toEqual([
      'socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3 <0.000003>',
      'setsockopt(3, SOL_TCP, TCP_NODELAY, [1], 4) = 0 <0.000003>',
      'connect(3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("192.168.1.100")}, 16) = 0 <0.001003>',
      'sendto(3, "GET / HTTP/1.1\\r\\nHost: example.co"..., 37, 0, NULL, 0) = 37 <0.000003>',
      'recvfrom(3, "HTTP/1.1 204 No Content\\r\\n\\r\\n", 1024, 0, NULL, NULL) = 27 <0.000253>',
      'shutdown(3, SHUT_WR)                    = 0 <0.000003>',
      'close(3)                                = 0 <0.000003>',
    ]);
  });

  it('of a server, and of calls that fail', async () => {
    const { kernel, sockets, lines } = traced();
    const socket = sockets.socket(s.AF_INET, s.SOCK_STREAM | s.SOCK_NONBLOCK);
    const proto = kernel.made as FakeStream;
    socket.bind({ port: 80 });
    socket.listen(5);
    await socket.accept().catch(() => undefined);
    proto.offer();
    const child = await socket.accept();
    proto.offer();
    await socket.accept(s.SOCK_NONBLOCK);
    await child.recv(10, s.MSG_DONTWAIT).catch(() => undefined);
    await child.connect({ address: '10.0.0.1', port: 1 }).catch(() => undefined);
    expect(() => socket.getpeername()).toThrow();
    child.getpeername();
    expect(() => socket.ioctl(s.SIOCINQ)).toThrow();
    expect(child.ioctl(s.SIOCINQ)).toBe(0);
    expect(() => sockets.socket(99, 1)).toThrow();
    expect(() => socket.getsockopt(s.SOL_TCP, s.TCP_INFO)).toThrow();
    socket.getsockopt(s.SOL_SOCKET, s.SO_SNDTIMEO);
    await sockets.poll(
      [
        { socket, events: s.POLLIN },
        { socket: child, events: s.POLLOUT },
      ],
      5,
    );
    expect(lines.map((line) => line.replace(/ +(= .*) <.*>$/, ' $1'))).toEqual([
      'socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_IP) = 3',
      'bind(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
      'listen(3, 5) = 0',
      'accept(3, 0x7ffd00000000, [16]) = -1 EAGAIN (Resource temporarily unavailable)',
      'accept(3, {sa_family=AF_INET, sin_port=htons(40000), sin_addr=inet_addr("192.168.1.10")}, [16]) = 4',
      'accept4(3, {sa_family=AF_INET, sin_port=htons(40000), sin_addr=inet_addr("192.168.1.10")}, [16], SOCK_NONBLOCK) = 5',
      'recvfrom(4, 0x7ffd00000000, 10, MSG_DONTWAIT, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)',
      'connect(4, {sa_family=AF_INET, sin_port=htons(1), sin_addr=inet_addr("10.0.0.1")}, 16) = -1 EISCONN (Transport endpoint is already connected)',
      'getpeername(3, 0x7ffd00000000, [16]) = -1 ENOTCONN (Transport endpoint is not connected)',
      'getpeername(4, {sa_family=AF_INET, sin_port=htons(40000), sin_addr=inet_addr("192.168.1.10")}, [16]) = 0',
      'ioctl(3, FIONREAD, 0x7ffd00000000) = -1 EINVAL (Invalid argument)',
      'ioctl(4, FIONREAD, [0]) = 0',
      'socket(0x63 /* AF_??? */, SOCK_STREAM, 0) = -1 EAFNOSUPPORT (Address family not supported by protocol)',
      'getsockopt(3, SOL_TCP, TCP_INFO, 0x7ffd00000000, [4]) = -1 ENOPROTOOPT (Protocol not available)',
      'getsockopt(3, SOL_SOCKET, SO_SNDTIMEO_OLD, "\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0", [16]) = 0',
      'poll([{fd=3, events=POLLIN}, {fd=4, events=POLLOUT}], 2, 5) = 1 ([{fd=4, revents=POLLOUT}])',
    ]);
  });

  it('of messages: several buffers, control messages, a datagram that was cut', async () => {
    const { kernel, sockets, lines } = traced();
    const socket = sockets.socket(s.AF_INET, s.SOCK_DGRAM);
    const proto = kernel.made as FakeDatagram;
    const address = { address: '10.0.0.1', port: 53 };
    const control = [{ level: s.SOL_IP, type: s.IP_TTL, value: 3 }];
    await socket.sendmsg({ data: [bytes('ab'), bytes('c')], address, control });
    proto.push(bytes('0123456789'));
    proto.push(bytes('0123456789'));
    await socket.recvmsg({ buffers: [new Uint8Array(2), new Uint8Array(3)], flags: s.MSG_TRUNC });
    await socket.recvfrom(4);
    await socket.recvmsg({ length: 4, flags: s.MSG_DONTWAIT }).catch(() => undefined);
    expect(lines.slice(1).map((line) => line.replace(/ <.*>$/, ''))).toEqual([
      'sendmsg(3, {msg_name={sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.1")}, msg_namelen=16, msg_iov=[{iov_base="ab", iov_len=2}, {iov_base="c", iov_len=1}], msg_iovlen=2, msg_control=[{cmsg_len=20, cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=[3]}], msg_controllen=24, msg_flags=0}, 0) = 3',
      'recvmsg(3, {msg_name={sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.168.1.1")}, msg_namelen=16, msg_iov=[{iov_base="01", iov_len=2}, {iov_base="234", iov_len=3}], msg_iovlen=2, msg_controllen=0, msg_flags=MSG_TRUNC}, MSG_TRUNC) = 10',
      'recvfrom(3, "0123", 4, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.168.1.1")}, [16]) = 4',
      'recvmsg(3, {msg_namelen=16}, MSG_DONTWAIT) = -1 EAGAIN (Resource temporarily unavailable)',
    ]);
  });

  it('of calls that a signal interrupted', async () => {
    const { sockets, lines } = traced();
    const socket = sockets.socket(s.AF_INET, s.SOCK_DGRAM);
    const signal = new FakeSignal();
    const calls = [socket.recv(1, { signal }), sockets.poll([{ socket, events: s.POLLIN }], -1, signal)];
    await settle();
    signal.abort('x');
    await Promise.allSettled(calls);
    expect(lines.map((line) => line.replace(/ <.*>$/, '')).sort()).toEqual(
      [
        'poll([{fd=3, events=POLLIN}], 1, -1)    = ? ERESTART_RESTARTBLOCK (Interrupted by signal)',
        'recvfrom(3, 0x7ffd00000000, 1, 0, NULL, NULL) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)',
        'socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3',
      ].sort(),
    );
  });

  it('begin before the call does anything, tell the process, and keep a copy of few bytes', async () => {
    const kernel = new FakeKernel();
    const sockets = new s.Sockets(kernel, { pid: 99 });
    const seen: s.Syscall[] = [];
    const states: string[] = [];
    kernel.tracer = {
      snaplen: 3,
      enter: (call) => {
        states.push(`${call.name} ${sockets.size}`);
        seen.push(call);
      },
    };
    const socket = sockets.socket(s.AF_INET, s.SOCK_DGRAM);
    const data = bytes('secret');
    await socket.sendto(data, { address: '10.0.0.1', port: 1 });
    data.fill(0);
    expect(states).toEqual(['socket 0', 'sendto 1']);
    const sent = seen[1] as Extract<s.Syscall, { name: 'sendto' }>;
    expect(sent.pid).toBe(99);
    expect(sent.buffer).toEqual({ data: bytes('sec'), length: 6 });
    expect(sent.result).toBe(6);
  });
});

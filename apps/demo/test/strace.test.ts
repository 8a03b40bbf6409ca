import { beforeAll, describe, expect, it } from 'vitest';
import { demo, type Run } from './support.ts';

describe('--strace', () => {
  let run: Run;
  beforeAll(async () => {
    run = await demo('--strace');
  });

  it('prints what strace -f -tt -T -e trace=network does, and whether the bytes arrived', () => {
    const client = '{sa_family=AF_INET, sin_port=htons(PORT), sin_addr=inet_addr("192.168.1.10")}';
    const server = '{sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("192.168.1.100")}';
    const any = '{sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("0.0.0.0")}';
    const lines = run.lines.map((line) => line.replace(/htons\((?!8080)\d+\)/, 'htons(PORT)'));
    expect(lines).toEqual([
      '[pid  1001] 00:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3 <0.000000>',
      `[pid  1001] 00:00:00.000000 bind(3, ${any}, 16) = 0 <0.000000>`,
      '[pid  1001] 00:00:00.000000 listen(3, 16) = 0 <0.000000>',
      '[pid  1001] 00:00:00.000000 accept(3,  <unfinished ...>',
      '[pid  1002] 00:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3 <0.000000>',
      `[pid  1002] 00:00:00.000000 connect(3, ${server}, 16) = 0 <0.000204>`,
      '[pid  1002] 00:00:00.000204 sendto(3, "GET / HTTP/1.1\\r\\nHost: example.co"..., 37, 0, NULL, 0) = 37 <0.000000>',
      '[pid  1002] 00:00:00.000204 recvfrom(3,  <unfinished ...>',
      `[pid  1001] 00:00:00.000255 <... accept resumed>${client}, [16]) = 4 <0.000255>`,
      '[pid  1001] 00:00:00.000255 recvfrom(4, "GET / HTTP/1.1\\r\\nHost: example.co"..., 4096, 0, NULL, NULL) = 37 <0.000001>',
      '[pid  1001] 00:00:00.000256 sendto(4, "HTTP/1.1 200 OK\\r\\nContent-Length:"..., 56, 0, NULL, 0) = 56 <0.000000>',
      '[pid  1001] 00:00:00.000256 recvfrom(4,  <unfinished ...>',
      '[pid  1002] 00:00:00.000308 <... recvfrom resumed>"HTTP/1.1 200 OK\\r\\nContent-Length:"..., 4096, 0, NULL, NULL) = 56 <0.000104>',
      '[pid  1002] 00:00:00.000308 +++ exited with 0 +++',
      '[pid  1001] 00:00:00.000360 <... recvfrom resumed>"", 4096, 0, NULL, NULL) = 0 <0.000104>',
      '[pid  1001] 00:00:00.000360 +++ exited with 0 +++',
      '',
      'identical: 37 bytes, client to server',
      'identical: 56 bytes, server to client',
    ]);
  });

  it('cuts a send that waits, too', async () => {
    const { lines } = await demo('--strace', '--wmem', '4096');
    const sends = lines.filter((line) => line.startsWith('[pid  1002]') && line.includes('sendto'));
    expect(sends).toHaveLength(2);
    expect(sends[0]).toMatch(
      / sendto\(3, "POST \/ HTTP\/1\.1.*"\.\.\., \d+, 0, NULL, 0 <unfinished \.\.\.>$/,
    );
    expect(sends[1]).toMatch(/ <\.\.\. sendto resumed>\) += \d+ <0\.\d{6}>$/);
  });

  it('shows the errno of what fails', async () => {
    const { lines, code } = await demo('--strace', '--loss', '100%');
    expect(lines.join('\n')).toMatch(/connect\(3, .*\) = -1 EHOSTUNREACH \(No route to host\) <3\.000000>/);
    expect(lines.join('\n')).toMatch(/\+\+\+ exited with 1 \+\+\+/);
    expect(lines).toContain('client: connect EHOSTUNREACH 192.168.1.100:8080');
    expect(code).toBe(1);
  });
});

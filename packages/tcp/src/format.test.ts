import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as tcp from './index.ts';
import { formatFlags, formatOption } from './index.ts';

describe('format', () => {
  // What tcpdump 4.99 prints with -S -n, without addresses.
  it.each([
    [
      'tcp-handshake-nano.pcap, frame 1',
      'b64000502f842acb00000000a0026a4050c40000020405500402080a436a03620000000001030307',
      0,
      '46656 > 80: Flags [S], seq 797190859, win 27200, options [mss 1360,sackOK,TS val 1131021154 ecr 0,nop,wscale 7], length 0',
    ],
    [
      'print-flags.pcap, frame 4',
      'da7000503758897f377a8df280182000fef200000101080a4ddc92174ddc9216',
      202,
      '55920 > 80: Flags [P.], seq 928549247:928549449, ack 930778610, win 8192, options [nop,nop,TS val 1306300951 ecr 1306300950], length 202',
    ],
    [
      'ssh.pcap, frame 48',
      '0016f2c29257b836f352059ab0100154e1f300000101010101010101010101010101050af35205faf35205fb',
      0,
      `22 > 62146: Flags [.], ack 4082238874, win 340, options [${'nop,'.repeat(14)}sack 1 {4082238970:4082238971}], length 0`,
    ],
    [
      'tfo-5c1fa7f9ae91.pcap, frame 2',
      '32f732fe0d05af64000000007002057850a50000020405b4fe04f989',
      0,
      '13047 > 13054: Flags [S], seq 218476388, win 1400, options [mss 1460,exp-tfo cookiereq], length 0',
    ],
  ])('as tcpdump: %s', (_, text, length, line) => {
    expect(tcp.format(tcp.decode(hex(text)), length)).toBe(line);
  });

  it('leaves out what the header does not say', () => {
    const header = tcp.decode(hex('1f90 04d2 ffffffff 00000001 5018 01f6 0000 0000'));
    expect(tcp.format(header)).toBe('8080 > 1234: Flags [P.], seq 4294967295, ack 1, win 502');
    expect(tcp.format(header, 37)).toBe(
      '8080 > 1234: Flags [P.], seq 4294967295:36, ack 1, win 502, length 37',
    );
    expect(tcp.format({ ...header, flags: tcp.URG, urgPtr: 3 }, 0)).toBe(
      '8080 > 1234: Flags [U], win 502, urg 3, length 0',
    );
  });
});

describe('formatFlags', () => {
  it.each([
    [0, 'none'],
    [tcp.SYN, 'S'],
    [tcp.SYN | tcp.ACK, 'S.'],
    [tcp.FIN | tcp.ACK, 'F.'],
    [tcp.PSH | tcp.ACK, 'P.'],
    [tcp.RST, 'R'],
    [0x1ff, 'FSRP.UEWe'],
  ])('%d is %s', (flags, text) => {
    expect(formatFlags(flags)).toBe(text);
  });
});

describe('formatOption', () => {
  it.each<[tcp.Option, string]>([
    [{ kind: 0, padding: hex`00` }, 'eol'],
    [{ kind: 19, digest: hex`00112233445566778899aabbccddeeff` }, 'md5 00112233445566778899aabbccddeeff'],
    [{ kind: 28, granularity: 0, timeout: 90 }, 'uto 90s'],
    [{ kind: 28, granularity: 1, timeout: 2 }, 'uto 2m'],
    [{ kind: 29, keyId: 61, rNextKeyId: 84, mac: hex`2ee4` }, 'tcp-ao keyid 61 rnextkeyid 84 mac 0x2ee4'],
    [{ kind: 30, data: hex`0101` }, 'mptcp 4 0x0101'],
    [{ kind: 34, cookie: hex`` }, 'tfo cookiereq'],
    [{ kind: 34, cookie: hex`01020304` }, 'tfo cookie 01020304'],
    [{ kind: 172, counters: [1, 2, 3] }, 'accecn0 e0b 1 ceb 2 e1b 3'],
    [{ kind: 174, counters: [1, 2] }, 'accecn1 ceb 2 e1b 1'],
    [{ kind: 253, exid: 0xf989, data: hex`` }, 'exp-f989'],
    [{ kind: 254, exid: 0xf989, data: hex`0102` }, 'exp-tfo cookie 0102'],
    [{ kind: 254, exid: 0xacc0, data: hex`0102` }, 'exp-acc0 0x0102'],
    [{ kind: tcp.TCPOPT_RAW, code: 161, data: hex`` }, 'unknown-161'],
    [{ kind: tcp.TCPOPT_MALFORMED, data: hex`0200` }, '[bad opt] 0x0200'],
  ])('%o', (option, text) => {
    expect(formatOption(option)).toBe(text);
  });
});

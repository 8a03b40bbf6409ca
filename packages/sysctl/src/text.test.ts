/**
 * What Linux 6.18 does with each text, tried as root in a fresh network namespace: the text that is read afterwards, or the
 * errno of the write.
 */
import { describe, expect, it } from 'vitest';
import { isSysctlError, Sysctl } from './index.ts';

const WRITES: Record<string, [text: string, outcome: string][]> = {
  'net.ipv4.tcp_retries2': [
    ['1\n', '1'],
    [' 1', '1'],
    ['\t1 ', '1'],
    ['\n1', '1'],
    ['\v5', '5'],
    ['1 2', '1'],
    ['1\t2\t3\n', '1'],
    ['5 x', '5'],
    ['0x10', '16'],
    ['0X10', '16'],
    ['010', '8'],
    ['', '15'],
    ['08', 'EINVAL'],
    ['1a', 'EINVAL'],
    ['a', 'EINVAL'],
    ['\n', 'EINVAL'],
    [' ', 'EINVAL'],
    ['+1', 'EINVAL'],
    ['- 1', 'EINVAL'],
    ['1\0', 'EINVAL'],
    ['1.5', 'EINVAL'],
    ['1,2', 'EINVAL'],
    ['1;', 'EINVAL'],
    ['--1', 'EINVAL'],
    ['-0', 'EINVAL'],
    ['0x', 'EINVAL'],
    ['1e3', 'EINVAL'],
    ['1\r\n', 'EINVAL'],
    ['5\f', 'EINVAL'],
    ['256', 'EINVAL'],
    ['99999999999999999999', 'EINVAL'],
  ],
  'net.ipv4.tcp_fin_timeout': [
    ['-0', '0'],
    ['-0x1', '-1'],
    ['-1', '-1'],
  ],
  'net.ipv4.tcp_notsent_lowat': [
    ['-1', 'EINVAL'],
    ['4294967295', '4294967295'],
    ['4294967296', 'EINVAL'],
  ],
  'net.ipv4.tcp_wmem': [
    ['1 2 3', '1\t2\t3'],
    ['1 2 3 4', '1\t2\t3'],
    ['5000', '5000\t16384\t4194304'],
    ['5000 ', '5000\t16384\t4194304'],
    ['5000 \n', '5000\t16384\t4194304'],
    ['5000 6000', '5000\t6000\t4194304'],
    ['5000  6000', '5000\t6000\t4194304'],
    ['5000\t6000\t7000', '5000\t6000\t7000'],
    ['5000\n6000', '5000\t6000\t4194304'],
    ['0X10', '16\t16384\t4194304'],
    ['3 2 1', '3\t2\t1'],
    ['', '4096\t16384\t4194304'],
    ['\n', 'EINVAL'],
    ['-1 2 3', 'EINVAL'],
    ['1,2,3', 'EINVAL'],
    ['x', 'EINVAL'],
    ['5000\v6000', 'EINVAL'],
    ['000000000000000000001 2 3', 'EINVAL'],
    // Linux refuses these too, but has stored the numbers before the bad one.
    ['1 0 3', 'EINVAL'],
    ['1 x 3', 'EINVAL'],
    ['1 -', 'EINVAL'],
    ['1 2 2147483648', 'EINVAL'],
    ['5000 6000 7000x', 'EINVAL'],
  ],
  'net.ipv4.tcp_mem': [
    ['0 0 0', '0\t0\t0'],
    ['1 2', '1\t2\t196608'],
    ['3 2 1', '3\t2\t1'],
    ['-1 1 1', 'EINVAL'],
    ['5x', 'EINVAL'],
  ],
  'net.ipv4.ip_local_port_range': [
    ['1024 2000', '1024\t2000'],
    ['1024', '1024\t60999'],
    ['1024 1025 1026', '1024\t1025'],
    ['2000 2000', '2000\t2000'],
    ['1 2', 'EINVAL'],
    ['1023 2000', 'EINVAL'],
    ['3000 2000', 'EINVAL'],
    ['100', 'EINVAL'],
    ['61000', 'EINVAL'],
    ['1024 65536', 'EINVAL'],
    ['-1 5', 'EINVAL'],
    ['40000 50000x', 'EINVAL'],
  ],
  'net.ipv4.ip_unprivileged_port_start': [
    ['0', '0'],
    ['32768', '32768'],
    ['32769', 'EINVAL'],
    ['65535', 'EINVAL'],
  ],
  'net.ipv4.ipfrag_high_thresh': [
    ['3145728', '3145728'],
    ['3145727', 'EINVAL'],
  ],
  'net.ipv4.ipfrag_low_thresh': [
    ['4194304', '4194304'],
    ['4194305', 'EINVAL'],
  ],
  'net.ipv4.ip_local_reserved_ports': [
    ['', ''],
    ['\n', ''],
    ['\n\n', ''],
    ['1', '1'],
    ['1,2,3', '1-3'],
    ['2,1', '1-2'],
    ['1-5,3-9,10', '1-10'],
    ['8080,9148\n', '8080,9148'],
    ['0-65535', '0-65535'],
    ['1,', '1'],
    ['1,\n', '1'],
    ['1\n\n2', '1-2'],
    ['1,\n2', '1-2'],
    ['0x10-0x12', '16-18'],
    ['010', '8'],
    ['5-1', 'EINVAL'],
    ['65536', 'EINVAL'],
    ['65535-65536', 'EINVAL'],
    ['a', 'EINVAL'],
    ['1,x', 'EINVAL'],
    [',', 'EINVAL'],
    [',1', 'EINVAL'],
    ['1,,2', 'EINVAL'],
    ['1 2', 'EINVAL'],
    [' 1', 'EINVAL'],
    ['1\t', 'EINVAL'],
    ['1-', 'EINVAL'],
    ['-1', 'EINVAL'],
    ['1--2', 'EINVAL'],
    ['1-5-7', 'EINVAL'],
    ['1- 5', 'EINVAL'],
  ],
  'net.ipv4.tcp_congestion_control': [
    ['reno', 'reno'],
    ['reno\n', 'reno'],
    ['reno\nx', 'reno'],
    ['reno\0x', 'reno'],
    ['bbr', 'bbr'],
    ['', 'cubic'],
    ['nosuch', 'ENOENT'],
    [' reno', 'ENOENT'],
    ['reno ', 'ENOENT'],
    ['reno\t', 'ENOENT'],
    ['reno cubic', 'ENOENT'],
    ['r', 'ENOENT'],
    ['\n', 'ENOENT'],
  ],
  'net.ipv4.tcp_allowed_congestion_control': [
    ['reno', 'reno'],
    ['bbr reno', 'reno bbr'],
    ['cubic cubic', 'cubic'],
    ['reno bbr cubic\n', 'reno bbr cubic'],
    ['', 'reno cubic'],
    ['nosuch', 'ENOENT'],
    ['reno nosuch', 'ENOENT'],
    ['reno,bbr', 'ENOENT'],
  ],
  'net.ipv4.tcp_available_congestion_control': [
    ['reno', 'EACCES'],
    ['', 'EACCES'],
  ],
  'net.core.default_qdisc': [
    ['fq', 'fq'],
    ['fq\n', 'fq'],
    ['nosuch', 'ENOENT'],
    [' fq', 'ENOENT'],
    ['', 'pfifo_fast'],
  ],
};

describe.each(Object.entries(WRITES))('%s', (name, rows) => {
  it.each(rows)('%j: %j', (text, outcome) => {
    const sysctl = new Sysctl({
      congestionControl: () => ['reno', 'bbr', 'cubic'],
      qdisc: () => ['pfifo_fast', 'fq'],
    });
    const before = sysctl.read(name);
    let code: string | undefined;
    try {
      sysctl.write(name, text);
    } catch (error) {
      code = isSysctlError(error) ? error.code : String(error);
    }
    expect(code ?? sysctl.read(name)).toBe(code === undefined ? `${outcome}\n` : outcome);
    if (code !== undefined) expect(sysctl.read(name)).toBe(before);
  });
});

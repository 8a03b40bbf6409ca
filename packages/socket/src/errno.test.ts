import { describe, expect, it } from 'vitest';
import { ERRNO, errnoName, errnoNumber, errnoText, isErrno, isSocketError, SocketError } from './index.ts';

describe('errno', () => {
  it('has numbers and texts, each number once', () => {
    const numbers = Object.values(ERRNO).map(([number]) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(errnoNumber('ECONNREFUSED')).toBe(111);
    expect(errnoText('ECONNREFUSED')).toBe('Connection refused');
    expect(errnoName(-110)).toBe('ETIMEDOUT');
    expect(errnoName(11)).toBe('EAGAIN');
  });

  it('says no', () => {
    expect(errnoNumber('')).toBe(0);
    expect(errnoNumber('ENONSENSE')).toBe(5);
    expect(errnoText('toString')).toBe('Unknown error');
    expect(isErrno('toString')).toBe(false);
    expect(errnoName(0)).toBeUndefined();
    expect(errnoName(9999)).toBeUndefined();
  });
});

describe('SocketError', () => {
  it('has what Node’s has', () => {
    const error = new SocketError('connect', 'ECONNREFUSED', {
      address: '::1',
      family: 'IPv6',
      port: 8080,
      flowlabel: 0,
      scopeid: 0,
    });
    expect({ ...error }).toEqual({
      name: 'SocketError',
      code: 'ECONNREFUSED',
      errno: -111,
      syscall: 'connect',
      address: '::1',
      port: 8080,
    });
    expect(error.message).toBe('connect ECONNREFUSED ::1:8080');
    expect('address' in new SocketError('recv', 'EAGAIN')).toBe(false);
    expect(new SocketError('connect', 'EINVAL', { family: 'unspec' }).message).toBe('connect EINVAL');
    const device = {
      address: '',
      family: 'packet',
      ifindex: 2,
      ifname: 'eth0',
      protocol: 0,
      pktType: 0,
      hatype: 1,
    } as const;
    expect(new SocketError('bind', 'ENETDOWN', device).message).toBe('bind ENETDOWN eth0');
    expect(new SocketError('bind', 'ENETDOWN', { ...device, ifname: '' }).message).toBe('bind ENETDOWN 2');
  });

  it('is told by its name, from any copy of the package', () => {
    const error = new SocketError('recv', 'EAGAIN');
    expect(isSocketError(error)).toBe(true);
    expect(isSocketError(error, 'EAGAIN')).toBe(true);
    expect(isSocketError(error, 'EPIPE')).toBe(false);
    expect(
      isSocketError(Object.assign(new Error('x'), { name: 'SocketError', code: 'EPIPE' }), 'EPIPE'),
    ).toBe(true);
    for (const other of [
      undefined,
      null,
      {},
      new Error('x'),
      { name: 'SocketError', code: 'EPIPE' },
      Object.assign(new Error('x'), { name: 'SocketError' }),
    ]) {
      expect(isSocketError(other)).toBe(false);
    }
  });
});

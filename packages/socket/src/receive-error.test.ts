import { describe, expect, it } from 'vitest';
import { bytes } from './fixture.ts';
import {
  MSG_ERRQUEUE,
  MSG_TRUNC,
  type QueuedError,
  type ReceiveMessage,
  receiveError,
  type SocketAddress,
} from './index.ts';

const refused: QueuedError<number> = {
  errno: 'ECONNREFUSED',
  origin: 2,
  type: 3,
  code: 3,
  info: 0,
  data: 0,
  offender: 1,
  address: 2,
  port: 53,
  payload: bytes('query'),
};
const toAddress = (n: number, port: number): SocketAddress => ({
  address: `10.0.0.${n}`,
  family: 'IPv4',
  port,
});
const asked = (): ReceiveMessage => ({
  flags: MSG_ERRQUEUE,
  waits: false,
  wantsAddress: true,
  wantsControl: true,
  address: undefined,
  messageFlags: 0,
  control: [],
});

describe('receiveError', () => {
  it('tells what Linux tells: the packet, where it was going, and who complained', () => {
    const message = asked();
    const into = new Uint8Array(8);
    expect(receiveError(refused, toAddress, into, 1, 7, message)).toBe(5);
    expect(into).toEqual(bytes('\0query\0\0'));
    expect(message.address).toEqual({ address: '10.0.0.2', family: 'IPv4', port: 53 });
    expect(message.messageFlags).toBe(MSG_ERRQUEUE);
    expect(message.control).toEqual([
      {
        level: 0,
        type: 11,
        value: {
          errno: 'ECONNREFUSED',
          origin: 2,
          type: 3,
          code: 3,
          info: 0,
          data: 0,
          offender: { address: '10.0.0.1', family: 'IPv4', port: 0 },
        },
      },
    ]);
  });

  it('cuts what does not fit, and has no addresses where there are none', () => {
    const message = asked();
    const into = new Uint8Array(2);
    const done = { ...refused, errno: '', origin: 5, offender: undefined, address: undefined };
    expect(receiveError(done, toAddress, into, 0, 2, message, [], 41, 25)).toBe(2);
    expect(into).toEqual(bytes('qu'));
    expect(message.messageFlags).toBe(MSG_ERRQUEUE | MSG_TRUNC);
    expect(message.address).toBeUndefined();
    expect(message.control[0]).toMatchObject({
      level: 41,
      type: 25,
      value: { errno: '', offender: undefined },
    });
  });

  it('is EAGAIN for an empty queue', () => {
    expect(receiveError(undefined, toAddress, new Uint8Array(1), 0, 1, asked())).toBe('EAGAIN');
  });
});

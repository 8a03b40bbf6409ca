/** What is said where the system says no. */
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Libc } from './libc.ts';
import { openTunDevice, type TunRequest } from './tun.ts';

const isPossible = process.getuid?.() === 0 && existsSync('/dev/net/tun');
const fds = () => readdirSync('/proc/self/fd').length;
const request: TunRequest = { type: 'ether', name: 'tap7', offloads: true };

/** A C library whose calls fail with `errno`, from the call number `from` on. */
function failing(errno: number, from = 0): Libc {
  let calls = 0;
  const call = () => (calls++ < from ? 0 : -1);
  return { ioctl: call, ioctlValue: call, errno: () => errno } as unknown as Libc;
}

describe('openTunDevice', () => {
  it.skipIf(process.platform !== 'linux')('says how to get the driver', () => {
    expect(() => openTunDevice(failing(1), request, '/dev/net/none')).toThrow(
      expect.objectContaining({
        name: 'TapError',
        code: 'ENOENT',
        message:
          '/dev/net/none is missing: load the driver with modprobe tun; a container needs --device /dev/net/none',
      }),
    );
  });

  it.skipIf(!isPossible && process.env.CI !== 'true').each([
    [
      1,
      0,
      'EPERM',
      'no permission for tap interface tap7: it takes CAP_NET_ADMIN, as root has, or one made beforehand with ip tuntap add NAME mode tap user $USER',
    ],
    [16, 0, 'EBUSY', 'tap interface tap7 is in use: another program has it open'],
    [22, 0, 'EINVAL', 'tap interface tap7 exists and is of another kind, or its name is not a legal one'],
    [105, 0, 'ENOBUFS', 'cannot make tap interface tap7: ENOBUFS'],
    [22, 1, 'EINVAL', 'tap7: this kernel has no offloads for it (EINVAL): use { offloads: false }'],
    [22, 2, 'EINVAL', 'tap7: this kernel has no offloads for it (EINVAL): use { offloads: false }'],
  ])('says what errno %d of call %d means', (errno, from, code, message) => {
    const before = fds();
    expect(() => openTunDevice(failing(errno, from), request)).toThrow(
      expect.objectContaining({ name: 'TapError', code, message }),
    );
    expect(fds()).toBe(before);
  });
});

/**
 * Timestamps as control messages, of receives and of the error queue (Linux `__sock_recv_timestamp`).
 * @module
 */
import { formatAddress } from '@stack/ipv4';
import type { ExtendedError, Sock } from '@stack/skbuff/sock';
import {
  type ControlMessage,
  IP_PKTINFO,
  type PacketInfo,
  SCM_TIMESTAMPING,
  SO_TIMESTAMP,
  SO_TIMESTAMPNS,
  SOF_TIMESTAMPING_RX_SOFTWARE,
  SOF_TIMESTAMPING_SOFTWARE,
  SOL_IP,
  SOL_SOCKET,
  type Timespec,
} from '@stack/socket';

const NO_TIME: Timespec = { sec: 0, nsec: 0 };

/** What a socket asked to be told of the time of a packet it received; `tstamp`: µs, 0 = not known. */
export function addReceiveTimes(control: ControlMessage[], sk: Sock, tstamp: number): void {
  if (tstamp !== 0) addTimes(control, sk, tstamp, SOF_TIMESTAMPING_RX_SOFTWARE);
}

/** What stands in front of the details of an entry of the error queue. `pktinfo`: the socket has IP_PKTINFO. */
export function errorControl(sk: Sock, error: ExtendedError | undefined, pktinfo: boolean): ControlMessage[] {
  const control: ControlMessage[] = [];
  if (error === undefined) return control;
  const { tstamp = 0, ifindex = 0, offender, address } = error;
  if (tstamp !== 0) addTimes(control, sk, tstamp, 0);
  if (ifindex !== 0 && pktinfo) {
    const value: PacketInfo = {
      ifindex,
      specDst: formatAddress(offender as number),
      addr: formatAddress(address as number),
    };
    control.push({ level: SOL_IP, type: IP_PKTINFO, value });
  }
  return control;
}

/** `made`: the flag without which SO_TIMESTAMPING tells nothing, besides SOF_TIMESTAMPING_SOFTWARE. */
function addTimes(control: ControlMessage[], sk: Sock, tstamp: number, made: number): void {
  const sec = Math.floor(tstamp / 1_000_000);
  const usec = tstamp % 1_000_000;
  const time: Timespec = { sec, nsec: usec * 1000 };
  if (sk.timestamp === SO_TIMESTAMP) {
    control.push({ level: SOL_SOCKET, type: SO_TIMESTAMP, value: { sec, usec } });
  } else if (sk.timestamp === SO_TIMESTAMPNS) {
    control.push({ level: SOL_SOCKET, type: SO_TIMESTAMPNS, value: time });
  }
  const needed = SOF_TIMESTAMPING_SOFTWARE | made;
  if (sk.timestamping === undefined || (sk.timestamping.flags & needed) !== needed) return;
  control.push({ level: SOL_SOCKET, type: SCM_TIMESTAMPING, value: [time, NO_TIME, NO_TIME] });
}
